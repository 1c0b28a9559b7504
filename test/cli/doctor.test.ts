/** What is found at nodes, what it means, and what to do about it. */

import { describe, expect, test } from 'vitest';
import { type ExaminedTwice, findingsOf, type NodeFinding } from '../../src/cli/doctor/findings.ts';
import type { Examination } from '../../src/services/examination/examination.ts';
import { freePorts } from '../fixtures/ports.ts';
import { until } from '../fixtures/until.ts';
import { createNodeLab } from '../services/kv-nodes.ts';
import { quorate } from './commands.ts';

const gibibyte = 2 ** 30;
const examination = (id: string, changed: Partial<Examination> = {}): Examination => ({
  id,
  version: '1.2.3',
  runtime: 'v22.1.0',
  clock: { timeOfDayMs: 1_000_000, monotonicMs: 5_000 },
  disk: { writeMs: [0.5, 1, 2], freeBytes: 20 * gibibyte, usedBytes: gibibyte },
  files: { open: 30, limit: 65_536 },
  memory: {
    ...{ residentBytes: gibibyte, heapBytes: gibibyte / 4, heapLimitBytes: gibibyte },
    ...{ machineBytes: 8 * gibibyte, machineFreeBytes: 4 * gibibyte },
  },
  journal: { notices: [], unflushedBytes: 0 },
  peers: ['n1', 'n2'].flatMap((node) => (node === id ? [] : [{ node, status: 'connected' }])),
  ...changed,
});
/** Two looks that are ten seconds apart, at a clock that goes as ours but for `thereMs`. */
const twice = (it: Examination, { thereMs = 0, uncertaintyMs = 1 } = {}): ExaminedTwice => {
  const { timeOfDayMs, monotonicMs } = it.clock;
  return {
    first: { examination: it, hereMs: 100, hereTimeOfDayMs: 1_000_000, uncertaintyMs },
    last: {
      examination: { ...it, clock: { timeOfDayMs: timeOfDayMs + 10_000, monotonicMs: monotonicMs + 10_000 + thereMs } },
      hereMs: 10_100,
      hereTimeOfDayMs: 1_010_000,
      uncertaintyMs,
    },
  };
};
const nothing = { nodes: [], alarms: [] };
const found = (changed: Partial<Examination>, looks?: Parameters<typeof twice>[1]): readonly NodeFinding[] =>
  findingsOf(
    nothing,
    new Map([
      ['n1', twice(examination('n1', changed), looks)],
      ['n2', twice(examination('n2'))],
    ]),
  ).filter(({ level }) => level !== 'ok');

describe('the doctor', () => {
  test('has nothing to say against nodes that are well', () => {
    expect(found({})).toEqual([]);
  });

  const { memory, disk } = examination('n1');
  test.each<[string, Partial<Examination>, Partial<NodeFinding>]>([
    ['a full disk', { disk: { ...disk, freeBytes: 1_000 } }, { level: 'error', subject: 'disk room' }],
    [
      'less room than another snapshot takes',
      { disk: { ...disk, usedBytes: 30 * gibibyte } },
      { level: 'error', subject: 'disk room' },
    ],
    ['a slow disk', { disk: { ...disk, writeMs: [20, 30, 40] } }, { level: 'warning', subject: 'disk latency' }],
    ['a disk that stalls', { disk: { ...disk, writeMs: [1, 1, 900] } }, { level: 'error', subject: 'disk latency' }],
    ['few files', { files: { open: 30, limit: 1_024 } }, { level: 'warning', subject: 'open files' }],
    ['no more files', { files: { open: 60_000, limit: 65_536 } }, { level: 'error', subject: 'open files' }],
    ['a full heap', { memory: { ...memory, heapBytes: gibibyte } }, { level: 'error', subject: 'heap' }],
    ['a full machine', { memory: { ...memory, machineFreeBytes: 1 } }, { level: 'warning', subject: 'memory' }],
    [
      'a torn journal',
      { journal: { notices: [{ kind: 'torn-end', detail: 'cut' }], unflushedBytes: 0 } },
      { level: 'warning', subject: 'journal' },
    ],
    [
      'a journal that waits',
      { journal: { notices: [], unflushedBytes: gibibyte } },
      { level: 'error', subject: 'journal' },
    ],
    [
      'a closed port',
      { peers: [{ node: 'n2', status: 'disconnected', reason: 'refused' }] },
      { level: 'error', subject: 'ports' },
    ],
    ['a peer it never heard of', { peers: [] }, { level: 'error', subject: 'ports' }],
    [
      'another time of day',
      { clock: { timeOfDayMs: 1_004_000, monotonicMs: 0 } },
      { level: 'warning', subject: 'time of day' },
    ],
  ])('tells of %s, at its node', (_, changed, expected) => {
    expect(found(changed)).toEqual([expect.objectContaining({ of: 'n1', ...expected })]);
  });

  test('tells of a clock that drifts by more than is not known of it', () => {
    expect(found({}, { thereMs: 100 })).toEqual([
      expect.objectContaining({ of: 'n1', level: 'error', subject: 'clock drift' }),
    ]);
    expect(found({}, { thereMs: 100, uncertaintyMs: 60 })).toEqual([]);
  });

  test('tells of releases side by side, and of what status is alarmed about', () => {
    expect(found({ version: '1.2.4', runtime: 'v24.0.0' }).map(({ of, subject }) => `${of} ${subject}`)).toEqual([
      'cluster version',
      'cluster Node.js',
    ]);
    const alarm = { node: 'n2', code: 'NO_LEADER', message: 'none' };
    expect(findingsOf({ nodes: [], alarms: [alarm] }, new Map())).toEqual([
      { of: 'n2', level: 'error', subject: 'NO_LEADER', message: 'none' },
    ]);
  });
});

test('nodes that run are looked at, and one that is away is an error', async () => {
  const lab = await createNodeLab();
  const [gone = 0] = await freePorts(1);
  const nodes = await Promise.all(['n1', 'n2', 'n3'].map((id) => lab.start(id)));
  const leader = await lab.leader();
  await until('all to know the leader', () => nodes.every(({ store }) => store.status().leader === leader.node.id));
  const asked = nodes.flatMap(({ httpUrl = '' }) => ['--node', httpUrl.slice('http://'.length)]);
  const { code, stdout } = await quorate('doctor', ...asked, '--node', `127.0.0.1:${gone}`, '--seconds', '1', '--json');
  const findings: readonly NodeFinding[] = JSON.parse(stdout).findings;
  expect(code).toBe(1);
  for (const id of ['n1', 'n2', 'n3']) {
    const subjects = new Set(findings.filter(({ of }) => of === id).map(({ subject }) => subject));
    const all = ['time of day', 'clock drift', 'disk latency', 'disk room', 'heap', 'memory', 'journal', 'ports'];
    expect(all.filter((it) => !subjects.has(it))).toEqual([]);
  }
  expect(findings.filter(({ subject }) => subject === 'ports').map(({ message }) => message)).toContain(
    'connected with n2',
  );
  expect(findings).toContainEqual(expect.objectContaining({ subject: 'NODE_UNREACHABLE', of: `127.0.0.1:${gone}` }));
  const told = await quorate('doctor', ...asked, '--seconds', '1');
  expect(told.stdout).toMatch(/^\S+ +n1: time of day: /);
});
