/** What the Stately Inspector is shown of Paxos: each role with its chart, and its messages in both directions. */

import { expect, test } from 'vitest';
import { agree, learn } from '../../src/services/agreement.ts';
import { paxos } from '../../src/services/store/log/paxos.ts';
import type { Address } from '../../statecharts/actor.ts';
import { createCluster as createAgreement } from '../services/agreement/cluster.ts';
import { createCluster as createStores } from '../services/store/cluster.ts';
import { createCluster as createManagers } from '../services/transactions/cluster.ts';
import { shownOf } from './shown.ts';

const acceptors = ['n1', 'n2', 'n3'];

test('the proposer, the acceptor and the learner of a decision are shown, with what they say and hear', async () => {
  const cluster = createAgreement();
  const shown = shownOf(acceptors.map(cluster.node));
  const [proposer, acceptor, learner] = [
    'n1/paxos.proposer/agree/k',
    'n2/paxos.acceptor/agree/k',
    'n3/paxos.learner/agree/k',
  ] as const;
  await cluster.value(agree(cluster.node('n1'), { key: 'k', value: 'v', acceptors, clock: cluster.clock }));
  await cluster.value(learn(cluster.node('n3'), { key: 'k', acceptors, clock: cluster.clock }));
  expect([proposer, acceptor, learner].map(shown.chartOf)).toEqual(['proposer', 'acceptor', 'learner']);
  expect(shown.messages(proposer, acceptor)).toEqual(['prepare', 'accept']);
  expect(shown.messages(acceptor, proposer)).toEqual(['promise', 'accepted']);
  expect(shown.messages(learner, acceptor)).toEqual(['inquire']);
  // It ends when a quorum has answered, so no single acceptor need be heard.
  const answers = acceptors.map((id) => shown.messages(`${id}/paxos.acceptor/agree/k`, learner));
  expect(answers.filter(([type]) => type === 'accepted').length).toBeGreaterThanOrEqual(2);
});

test('the servers of a log are shown, with what a leader and a follower say to each other', async () => {
  const cluster = createStores({ log: (voters) => paxos({ voters }) });
  const shown = shownOf(cluster.members().map(({ node }) => node));
  cluster.elect();
  await cluster.value(cluster.leader().keys.put('k', new Uint8Array([1])));
  const [leader, follower] = [cluster.leader(), cluster.follower()].map(({ id }): Address => `${id}/paxos.server/kv`);
  if (leader === undefined || follower === undefined) throw new Error('expected a leader and a follower');
  expect([leader, follower].map(shown.chartOf)).toEqual(['paxos-server', 'paxos-server']);
  expect(shown.messages(leader, follower)).toEqual(expect.arrayContaining(['beat', 'prepare', 'accept']));
  expect(shown.messages(follower, leader)).toEqual(expect.arrayContaining(['promise', 'accepted']));
});

test('the acceptor of a transaction is shown, with the vote of a participant and what its coordinator hears and says', async () => {
  const cluster = await createManagers('acceptors');
  const shown = shownOf(acceptors.map((id) => cluster.member(id).node));
  const { transaction } = await cluster.value(cluster.transfer('n1'));
  const [acceptor, coordinator, participant] = [
    `n2/2pc.acceptor/${transaction}`,
    `n1/2pc.coordinator/${transaction}`,
    `n1/2pc.participant/${transaction}/checking`,
  ] as const;
  await cluster.until(() => shown.messages(coordinator, acceptor).length > 0);
  expect(shown.chartOf(acceptor)).toBe('acceptor');
  expect(shown.messages(participant, acceptor)).toEqual(['phase-2a']);
  expect(shown.messages(acceptor, coordinator)).toEqual(['phase-2b']);
  expect(shown.messages(coordinator, acceptor)).toEqual(['end']);
});
