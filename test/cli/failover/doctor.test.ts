/** The doctor of a group: what it finds at managers and servers, and what that means for the next failover. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { FailoverStatus } from '../../../src/services/failover/status.ts';
import { foundingStanding, type Standing } from '../../../statecharts/failover.ts';
import { serving } from '../../fixtures/http.ts';
import { freePort } from '../../fixtures/ports.ts';
import { quorate } from '../commands.ts';

/** A manager that tells this of its group. */
const manager = (status: () => FailoverStatus): Promise<string> =>
  serving((_request, response) => response.end(JSON.stringify(status())));

const member = (server: string) => ({ server, incarnation: '1' });
const reigning: Standing = {
  ...foundingStanding({ mode: 'durable' }),
  revision: 9,
  term: 2,
  manager: 'm1',
  phase: 'monitoring',
  epoch: 3,
  version: 2,
  primary: member('r1'),
  inSync: [member('r2'), member('r3')],
};
const statusOf = (standing: Partial<Standing>, change: Partial<FailoverStatus> = {}): FailoverStatus => ({
  group: 'orders',
  id: 'm1',
  pid: 1,
  role: 'monitoring',
  registerLeader: 'm1',
  alarms: [],
  obstacle: null,
  servers: [],
  standing: { ...reigning, ...standing },
  uptimeMs: 1,
  ...change,
});

/** What the doctor says of a group with these managers, `undefined` for one that does not run, whose servers say so. */
async function examined(managers: readonly (FailoverStatus | undefined)[], printed: object = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-doctor-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const status = {
    role: 'standby',
    incarnation: '1',
    position: { history: 'h', offset: 7 },
    follows: 'r1',
    isLinked: true,
    mark: { epoch: 3, version: 2 },
    confirmed: {},
    term: 2,
    ...printed,
  };
  const command = [process.execPath, '--eval', `console.log(${JSON.stringify(JSON.stringify(status))})`];
  const config = {
    group: 'orders',
    kind: 'script',
    secretFile: './secret',
    managers: Object.fromEntries(
      await Promise.all(
        managers.map(async (it, at) => {
          const http = it === undefined ? `127.0.0.1:${await freePort()}` : await manager(() => it);
          return [`m${at + 1}`, { listen: `127.0.0.1:${at + 1}`, http, data: `./m${at + 1}` }];
        }),
      ),
    ),
    servers: {
      r1: { address: '127.0.0.1:11', command },
      r2: { address: '127.0.0.1:12', command },
      r3: { address: '127.0.0.1:13', command: ['/no/such/program'] },
    },
  };
  const file = join(directory, 'orders.json');
  writeFileSync(file, JSON.stringify(config));
  await quorate('secret', 'new', '--secret-file', join(directory, 'secret'));
  const json = await quorate('failover', 'doctor', '--config', file, '--json');
  const found: { of: string; level: string; subject: string; message: string }[] = JSON.parse(json.stdout).findings;
  return { file, code: json.code, lines: found.map((it) => `${it.level} ${it.of}: ${it.subject}: ${it.message}`) };
}

test('a group that is well is, and a server that does not answer takes no part', async () => {
  const { code, lines, file } = await examined([statusOf({}), statusOf({}, { id: 'm2', role: 'waiting' }), undefined]);
  expect(code).toBe(0);
  expect(lines).toEqual([
    'ok m1: manager: answers, monitoring',
    'ok m2: manager: answers, waiting',
    'warning m3: manager: does not answer; start it',
    'ok r1: stands: standby of r1, at h/7, marked epoch 3 version 2',
    'ok r2: stands: standby of r1, at h/7, marked epoch 3 version 2',
    expect.stringMatching(/^warning r3: reach: .*ENOENT.*; it takes no part in a failover until it answers$/),
    'ok orders: primary: r1, in phase monitoring',
  ]);
  const { stdout } = await quorate('failover', 'doctor', '--config', file);
  expect(stdout).toMatch(/^ok {6}m1: manager: answers, monitoring\n/);
  expect(stdout).toContain('\nwarning r3: reach: ');
});

test('without a majority of managers no failover can begin, and it ends with 1', async () => {
  const { code, lines } = await examined([statusOf({}), undefined, undefined]);
  expect(code).toBe(1);
  expect(lines).toContain(
    'error managers: majority: 1 of 3 answer, which is no majority: no failover can begin; start more of them',
  );
});

test.each<[string, FailoverStatus, number, RegExp]>([
  [
    'no primary',
    statusOf({ phase: 'degraded', primary: null }),
    1,
    /^error orders: primary: there is none, in phase degraded/,
  ],
  ['too few in sync', statusOf({ inSync: [] }), 1, /^error orders: in sync: 0, and each write waits for 1/],
  [
    'just as many in sync as are waited for',
    statusOf({ inSync: [member('r2')] }),
    0,
    /^warning orders: in sync: 1, just as many/,
  ],
  [
    'maintenance',
    statusOf({ maintenance: true, phase: 'manual' }),
    0,
    /^warning orders: maintenance: no failover begins/,
  ],
  ['flapping', statusOf({ reason: 'flapping', phase: 'manual' }), 0, /^warning orders: maintenance: .* or resume$/],
  ['an alarm', statusOf({}, { alarms: ['too-few-standbys'] }), 1, /^error orders: alarm: too-few-standbys$/],
  [
    'a founding that would discard data',
    statusOf(
      { phase: 'founding', primary: null },
      { role: 'founding', obstacle: { why: 'would-discard', servers: ['r2'] } },
    ),
    1,
    /^error orders: founding: r2 hold data that the first primary lacks .*"discardOthers": true/,
  ],
  [
    'a founding that waits for servers',
    statusOf(
      { phase: 'founding', primary: null },
      { role: 'founding', obstacle: { why: 'not-seen', servers: ['r3'] } },
    ),
    1,
    /^error orders: founding: waits for r3,/,
  ],
  [
    'a server that does not do what it is asked',
    statusOf(
      {},
      {
        servers: [
          {
            server: 'r2',
            address: '127.0.0.1:12',
            opinion: 'trusted',
            role: 'failed',
            isPrimary: false,
            isInSync: true,
            position: null,
            lagBytes: null,
            isFailing: true,
          },
        ],
      },
    ),
    0,
    /^warning r2: operations: does not do what its manager asks; look at the log of m1$/,
  ],
])('%s is found', async (_what, status, code, line) => {
  const found = await examined([status]);
  expect(found.lines).toContainEqual(expect.stringMatching(line));
  expect(found.code).toBe(code);
});

test('a server that tells no status does not pass for one that stands', async () => {
  const { lines } = await examined([statusOf({})], { role: 'leader' });
  expect(lines).toContainEqual(
    expect.stringMatching(/^warning r1: reach: expected the script of 'r1' to print a status/),
  );
});
