import { describe, expect, test } from 'vitest';
import { actorOf, check, defineModel, type Model, refinement, renderTrace, request, walk } from '../../src/checker.ts';
import type { Vote } from '../../src/proof/acceptors/votes.ts';
import { chosenIn, type Voting, votingOf } from '../../src/proof/agree/voting.ts';
import type { Address } from '../../statecharts/actor.ts';
import { anyOf, majorityOf } from '../../statecharts/quorum.ts';
import { counter } from './models/counter.ts';
import { paxosConsensus } from './models/paxos-consensus.ts';

const acceptors: readonly Address[] = ['a1/acceptor/', 'a2/acceptor/', 'a3/acceptor/'];
const majorities = { phase1: majorityOf(acceptors), phase2: majorityOf(acceptors) };
const ballot = (round: number) => ({ round, proposer: 'p/leader/' as const });

/** Lamport's Paxos, as its states look in his Voting: votes are the 2b messages that were ever sent. */
function consensusRefiningVoting(quorum: number, quorums = majorities): Model {
  const model = paxosConsensus(quorum);
  const votesOf = (acceptor: Address, network: readonly { from: Address; message: object }[]): readonly Vote[] =>
    network.flatMap(({ from, message }): Vote[] =>
      from === acceptor && 'type' in message && message.type === '2b' && 'ballot' in message && 'value' in message
        ? [{ ballot: ballot(Number(message.ballot)), value: String(message.value) }]
        : [],
    );
  return defineModel({
    ...model,
    always: {},
    refines: {
      Voting: refinement<Voting>({
        ...votingOf(quorums),
        maps: ({ actors, network }) =>
          acceptors.map((acceptor) => {
            const { snapshot } = actors.find(({ address }) => address === acceptor) ?? {};
            const { maxBallot } = snapshot?.context ?? {};
            const votes = votesOf(acceptor, network);
            return { acceptor, maxBallot: maxBallot === -1 ? null : ballot(maxBallot), votes };
          }),
      }),
    },
  });
}

describe('a refinement', () => {
  test("holds of Lamport's Paxos, which refines his Voting, in all its 3,921 states", () => {
    const { ok, states, properties } = check(consensusRefiningVoting(2));
    expect([ok, states]).toEqual([true, 3_921]);
    expect(properties).toContainEqual({ name: 'Voting', kind: 'refines', verdict: 'holds' });
  });

  test('is broken where a quorum of one may propose, by a shortest run to a vote that is not safe', () => {
    const result = check(consensusRefiningVoting(1));
    expect([result.ok, result.stoppedBy]).toEqual([false, 'violation']);
    const [broken] = result.properties.filter(({ kind }) => kind === 'refines');
    expect(broken?.verdict).toBe('violated');
    expect(broken?.trace?.steps.at(-1)).toMatchObject({ type: 'deliver', message: { type: '2a' } });
    // Prepare one ballot at a single acceptor, propose, and let it be voted for: the least that breaks it.
    expect(broken?.trace?.steps.map(({ type }) => type)).toEqual(['request', 'deliver', 'request', 'deliver']);
  });

  test('is found broken by walks, too, and told in a run that is no longer', () => {
    const { violation } = walk(consensusRefiningVoting(1), 1, { walks: 20, steps: 50, weights: { request: 40 } });
    expect(violation?.property).toBe('Voting');
    expect(violation?.trace.steps).toHaveLength(4);
    expect(walk(consensusRefiningVoting(2), 1, { walks: 20, steps: 50, weights: { request: 40 } }).ok).toBe(true);
  });
});

