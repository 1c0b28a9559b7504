/**
 * `npm run torture [-- --protocol primary-backup] [--mode async]`: the runner knows no options of ours, so they reach the test
 * as its environment. Without a mode, a protocol that has several is tortured in each.
 */

import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { protocol: { type: 'string', default: 'raft' }, mode: { type: 'string' } },
});
const { status } = spawnSync(
  'npx',
  ['vitest', 'run', '--config', 'test/torture/vitest.config.ts', 'processes.torture.ts'],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      TORTURE_PROTOCOL: values.protocol,
      ...(values.mode === undefined ? {} : { TORTURE_MODE: values.mode }),
    },
  },
);
process.exitCode = status ?? 1;
