import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { picture } from '../../examples/failover-picture.ts';
import type { Topology } from '../../statecharts/failover.ts';
import { hasRedis } from '../fixtures/redis.ts';

const topology = (primary: string | null, standbys: readonly string[], inSync: readonly string[]): Topology => {
  const place = (server: string) => ({ server, host: '127.0.0.1', port: 1 });
  return {
    group: 'orders',
    revision: 1,
    mark: null,
    mode: 'durable',
    confirmations: 1,
    primary: primary === null ? null : place(primary),
    inSync: [...inSync],
    standbys: standbys.map((server) => ({ ...place(server), lagBytes: null })),
  };
};

test('the picture shows who is what, and how much is written, slot by slot', () => {
  const slots = [
    { topology: topology('r1', ['r2', 'r3'], ['r2', 'r3']), writes: 800 },
    { topology: topology(null, ['r2', 'r3'], ['r2', 'r3']), writes: 0 },
    { topology: topology('r2', ['r3', 'r1'], ['r3']), writes: 100 },
    { topology: undefined, writes: 400 },
  ];
  expect(picture(['r1', 'r2', 'r3'], slots)).toEqual(['r1      P.-.', 'r2      ssP.', 'r3      sss.', 'writes  █·▁▄']);
});

test.skipIf(!hasRedis)(
  'the example kills a primary, and finds every acknowledged write at the next one',
  async () => {
    const example = join(import.meta.dirname, '..', '..', 'dist', 'examples', 'failover.js');
    const { stdout } = await promisify(execFile)(process.execPath, [example, '--kills', '1', '--every-ms', '3000']);

    expect(stdout).toMatch(/^r1 +P+/m);
    expect(stdout).toMatch(/^r[23] +[-s.]+P+/m);
    expect(stdout).toMatch(/^1 primaries killed; no write for \d+ ms at most\.$/m);
    expect(stdout).toMatch(/^[1-9]\d* writes acknowledged, 0 of them lost\.$/m);
  },
  600_000,
);
