import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { hasNats } from '../fixtures/nats.ts';
import { dist } from '../fixtures/processes.ts';

test.skipIf(!hasNats)(
  'three machines over NATS keep all that was written, though the leader and the server are killed',
  async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [join(dist, 'examples', 'nats.js')]);
    expect(stdout).toMatch(/Killed n[123]\n {2}200 numbers/);
    expect(stdout).toMatch(/Killed the NATS server, and started it again\n {2}300 numbers/);
    expect(stdout).toContain('300 of 300 numbers are there.');
  },
  600_000,
);
