import { expect, test } from 'vitest';
import type { Shown } from '../../src/dashboard/feed.ts';
import { followersOf, logStanding } from '../../src/dashboard/model/log-standing.ts';
import type { ActorNow } from '../../src/dashboard/model/moment.ts';
import { nodeStandings } from '../../src/dashboard/model/node-standing.ts';
import { Timeline } from '../../src/dashboard/model/timeline.ts';
import { head } from './feeds.ts';
import { historyOf, momentsOf } from './standing.ts';

const actorOf = (chart: string, context: object): ActorNow => {
  const actor = { actor: `n1/${chart}/kv`, chart, value: 'follower', role: 'follower', context } as const;
  return { ...actor, node: 'n1', bornMs: 0, roleSinceMs: 0, sends: [] };
};

test.each([
  [
    'raft.server',
    { term: 3, log: { lastIndex: 9 }, commitIndex: 8, leader: 'n2/raft.server/kv' },
    { numbering: 'term', number: '3', lastIndex: 9, commitIndex: 8, leader: 'n2' },
  ],
  [
    'paxos.server',
    { promised: { round: 4, proposer: 'n3/paxos.server/kv' }, slots: { lastIndex: 7 }, commitIndex: 6, leader: null },
    { numbering: 'ballot', number: '4.n3', lastIndex: 7, commitIndex: 6, leader: undefined },
  ],
  [
    'primary-backup.replica',
    { configuration: { epoch: 2, primary: 'n1/primary-backup.replica/kv' }, log: { lastIndex: 5 }, commitIndex: 5 },
    { numbering: 'epoch', number: '2', lastIndex: 5, commitIndex: 5, leader: 'n1' },
  ],
])('a %s says what it has promised, how far its log goes, and who leads', (chart, context, standing) => {
  expect(logStanding(actorOf(chart, context))).toMatchObject(standing);
});

test('a context that is cut, or of another kind, leaves out what it does not say', () => {
  expect(logStanding(actorOf('raft.server', { log: '…', commitIndex: '8' }))).toMatchObject({
    number: '',
    lastIndex: 0,
    commitIndex: 0,
    leader: undefined,
  });
  expect(logStanding(actorOf('2pc.coordinator', { term: 3 }))).toBeUndefined();
});

test('a leader says how far each follower has confirmed its log', () => {
  const followers = [
    { server: 'n2/raft.server/kv', match: 4 },
    { server: 'n3/raft.server/kv', match: 6 },
    { server: 'n4' },
  ];
  expect(followersOf(actorOf('raft.server', { leadership: { followers } }))).toEqual([
    { node: 'n2', match: 4 },
    { node: 'n3', match: 6 },
  ]);
  expect(followersOf(actorOf('raft.server', { leadership: null }))).toEqual([]);
});

test('the replica says more of a node than the log that keeps its configuration', () => {
  const shown = (chart: string, role: string, context: object): Shown => ({
    type: 'actor',
    node: 'n1',
    atMs: 0,
    ...{ actor: `n1/${chart}/kv`, chart, value: role, role, context },
  });
  const timeline = new Timeline();
  timeline.add([
    head,
    shown('raft.server', 'follower', { term: 7 }),
    shown('primary-backup.replica', 'primary', { configuration: { epoch: 2 } }),
  ]);
  const [n1] = nodeStandings(timeline.at(timeline.end));
  expect([n1?.role, n1?.log?.numbering, n1?.log?.number]).toEqual(['primary', 'epoch', '2']);
});

test.each([
  ['raft', 'leader', 'term'],
  ['paxos', 'leader', 'ballot'],
  ['primary-backup', 'primary', 'epoch'],
])('of a run of %s, every server agrees in the end with the %s and its %s', async (name, leads, numbering) => {
  const timeline = await historyOf(name, 3);
  let commitIndex = 0;
  for (const { moment } of momentsOf(timeline)) {
    for (const { log } of nodeStandings(moment)) {
      if (log !== undefined) expect(log.commitIndex).toBeLessThanOrEqual(log.lastIndex);
      commitIndex = Math.max(commitIndex, log?.commitIndex ?? 0);
    }
  }
  expect(commitIndex).toBeGreaterThan(3);
  const standings = nodeStandings(timeline.at(timeline.end));
  const leader = standings.find(({ role }) => role === leads);
  for (const { log } of standings) {
    expect(log).toMatchObject({ numbering, number: leader?.log?.number, leader: leader?.name });
    expect(log?.number).not.toBe('');
  }
});
