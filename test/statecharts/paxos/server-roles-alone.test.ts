import { expect, test } from 'vitest';
import { type Birth, defineActor } from '../../../statecharts/actor.ts';
import { candidateAlone } from '../../../statecharts/paxos/log/candidate.ts';
import type { ServerContext } from '../../../statecharts/paxos/log/context.ts';
import { followerAlone } from '../../../statecharts/paxos/log/follower.ts';
import { leaderAlone } from '../../../statecharts/paxos/log/leader.ts';
import { messages, own, requests } from '../../../statecharts/paxos/log/messages.ts';
import { delays } from '../../../statecharts/paxos/log/vocabulary.ts';
import { paxosServer } from '../../../statecharts/paxos/server.ts';
import { at, contextWith, leaderWith, n1, n2, n3, promiseOf } from './server-bench.ts';

const shared = {
  messages,
  own,
  requests,
  hearsUnreachable: true,
  performs: true,
  delays,
  input: (_: undefined, { input }: Birth<ServerContext>) => input,
};
const follower = defineActor({ name: 'paxos.follower', chart: followerAlone, ...shared });
const candidate = defineActor({ name: 'paxos.candidate', chart: candidateAlone, ...shared });
const leader = defineActor({ name: 'paxos.leader', chart: leaderAlone, ...shared });

const heard = [n2, n3].map((server) => ({ server, isLed: false, beats: 0 }));

test('a follower by itself ends when it stands for election', () => {
  const led = { follower: { beats: 'waiting', listening: 'led' } } as const;
  const { snapshot, effects } = follower.step(follower.at(led, contextWith({ heard })), { timer: 'electionRound' });
  expect([snapshot.value, snapshot.status, effects]).toEqual(['candidate', 'done', []]);
});

test('a candidate by itself ends as a leader, or as a follower', () => {
  const phase1 = {
    promises: [n1, n2, n3].map((server) => ({ server, next: 2, isWhole: server === n1, committed: 1, heard: false })),
    found: contextWith().slots,
    isAdvancing: false,
  };
  const standing = { candidate: { asking: 'waiting', patience: 'watching' } } as const;
  const state = candidate.at(standing, contextWith({ promised: at(1, n1), phase1 }));
  expect(candidate.step(state, promiseOf(n2, at(1, n1))).snapshot.value).toBe('leader');
  const prepare = { type: 'prepare', from: n3, ballot: at(2, n3), index: 2 } as const;
  expect(candidate.step(state, prepare).snapshot.value).toBe('follower');
  expect(candidate.step(state, { timer: 'electionRound' }).snapshot.value).toBe('alone');
});

test('a leader by itself ends as a follower', () => {
  const office = { leader: { heartbeats: 'waiting', quorum: 'watching', members: 'settled' } } as const;
  const state = leader.at(office, leaderWith().snapshot.context);
  const prepare = { type: 'prepare', from: n3, ballot: at(2, n3), index: 2 } as const;
  expect(leader.step(state, prepare).snapshot.value).toBe('follower');
});

test('all messages of a server are checked as they come off the wire', () => {
  const ballot = at(2);
  const accept = { type: 'accept', ballot, index: 2, committed: 1, round: 1 };
  const entry = { index: 2, kind: 'noop' };
  expect(paxosServer.parseMessage({ ...accept, entries: [entry] } as never)).toMatchObject({ type: 'accept' });
  const refused: readonly object[] = [
    { ...accept, entries: [{ ...entry, index: 3 }] },
    { ...accept, entries: [entry, { ...entry, index: 4 }] },
    { ...accept, entries: [{ ...entry, origin: at(3) }] },
    { ...accept, entries: [{ index: 2, kind: 'hole' }] },
    { ...accept, entries: [], ballot: { round: -1, proposer: n2 } },
    { type: 'prepare', ballot, index: 0 },
  ];
  for (const message of refused) expect(() => paxosServer.parseMessage(message as never)).toThrow();
});
