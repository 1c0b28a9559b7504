/**
 * Two-phase commit as in Lamport's specification TwoPhase (with Gray: Consensus on Transaction Commit): resource
 * managers prepare or abort on their own, the transaction manager decides, and messages are never removed.
 */

import * as v from 'valibot';
import { setup } from 'xstate';
import { actorOf, defineModel, type Model, type ModelActor, request } from '../../../src/checker.ts';
import {
  type Address,
  addressOf,
  type Delivered,
  defineActor,
  type EffectOf,
  rulesOf,
  send,
} from '../../../statecharts/actor.ts';

type Message = { readonly type: 'prepared' | 'commit' | 'abort' };
type Effect = EffectOf<{ message: Message }>;

interface Coordinating {
  readonly rms: readonly Address[];
  /** A set: sorted. */
  readonly prepared: readonly Address[];
}
type CoordinatorEvent = Delivered<
  { readonly type: 'prepared' } | { readonly type: 'decideCommit' } | { readonly type: 'decideAbort' }
>;

const tm = rulesOf<Coordinating, CoordinatorEvent, Effect>();
const tell =
  (type: 'commit' | 'abort') =>
  ({ rms }: Coordinating) => ({ effects: rms.map((rm) => send(rm, { type })) });
const ignored = { prepared: {}, decideCommit: {}, decideAbort: {} };

const coordinatorChart = setup({
  types: {
    context: {} as Coordinating,
    events: {} as CoordinatorEvent,
    emitted: {} as Effect,
    input: {} as { readonly rms: readonly Address[] },
  },
  ...tm.bind({
    note: ({ prepared }, { from }: Delivered<{ readonly type: 'prepared' }>) => ({
      context: { prepared: [...new Set([...prepared, from])].sort() },
    }),
    tellCommit: tell('commit'),
    tellAbort: tell('abort'),
    allPrepared: ({ rms, prepared }) => prepared.length === rms.length,
  }),
}).createMachine({
  id: 'tm',
  context: ({ input }) => ({ rms: input.rms, prepared: [] }),
  initial: 'init',
  states: {
    init: {
      on: {
        prepared: { actions: { type: 'note', params: ({ event }) => event } },
        decideCommit: { guard: 'allPrepared', target: 'committed', actions: 'tellCommit' },
        decideAbort: { target: 'aborted', actions: 'tellAbort' },
      },
    },
    committed: { on: ignored },
    aborted: { on: ignored },
  },
});

export const coordinator = defineActor({
  name: 'tm',
  chart: coordinatorChart,
  messages: { prepared: v.object({}) },
  requests: { decideCommit: v.object({}), decideAbort: v.object({}) },
  input: (_recovered: undefined, { input }: { input: { rms: readonly Address[] } }) => input,
});

interface Managing {
  readonly tm: Address;
}
type ManagerEvent = Delivered<
  | { readonly type: 'commit' }
  | { readonly type: 'abort' }
  | { readonly type: 'prepare' }
  | { readonly type: 'chooseToAbort' }
>;
const rm = rulesOf<Managing, ManagerEvent, Effect>();
const told = { commit: '.committed', abort: '.aborted' } as const;
const settled = { prepare: {}, chooseToAbort: {} };

const managerChart = setup({
  types: {
    context: {} as Managing,
    events: {} as ManagerEvent,
    emitted: {} as Effect,
    input: {} as Managing,
  },
  ...rm.bind({ sayPrepared: ({ tm: to }) => ({ effects: [send(to, { type: 'prepared' })] }) }),
}).createMachine({
  id: 'rm',
  context: ({ input }) => input,
  initial: 'working',
  on: told,
  states: {
    working: { on: { prepare: { target: 'prepared', actions: 'sayPrepared' }, chooseToAbort: 'aborted' } },
    prepared: { on: settled },
    committed: { on: settled },
    aborted: { on: settled },
  },
});

export const manager = defineActor({
  name: 'rm',
  chart: managerChart,
  messages: { commit: v.object({}), abort: v.object({}) },
  requests: { prepare: v.object({}), chooseToAbort: v.object({}) },
  input: (_recovered: undefined, { input }: { input: Managing }) => input,
});

export type Manager = ModelActor<typeof managerChart>;

/** The specification with `count` resource managers. */
export function twoPhase(count: number): Model {
  const nodes = Array.from({ length: count }, (_rm, index) => `rm${index + 1}`);
  const addresses = nodes.map((node) => addressOf(node, 'rm'));
  const decider = actorOf(coordinator, 'tm', { input: { rms: addresses } });
  const managers = nodes.map((node) => actorOf(manager, node, { input: { tm: decider.address } }));
  return defineModel<unknown>({
    name: `two-phase commit, ${count} resource managers`,
    actors: [decider, ...managers],
    network: { kind: 'duplicating' },
    deliveries: 'handled',
    requests: [
      request(decider, { type: 'decideCommit' }),
      request(decider, { type: 'decideAbort' }),
      ...managers.flatMap((it) => [request(it, { type: 'prepare' }), request(it, { type: 'chooseToAbort' })]),
    ],
    always: {
      'nobody commits what another aborts': (state) => {
        const values = managers.map((it) => state.of(it).snapshot?.value);
        return !(values.includes('committed') && values.includes('aborted'));
      },
    },
    sometimes: {
      'all commit': (state) => managers.every((it) => state.of(it).snapshot?.value === 'committed'),
      'all abort': (state) => managers.every((it) => state.of(it).snapshot?.value === 'aborted'),
    },
  });
}
