/**
 * A register on single-decree Paxos, as in Stateright's example `paxos.rs`: three servers, each of which may lead, and
 * clients that put one value and get it back. A server's messages to itself are folded into the step that sends them.
 */

import * as v from 'valibot';
import { setup } from 'xstate';
import { actorOf, defineModel, type Model } from '../../../src/checker.ts';
import {
  type Address,
  addressOf,
  type Delivered,
  defineActor,
  type EffectOf,
  isAddress,
  message,
  rulesOf,
  send,
} from '../../../statecharts/actor.ts';
import { isLinearizable, observeRegister, type RegisterHistory } from './register-history.ts';

const ballotSchema = v.object({ round: v.number(), leader: v.string() });
const proposalSchema = v.object({ request: v.number(), client: v.custom<Address>(isAddress), value: v.string() });
const acceptedSchema = v.nullable(v.object({ ballot: ballotSchema, proposal: proposalSchema }));
type Ballot = v.InferOutput<typeof ballotSchema>;
type Proposal = v.InferOutput<typeof proposalSchema>;
type Accepted = v.InferOutput<typeof acceptedSchema>;

type Put = { readonly type: 'put'; readonly request: number; readonly value: string };
type Get = { readonly type: 'get'; readonly request: number };
type PutOk = { readonly type: 'putOk'; readonly request: number };
type GetOk = { readonly type: 'getOk'; readonly request: number; readonly value: string };
type Prepare = { readonly type: 'prepare'; readonly ballot: Ballot };
type Prepared = { readonly type: 'prepared'; readonly ballot: Ballot; readonly accepted: Accepted };
type Accept = { readonly type: 'accept'; readonly ballot: Ballot; readonly proposal: Proposal };
type AcceptedBy = { readonly type: 'accepted'; readonly ballot: Ballot };
type Decided = { readonly type: 'decided'; readonly ballot: Ballot; readonly proposal: Proposal };
type Message = Put | Get | PutOk | GetOk | Prepare | Prepared | Accept | AcceptedBy | Decided;
type Effect = EffectOf<{ message: Message }>;

const compareBallots = (a: Ballot, b: Ballot): number =>
  a.round - b.round || (a.leader < b.leader ? -1 : a.leader > b.leader ? 1 : 0);

interface Serving {
  readonly self: Address;
  readonly peers: readonly Address[];
  readonly ballot: Ballot;
  readonly proposal: Proposal | null;
  /** What each server had accepted when it promised. */
  readonly promises: Readonly<Record<string, Accepted>>;
  /** A set: sorted. */
  readonly acceptors: readonly Address[];
  readonly accepted: Accepted;
}
type ServerEvent = Delivered<Put | Get | Prepare | Prepared | Accept | AcceptedBy | Decided>;
const server = rulesOf<Serving, ServerEvent, Effect>();
const majority = ({ peers }: Serving): number => Math.floor((peers.length + 1) / 2) + 1;
const toAll = ({ peers }: Serving, said: Message) => peers.map((peer) => send(peer, said));

/** The proposal accepted in the highest ballot among promises, if any was. */
function highest(promises: readonly Accepted[]): Proposal | undefined {
  const accepted = promises.flatMap((it) => (it === null ? [] : [it]));
  return accepted.sort((a, b) => compareBallots(b.ballot, a.ballot))[0]?.proposal;
}

function lead(context: Serving, { request, value, from }: Delivered<Put>) {
  const { self, accepted } = context;
  const ballot = { round: context.ballot.round + 1, leader: self };
  return {
    context: { ballot, proposal: { request, client: from, value }, promises: { [self]: accepted }, acceptors: [] },
    effects: toAll(context, { type: 'prepare', ballot }),
  };
}

