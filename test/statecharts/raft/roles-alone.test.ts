import { expect, test } from 'vitest';
import { type Birth, defineActor } from '../../../statecharts/actor.ts';
import { messages, own, requests } from '../../../statecharts/raft/messages.ts';
import {
  candidateAlone,
  raftDelays as delays,
  followerAlone,
  leaderAlone,
  preCandidateAlone,
  type ServerContext,
} from '../../../statecharts/raft.ts';
import { contextWith, n1, n2 } from './bench.ts';

const shared = {
  messages,
  own,
  requests,
  hearsUnreachable: true,
  performs: true,
  delays,
  input: (_: undefined, { input }: Birth<ServerContext>) => input,
};
const follower = defineActor({ name: 'raft.follower', chart: followerAlone, ...shared });
const preCandidate = defineActor({ name: 'raft.pre-candidate', chart: preCandidateAlone, ...shared });
const candidate = defineActor({ name: 'raft.candidate', chart: candidateAlone, ...shared });
const leader = defineActor({ name: 'raft.leader', chart: leaderAlone, ...shared });

const context = contextWith({ term: 4 });

test('a follower by itself ends when it stands for election', () => {
  const at = follower.at({ follower: { listening: 'free' } }, context);
  const { snapshot, effects } = follower.step(at, { timer: 'electionTimeout' });
  expect([snapshot.value, snapshot.status]).toEqual(['preCandidate', 'done']);
  expect(effects).toEqual([]);
});

test('a pre-candidate by itself ends as a candidate or as a follower', () => {
  const at = preCandidate.at('preCandidate', { ...context, election: { votes: [n1] } });
  const reply = { type: 'preVoteReply', from: n2, forTerm: 5, granted: true } as const;
  expect(preCandidate.step(at, { ...reply, term: 4 }).snapshot.value).toBe('candidate');
  expect(preCandidate.step(at, { ...reply, term: 5 }).snapshot.value).toBe('follower');
  expect(preCandidate.step(at, { timer: 'electionTimeout' }).snapshot.value).toBe('preCandidate');
});

test('a candidate by itself ends as a leader, as a follower, or asking again', () => {
  const at = candidate.at('candidate', { ...context, votedFor: n1, election: { votes: [n1] } });
  const reply = { type: 'voteReply', from: n2, granted: true } as const;
  expect(candidate.step(at, { ...reply, term: 4 }).snapshot.value).toBe('leader');
  expect(candidate.step(at, { ...reply, term: 5 }).snapshot.value).toBe('follower');
  expect(candidate.step(at, { timer: 'electionTimeout' }).snapshot.value).toBe('preCandidate');
});

test('a leader by itself takes office when it starts, and ends as a follower', () => {
  const { state } = leader.start(undefined, { self: n1, input: context });
  expect(state.snapshot.context.leadership).toMatchObject({ firstIndex: 2 });
  const at = leader.at({ leader: { heartbeats: 'waiting', quorum: 'watching' } }, state.snapshot.context);
  const step = leader.step(at, { timer: 'quorumTimeout' });
  expect([step.snapshot.value, step.snapshot.status]).toEqual(['follower', 'done']);
  expect(step.snapshot.context.leadership).toBeNull();
});