describe('a counter that is to refine one that goes up by ones', () => {
  const server = actorOf(counter, 'n1', { input: 0 });
  const counting = (adds: readonly number[], begins = 0): Model =>
    defineModel({
      name: 'a counter',
      actors: [server],
      requests: adds.map((by) => request(server, { type: 'add', by }, { times: 1 })),
      refines: {
        'one by one': refinement({
          maps: (state) => state.of(server).snapshot?.context.count ?? 0,
          begins: (count) => count === begins,
          steps: { increment: (before: number, after: number) => after === before + 1 },
        }),
      },
    });
  const verdict = (model: Model) => check(model).properties.find(({ kind }) => kind === 'refines');

  test('may stand still in between', () => {
    expect(verdict(counting([1, 0, 1]))?.verdict).toBe('holds');
  });

  test('may make no step that the specification lacks', () => {
    const { trace, verdict: told } = verdict(counting([1, 2])) ?? {};
    expect(told).toBe('violated');
    expect(trace && renderTrace(trace)).toMatch(/^ {2}1\. the application asks n1\/counter\/ to add \{by: 2\}/);
  });

  test('may make none to a state that was reached before by steps that it has', () => {
    // 0, 1, 2 by ones is right; 0 to 2 at once is not, although 2 is known by then.
    const { trace } = verdict(counting([1, 1, 2])) ?? {};
    expect(trace?.steps).toEqual([{ type: 'request', actor: 'n1/counter/', request: { type: 'add', by: 2 } }]);
  });

  test('has to begin where the specification does', () => {
    const { trace, verdict: told } = verdict(counting([1], 7)) ?? {};
    expect(told).toBe('violated');
    expect(trace?.steps).toEqual([]);
  });

  test('is not known to refine it before all was explored', () => {
    const { properties } = check(counting(Array.from({ length: 20 }, () => 1)), { maxStates: 3 });
    expect(properties).toContainEqual({
      name: 'one by one',
      kind: 'refines',
      verdict: 'inconclusive',
      because: 'stopped',
    });
  });
});

describe('Voting', () => {
  const [a1, a2, a3] = acceptors;
  const voter = (
    acceptor: Address | undefined,
    maxBallot: number | null,
    votes: readonly (readonly [number, string])[] = [],
  ) => ({
    acceptor: acceptor ?? 'a1/acceptor/',
    maxBallot: maxBallot === null ? null : ballot(maxBallot),
    votes: votes.map(([round, value]) => ({ ballot: ballot(round), value })),
  });
  const { steps } = votingOf(majorities);
  const mayFollow = (before: Voting, after: Voting): readonly string[] =>
    Object.entries(steps).flatMap(([name, step]) => (step(before, after) ? name : []));

  test('lets an acceptor give up ballots, and take none back', () => {
    expect(mayFollow([voter(a1, null)], [voter(a1, 1)])).toEqual(['IncreaseMaxBal']);
    expect(mayFollow([voter(a1, 2)], [voter(a1, 1)])).toEqual([]);
    expect(mayFollow([voter(a1, 1), voter(a2, 1)], [voter(a1, 2), voter(a2, 2)])).toEqual([]);
  });

  test('lets it vote for what a quorum shows to be safe', () => {
    const voted = [voter(a1, 2, [[1, 'v']]), voter(a2, 2), voter(a3, null)];
    const voteFor = (value: string): Voting => [voted[0] ?? voter(a1, 2), voter(a2, 2, [[2, value]]), voter(a3, null)];
    expect(mayFollow(voted, voteFor('v'))).toEqual(['VoteFor']);
    expect(mayFollow(voted, voteFor('w'))).toEqual([]);
    const alone = [voter(a1, null), voter(a2, 2), voter(a3, null)];
    expect(mayFollow(alone, [voter(a1, null), voter(a2, 2, [[2, 'v']]), voter(a3, null)])).toEqual([]);
  });

  test('lets it neither vote twice at a ballot, nor against another, nor before what it gave up, nor unvote', () => {
    const both = [voter(a1, 1, [[1, 'v']]), voter(a2, 1), voter(a3, 1)];
    const [first, second, third] = both;
    if (first === undefined || second === undefined || third === undefined) throw new Error('three');
    expect(mayFollow(both, [first, voter(a2, 1, [[1, 'w']]), third])).toEqual([]);
    expect(
      mayFollow(both, [
        voter(a1, 1, [
          [1, 'v'],
          [1, 'w'],
        ]),
        second,
        third,
      ]),
    ).toEqual([]);
    expect(mayFollow(both, [voter(a1, 1), second, third])).toEqual([]);
    expect(mayFollow([voter(a1, 2), second, third], [voter(a1, 1, [[1, 'v']]), second, third])).toEqual([]);
  });

  test('knows what is chosen by its quorums', () => {
    const voted = [voter(a1, 1, [[1, 'v']]), voter(a2, 2, [[2, 'v']]), voter(a3, null)];
    expect(chosenIn(voted, majorities)).toEqual([]);
    expect(chosenIn([...voted.slice(0, 2), voter(a3, 1, [[1, 'v']])], majorities)).toEqual(['v']);
    expect(chosenIn(voted, { ...majorities, phase2: anyOf(acceptors, 1) })).toEqual(['v']);
  });
});