function collectPromise(context: Serving, { from, ballot, accepted }: Delivered<Prepared>) {
  const promises: Serving['promises'] = { ...context.promises, [from]: accepted };
  const values = Object.values(promises);
  if (values.length !== majority(context)) return { context: { promises } };
  const proposal = highest(values) ?? context.proposal;
  if (proposal === null) throw new Error('a leader has a proposal');
  return {
    context: {
      promises,
      proposal,
      accepted: { ballot, proposal },
      acceptors: [...new Set([...context.acceptors, context.self])].sort(),
    },
    effects: toAll(context, { type: 'accept', ballot, proposal }),
  };
}

const withAcceptor = ({ acceptors }: Serving, from: Address): Address[] => [...new Set([...acceptors, from])].sort();

function decide(context: Serving, { from, ballot }: Delivered<AcceptedBy>) {
  const { proposal } = context;
  if (proposal === null) throw new Error('a leader has a proposal');
  const { client, request } = proposal;
  return {
    context: { acceptors: withAcceptor(context, from) },
    effects: [
      ...toAll(context, { type: 'decided', ballot, proposal }),
      send<Message>(client, { type: 'putOk', request }),
    ],
  };
}

const serverChart = setup({
  types: {
    context: {} as Serving,
    events: {} as ServerEvent,
    emitted: {} as Effect,
    input: {} as { readonly self: Address; readonly peers: readonly Address[]; readonly lowest: Address },
  },
  ...server.bind({
    lead: lead,
    promise: ({ accepted }, { from, ballot }: Delivered<Prepare>) => ({
      context: { ballot },
      effects: [send(from, { type: 'prepared', ballot, accepted })],
    }),
    collectPromise: collectPromise,
    accept: (_context, { from, ballot, proposal }: Delivered<Accept>) => ({
      context: { ballot, accepted: { ballot, proposal } },
      effects: [send(from, { type: 'accepted', ballot })],
    }),
    collectAcceptor: (context, { from }: Delivered<AcceptedBy>) => ({
      context: { acceptors: withAcceptor(context, from) },
    }),
    decide: decide,
    learn: (_context, { ballot, proposal }: Decided) => ({
      context: { ballot, accepted: { ballot, proposal } },
    }),
    answer: ({ accepted }, { from, request }: Delivered<Get>) => ({
      effects: [send(from, { type: 'getOk', request, value: accepted?.proposal.value ?? '' })],
    }),
    hasNoProposal: ({ proposal }) => proposal === null,
    isNewer: ({ ballot }, it: Prepare) => compareBallots(ballot, it.ballot) < 0,
    isOwn: ({ ballot }, it: Prepared | AcceptedBy) => compareBallots(ballot, it.ballot) === 0,
    isNotOlder: ({ ballot }, it: Accept) => compareBallots(ballot, it.ballot) <= 0,
    decides: (context, { from, ballot }: Delivered<AcceptedBy>) =>
      compareBallots(context.ballot, ballot) === 0 && withAcceptor(context, from).length === majority(context),
  }),
}).createMachine({
  id: 'server',
  context: ({ input: { self, peers, lowest } }) => ({
    self,
    peers,
    ballot: { round: 0, leader: lowest },
    proposal: null,
    promises: {},
    acceptors: [],
    accepted: null,
  }),
  initial: 'undecided',
  states: {
    undecided: {
      on: {
        put: { guard: 'hasNoProposal', actions: { type: 'lead', params: message } },
        get: {},
        prepare: { guard: { type: 'isNewer', params: message }, actions: { type: 'promise', params: message } },
        prepared: { guard: { type: 'isOwn', params: message }, actions: { type: 'collectPromise', params: message } },
        accept: { guard: { type: 'isNotOlder', params: message }, actions: { type: 'accept', params: message } },
        accepted: [
          {
            guard: { type: 'decides', params: message },
            target: 'decided',
            actions: { type: 'decide', params: message },
          },
          { guard: { type: 'isOwn', params: message }, actions: { type: 'collectAcceptor', params: message } },
        ],
        decided: { target: 'decided', actions: { type: 'learn', params: message } },
      },
    },
    decided: {
      on: {
        put: {},
        get: { actions: { type: 'answer', params: message } },
        prepare: {},
        prepared: {},
        accept: {},
        accepted: {},
        decided: {},
      },
    },
  },
});

