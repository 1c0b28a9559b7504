import { expect, test } from 'vitest';
import { type LearnerContext, learner } from '../../../statecharts/paxos.ts';
import { a1, a2, a3, acceptors, ballot, others, p2, sent, told } from './parts.ts';

const self = 'n9/paxos.learner/agree/k';
const asking = (heard: LearnerContext['heard'] = []) => learner.at({ learning: 'asking' }, { acceptors, heard });
const accepted = (from: typeof a1, round: number, value = 'v', proposer = p2) =>
  ({ type: 'accepted', ballot: ballot(round, proposer), value, from }) as const;
const heard = (from: typeof a1, round: number, value = 'v') => ({ from, ballot: ballot(round, p2), value });
const inquiries = [a1, a2, a3].map((to) => sent(to, { type: 'inquire', acceptors }));

test('a learner asks all acceptors, and asks again until it knows', () => {
  const born = learner.start(undefined, { self, input: { acceptors } });
  expect(born.effects).toEqual(inquiries);
  expect(learner.timers(born.state).map(({ delay }) => delay)).toEqual(['retryInterval']);
  expect(learner.step(asking([heard(a1, 1)]), { timer: 'retryInterval' }).effects).toEqual(inquiries);
});

test('a value is chosen when a quorum has accepted it at one ballot (§2.3)', () => {
  const { effects, rules, snapshot } = learner.step(asking([heard(a1, 2)]), accepted(a3, 2));
  expect(effects).toEqual([told({ type: 'chosen', value: 'v' })]);
  expect(rules).toEqual(['Paxos Made Simple §2.3', 'Paxos Made Simple §2.3: a quorum has accepted']);
  expect(snapshot.status).toBe('done');
});

test('acceptances of different ballots do not add up, even of one value', () => {
  const { effects, snapshot } = learner.step(asking([heard(a1, 1)]), accepted(a2, 2));
  expect(effects).toEqual([]);
  expect(snapshot.status).toBe('active');
  const twice = learner.step(asking([heard(a1, 1)]), accepted(a2, 1, 'v', 'n1/paxos.proposer/agree/k'));
  expect(twice.snapshot.status).toBe('active');
});

test('an acceptor counts once, by its latest acceptance', () => {
  const { snapshot } = learner.step(asking([heard(a1, 1), heard(a2, 2)]), accepted(a1, 3));
  expect(snapshot.context.heard).toEqual([heard(a1, 3), heard(a2, 2)]);
  expect(learner.step(asking([heard(a1, 3)]), accepted(a1, 1)).snapshot.context.heard).toEqual([heard(a1, 3)]);
  expect(learner.step(asking([heard(a1, 3)]), accepted(a1, 3)).snapshot.status).toBe('active');
});

test('who is no acceptor of the decision does not count', () => {
  const stranger = 'n8/paxos.acceptor/agree/k';
  expect(learner.step(asking([heard(a1, 1)]), accepted(stranger, 1)).snapshot.status).toBe('active');
});

test('a decision of other acceptors is told with those, and ends it', () => {
  const { effects, snapshot } = learner.step(asking(), { type: 'differs', acceptors: others, from: a1 });
  expect(effects).toEqual([told({ type: 'differs', acceptors: others })]);
  expect(snapshot.status).toBe('done');
  expect(learner.step(asking(), { type: 'differs', acceptors, from: a1 }).snapshot.status).toBe('active');
});

test('a learner for which nobody waits any more ends', () => {
  const { effects, snapshot } = learner.step(asking([heard(a1, 1)]), { type: 'withdraw' });
  expect(effects).toEqual([]);
  expect(snapshot.status).toBe('done');
});
