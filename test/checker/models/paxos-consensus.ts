/**
 * Single-decree Paxos as in Lamport's specification Paxos of "The Paxos algorithm, or how to win a Turing award". Every
 * ballot has a leader of its own. There, a leader reads the set of all messages when it proposes; so whether it may
 * propose a value is a condition of the model on what is on its way, and it need not remember what it received.
 */

import * as v from 'valibot';
import { setup } from 'xstate';
import { actorOf, defineModel, type InTransit, type Model, request } from '../../../src/checker.ts';
import {
  type Address,
  addressOf,
  type Delivered,
  defineActor,
  type EffectOf,
  message,
  rulesOf,
  send,
} from '../../../statecharts/actor.ts';

const ballot = v.number();
const vote = { ballot: v.number(), value: v.nullable(v.string()) };
type OneA = { readonly type: '1a'; readonly ballot: number };
type OneB = { readonly type: '1b'; readonly ballot: number; readonly voted: Vote };
type TwoA = { readonly type: '2a'; readonly ballot: number; readonly value: string };
type TwoB = { readonly type: '2b'; readonly ballot: number; readonly value: string };
type Vote = { readonly ballot: number; readonly value: string | null };
type Effect = EffectOf<{ message: OneA | OneB | TwoA | TwoB }>;

interface Accepting {
  /** The highest ballot that it took part in; -1 at first. */
  readonly maxBallot: number;
  readonly voted: Vote;
}
type AcceptorEvent = Delivered<OneA | TwoA>;
const acceptor = rulesOf<Accepting, AcceptorEvent, Effect>();

const acceptorChart = setup({
  types: { context: {} as Accepting, events: {} as AcceptorEvent, emitted: {} as Effect },
  ...acceptor.bind({
    promise: ({ voted }, asked: Delivered<OneA>) => ({
      context: { maxBallot: asked.ballot },
      effects: [send(asked.from, { type: '1b', ballot: asked.ballot, voted })],
    }),
    vote: (_context, { from, ballot: number, value }: Delivered<TwoA>) => ({
      context: { maxBallot: number, voted: { ballot: number, value } },
      effects: [send(from, { type: '2b', ballot: number, value })],
    }),
    isNewer: ({ maxBallot }, asked: OneA) => asked.ballot > maxBallot,
    isNotOlder: ({ maxBallot }, asked: TwoA) => asked.ballot >= maxBallot,
  }),
}).createMachine({
  id: 'acceptor',
  context: { maxBallot: -1, voted: { ballot: -1, value: null } },
  on: {
    '1a': { guard: { type: 'isNewer', params: message }, actions: { type: 'promise', params: message } },
    '2a': { guard: { type: 'isNotOlder', params: message }, actions: { type: 'vote', params: message } },
  },
  initial: 'accepting',
  states: { accepting: {} },
});

const acceptorDefinition = defineActor({
  name: 'acceptor',
  chart: acceptorChart,
  messages: { '1a': v.object({ ballot }), '2a': v.object({ ballot, value: v.string() }) },
  input: (_recovered: undefined, _birth: { input: undefined }) => undefined,
});

interface Leading {
  readonly ballot: number;
  readonly acceptors: readonly Address[];
}
type Propose = { readonly type: 'propose'; readonly value: string };
type LeaderEvent = Delivered<{ readonly type: 'prepare' } | Propose | OneB | TwoB>;
const leader = rulesOf<Leading, LeaderEvent, Effect>();

const leaderChart = setup({
  types: {
    context: {} as Leading,
    events: {} as LeaderEvent,
    emitted: {} as Effect,
    input: {} as Leading,
  },
  ...leader.bind({
    prepare: ({ ballot: number, acceptors }) => ({
      effects: acceptors.map((to) => send(to, { type: '1a', ballot: number })),
    }),
    propose: ({ ballot: number, acceptors }, { value }: Propose) => ({
      effects: acceptors.map((to) => send(to, { type: '2a', ballot: number, value })),
    }),
  }),
}).createMachine({
  id: 'leader',
  context: ({ input }) => input,
  initial: 'preparing',
  on: { '1b': {}, '2b': {}, prepare: { actions: 'prepare' } },
  states: {
    preparing: { on: { propose: { target: 'proposed', actions: { type: 'propose', params: ({ event }) => event } } } },
    proposed: { on: { propose: {} } },
  },
});