const serverDefinition = defineActor({
  name: 'server',
  chart: serverChart,
  messages: {
    put: v.object({ request: v.number(), value: v.string() }),
    get: v.object({ request: v.number() }),
    prepare: v.object({ ballot: ballotSchema }),
    prepared: v.object({ ballot: ballotSchema, accepted: acceptedSchema }),
    accept: v.object({ ballot: ballotSchema, proposal: proposalSchema }),
    accepted: v.object({ ballot: ballotSchema }),
    decided: v.object({ ballot: ballotSchema, proposal: proposalSchema }),
  },
  input: (
    _recovered: undefined,
    { self, input }: { self: Address; input: { peers: readonly Address[]; lowest: Address } },
  ) => ({ self, ...input }),
});

interface Asking {
  readonly index: number;
  readonly servers: readonly Address[];
}
type ClientEvent = Delivered<PutOk | GetOk>;
const client = rulesOf<Asking, ClientEvent, Effect>();
const serverAt = ({ servers, index }: Asking, operation: number): Address =>
  servers[(index + operation) % servers.length] ?? 'no/server/';

const clientChart = setup({
  types: { context: {} as Asking, events: {} as ClientEvent, emitted: {} as Effect, input: {} as Asking },
  ...client.bind({
    put: (context) => ({
      effects: [
        send(serverAt(context, 0), {
          type: 'put',
          request: context.index,
          value: String.fromCharCode('A'.charCodeAt(0) + context.index - context.servers.length),
        }),
      ],
    }),
    get: (context) => ({
      effects: [send(serverAt(context, 1), { type: 'get', request: 2 * context.index })],
    }),
    answersPut: ({ index }, { request }: PutOk) => request === index,
    answersGet: ({ index }, { request }: GetOk) => request === 2 * index,
  }),
}).createMachine({
  id: 'client',
  context: ({ input }) => input,
  initial: 'putting',
  states: {
    putting: {
      entry: 'put',
      on: { putOk: { guard: { type: 'answersPut', params: message }, target: 'getting', actions: 'get' }, getOk: {} },
    },
    getting: { on: { putOk: {}, getOk: { guard: { type: 'answersGet', params: message }, target: 'finished' } } },
    finished: { on: { putOk: {}, getOk: {} } },
  },
});

const clientDefinition = defineActor({
  name: 'client',
  chart: clientChart,
  messages: { putOk: v.object({ request: v.number() }), getOk: v.object({ request: v.number(), value: v.string() }) },
  input: (_recovered: undefined, { input }: { input: Asking }) => input,
});

/** The example with three servers and `clients` clients. */
export function registerPaxos(clients: number): Model<RegisterHistory> {
  const nodes = ['s0', 's1', 's2'];
  const servers = nodes.map((node) => addressOf(node, 'server'));
  const lowest = addressOf('s0', 'server');
  return defineModel<RegisterHistory>({
    name: `register on Paxos, ${clients} clients`,
    actors: [
      ...nodes.map((node) =>
        actorOf(serverDefinition, node, {
          input: { peers: servers.filter((it) => !it.startsWith(`${node}/`)), lowest },
        }),
      ),
      ...Array.from({ length: clients }, (_client, index) =>
        actorOf(clientDefinition, `c${index + 3}`, { input: { index: index + 3, servers } }),
      ),
    ],
    deliveries: 'changing',
    history: { start: {}, observe: observeRegister },
    always: { linearizable: ({ history }) => isLinearizable(history) },
    sometimes: {
      'value chosen': ({ network }) =>
        network.some((it) => it.message.type === 'getOk' && 'value' in it.message && it.message.value !== ''),
    },
  });
}
