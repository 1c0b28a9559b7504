import { expect, test } from 'vitest';
import { choicesIn } from '../../../src/proof/acceptors/votes.ts';
import {
  chain,
  marked,
  marksIn,
  once,
  oneValuePerBallot,
  remembersTold,
  seesAllTold,
  toldIsChosen,
} from '../../../src/proof/caspaxos/claims.ts';
import { acceptorAddress, acceptorsOf, type Ballot, phase2Quorum } from '../../../statecharts/paxos.ts';

const nodes = ['n1', 'n2', 'n3'] as const;
const acceptorOn = (node: string) => acceptorAddress(node, 'register', 'k');
const acceptors = acceptorsOf(nodes.map(acceptorOn));
const ballot = (round: number): Ballot => ({ round, proposer: 'n1/paxos.register/register/k' });
const vote = (node: (typeof nodes)[number], round: number, value: string) => ({
  acceptor: acceptorOn(node),
  ballot: ballot(round),
  value,
});
const a = marked('', 'a');
const ab = marked(a, 'b');
const b = marked('', 'b');
const chosen = [vote('n1', 1, a), vote('n2', 1, a)];
const choices = choicesIn(chosen, phase2Quorum(acceptors));

test('a text tells which changes it comes of', () => {
  expect(marksIn(ab)).toEqual(['a', 'b']);
  expect(marksIn('')).toEqual([]);
});

test('a quorum chooses at one ballot, and one value is chosen once', () => {
  expect(choices.map(({ value }) => value)).toEqual([a]);
  expect(choicesIn([vote('n1', 1, a), vote('n2', 2, a)], phase2Quorum(acceptors))).toEqual([]);
});

test('the chain is kept by what comes of the chosen value, and broken by anything else later', () => {
  expect(chain(choices, [...chosen, vote('n3', 2, ab)])).toBeUndefined();
  expect(chain(choices, [...chosen, vote('n3', 2, b)])).toContain('accepted at');
});

test('a ballot with two values, a change that happens twice, and a word that no quorum has accepted are wrong', () => {
  expect(oneValuePerBallot([vote('n1', 1, a), vote('n2', 1, a)])).toBeUndefined();
  expect(oneValuePerBallot([vote('n1', 1, a), vote('n2', 1, b)])).toContain('one value per ballot');
  expect(once([vote('n1', 1, ab)])).toBeUndefined();
  expect(once([vote('n1', 1, marked(ab, 'a'))])).toContain('twice');
  expect(toldIsChosen([a], choices)).toBeUndefined();
  expect(toldIsChosen([a, ab], choices)).toContain('no quorum');
});

test('a client that asks later is told of no less', () => {
  expect(seesAllTold(ab, a)).toBeUndefined();
  expect(seesAllTold(a, ab)).toContain('linearizability');
});

test('what is told stays where every quorum remembers it, or what came of it, as the latest', () => {
  const remembered = (...texts: readonly (readonly [round: number, text: string] | null)[]) =>
    new Map(
      nodes.map((node, index) => {
        const [round, value] = texts[index] ?? [0, ''];
        return [acceptorOn(node), round === 0 ? null : { ballot: ballot(round), value }] as const;
      }),
    );
  expect(remembersTold([a], acceptors, remembered([1, a], [2, ab], null))).toBeUndefined();
  expect(remembersTold([a], acceptors, remembered([1, a], null, null))).toContain("remembers ''");
  expect(remembersTold([a], acceptors, remembered([1, a], [1, a], [2, b]))).toContain(`remembers '${b}'`);
});