const leaderDefinition = defineActor({
  name: 'leader',
  chart: leaderChart,
  messages: {
    '1b': v.object({ ballot, voted: v.object(vote) }),
    '2b': v.object({ ballot, value: v.string() }),
  },
  requests: { prepare: v.object({}), propose: v.object({ value: v.string() }) },
  input: (_recovered: undefined, { input }: { input: Leading }) => input,
});

interface Promised {
  readonly from: Address;
  readonly voted: Vote;
}

/** Whether some quorum of promises shows that `value` is safe: the second conjunct of Phase2a. */
function isSafe(
  network: readonly InTransit[],
  to: Address,
  quorums: readonly (readonly Address[])[],
  value: string,
): boolean {
  const promises = network.flatMap(({ from, to: addressee, message: said }): Promised[] =>
    addressee === to && said.type === '1b' && 'voted' in said && v.is(v.object(vote), said.voted)
      ? [{ from, voted: said.voted }]
      : [],
  );
  return quorums.some((quorum) => {
    const within = promises.filter(({ from }) => quorum.includes(from));
    if (!quorum.every((member) => within.some(({ from }) => from === member))) return false;
    const voted = within.filter((it) => it.voted.ballot >= 0);
    const highest = Math.max(...voted.map((it) => it.voted.ballot));
    return voted.length === 0 || voted.some((it) => it.voted.ballot === highest && it.voted.value === value);
  });
}

/** Values that a quorum has voted for in one ballot. */
function chosen(network: readonly InTransit[], quorum: number): string[] {
  const votes = new Map<string, Set<Address>>();
  for (const { from, message: said } of network) {
    if (said.type !== '2b' || !('ballot' in said) || !('value' in said)) continue;
    const key = `${said.ballot} ${said.value}`;
    votes.set(key, (votes.get(key) ?? new Set()).add(from));
  }
  return [...votes].flatMap(([key, voters]) => (voters.size >= quorum ? [key.slice(key.indexOf(' ') + 1)] : []));
}

/** The specification: 3 acceptors, 2 values, ballots 0 and 1. `quorum` other than 2 makes it wrong. */
export function paxosConsensus(quorum = 2): Model {
  const nodes = ['a1', 'a2', 'a3'];
  const acceptors = nodes.map((node) => addressOf(node, 'acceptor'));
  const leaders = [0, 1].map((number) =>
    actorOf(leaderDefinition, `b${number}`, { input: { ballot: number, acceptors } }),
  );
  const quorums =
    quorum === 2 ? acceptors.map((out) => acceptors.filter((it) => it !== out)) : acceptors.map((it) => [it]);
  return defineModel<unknown>({
    name: 'Paxos, 3 acceptors, 2 values, 2 ballots',
    actors: [...leaders, ...nodes.map((node) => actorOf(acceptorDefinition, node, { input: undefined }))],
    network: { kind: 'duplicating' },
    deliveries: 'handled',
    requests: leaders.flatMap((it) => [
      request(it, { type: 'prepare' }),
      ...['v1', 'v2'].map((value) =>
        request(it, { type: 'propose', value }, { when: ({ network }) => isSafe(network, it.address, quorums, value) }),
      ),
    ]),
    always: { 'one value is chosen': ({ network }) => new Set(chosen(network, quorum)).size <= 1 },
    sometimes: {
      'v1 is chosen': ({ network }) => chosen(network, quorum).includes('v1'),
      'v2 is chosen': ({ network }) => chosen(network, quorum).includes('v2'),
    },
  });
}
