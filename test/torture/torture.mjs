/** `npm run torture [-- --protocol paxos]`: the runner knows no options of ours, so they reach the test as its environment. */

import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { protocol: { type: 'string', default: 'raft' } } });
const { status } = spawnSync('npx', ['vitest', 'run', '--config', 'test/torture/vitest.config.ts'], {
  stdio: 'inherit',
  env: { ...process.env, TORTURE_PROTOCOL: values.protocol },
});
process.exitCode = status ?? 1;
