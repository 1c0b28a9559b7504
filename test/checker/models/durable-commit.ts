/**
 * Two-phase commit with presumed abort, whose nodes crash: the coordinator writes down that it began and that it
 * decided to commit, participants that they prepared and what they were told. Variants of it are wrong on purpose.
 */

import * as v from 'valibot';
import { setup } from 'xstate';
import { actorOf, defineModel, type Eventually, type Model } from '../../../src/checker.ts';
import {
  type Address,
  addressOf,
  type Delivered,
  defineActor,
  type EffectOf,
  fixed,
  named,
  persist,
  recordsOf,
  rulesOf,
  send,
  sendAhead,
} from '../../../statecharts/actor.ts';

type Message = { readonly type: 'prepare' | 'yes' | 'commit' | 'abort' | 'inquire' };
type Entry = { readonly type: 'began' | 'decided' | 'prepared' | 'committed' | 'aborted' };
type Effect = EffectOf<{ message: Message; record: Entry }>;

interface Coordinating {
  readonly participants: readonly Address[];
  readonly found: 'nothing' | 'began' | 'decided';
  readonly yes: readonly Address[];
}
type CoordinatorEvent = Delivered<{ readonly type: 'yes' } | { readonly type: 'inquire' }>;
type Said = { readonly from: Address };

/** @param early sends the decision past its record, which is wrong: a crash may take the decision back */
function coordinatorOf(early: boolean) {
  const { bind } = rulesOf<Coordinating, CoordinatorEvent, Effect>();
  const tell = early ? sendAhead<Message> : send<Message>;
  const chart = setup({
    types: {
      context: {} as Coordinating,
      events: {} as CoordinatorEvent,
      emitted: {} as Effect,
      input: {} as Pick<Coordinating, 'participants' | 'found'>,
    },
    delays: named({ voteTimeout: fixed(100) }),
    ...bind({
      begin: ({ participants }) => ({
        effects: [
          persist<Entry>({ type: 'began' }),
          ...participants.map((to) => send<Message>(to, { type: 'prepare' })),
        ],
      }),
      count: ({ yes }, { from }: Said) => ({ context: { yes: [...new Set([...yes, from])].sort() } }),
      decide: ({ participants }) => ({
        effects: [persist<Entry>({ type: 'decided' }), ...participants.map((to) => tell(to, { type: 'commit' }))],
      }),
      abort: ({ participants }) => ({ effects: participants.map((to) => send<Message>(to, { type: 'abort' })) }),
      answerCommit: (_context, { from }: Said) => ({ effects: [send<Message>(from, { type: 'commit' })] }),
      answerAbort: (_context, { from }: Said) => ({ effects: [send<Message>(from, { type: 'abort' })] }),
      foundNothing: ({ found }) => found === 'nothing',
      foundDecision: ({ found }) => found === 'decided',
      allSaidYes: ({ participants, yes }) => yes.length === participants.length,
    }),
  }).createMachine({
    id: 'coordinator',
    context: ({ input }) => ({ ...input, yes: [] }),
    initial: 'starting',
    states: {
      starting: {
        on: { yes: {}, inquire: {} },
        always: [
          { guard: 'foundNothing', target: 'collecting', actions: 'begin' },
          { guard: 'foundDecision', target: 'committed' },
          { target: 'aborted', actions: 'abort' },
        ],
      },
      collecting: {
        on: { yes: { actions: { type: 'count', params: ({ event }) => event } }, inquire: {} },
        always: { guard: 'allSaidYes', target: 'committed', actions: 'decide' },
        after: { voteTimeout: { target: 'aborted', actions: 'abort' } },
      },
      committed: { on: { yes: {}, inquire: { actions: { type: 'answerCommit', params: ({ event }) => event } } } },
      aborted: { on: { yes: {}, inquire: { actions: { type: 'answerAbort', params: ({ event }) => event } } } },
    },
  });
  return defineActor({
    name: 'coordinator',
    chart,
    messages: { yes: v.object({}), inquire: v.object({}) },
    delays: { voteTimeout: fixed(100) },
    records: recordsOf({
      version: 1,
      types: { began: v.object({}), decided: v.object({}) },
      start: 'nothing' as Coordinating['found'],
      step: (_state, { type }): Coordinating['found'] => type,
    }),
    input: (found: Coordinating['found'], { input }: { input: { participants: readonly Address[] } }) => ({
      ...input,
      found,
    }),
  });
}

type Stage = 'working' | 'prepared' | 'committed' | 'aborted';
interface Participating {
  readonly coordinator: Address;
  readonly found: Stage;
}
type ParticipantEvent = Delivered<
  { readonly type: 'prepare' } | { readonly type: 'commit' } | { readonly type: 'abort' }
>;

/** @param inquires whether a participant in doubt asks again and again what was decided */
function participantOf(inquires: boolean) {
  const { bind } = rulesOf<Participating, ParticipantEvent, Effect>();
  const chart = setup({
    types: {
      context: {} as Participating,
      events: {} as ParticipantEvent,
      emitted: {} as Effect,
      input: {} as Participating,
    },
    delays: named({ inquiryInterval: fixed(100) }),
    ...bind({
      vote: ({ coordinator }) => ({
        effects: [persist<Entry>({ type: 'prepared' }), send<Message>(coordinator, { type: 'yes' })],
      }),
      writeCommitted: () => ({ effects: [persist<Entry>({ type: 'committed' })] }),
      writeAborted: () => ({ effects: [persist<Entry>({ type: 'aborted' })] }),
      inquire: ({ coordinator }) => ({ effects: [send<Message>(coordinator, { type: 'inquire' })] }),
      wasPrepared: ({ found }) => found === 'prepared',
      hadCommitted: ({ found }) => found === 'committed',
      hadAborted: ({ found }) => found === 'aborted',
      inquires: () => inquires,
    }),
  }).createMachine({
    id: 'participant',
    context: ({ input }) => input,
    initial: 'starting',
    states: {
      starting: {
        on: { prepare: {}, commit: {}, abort: {} },
        always: [
          { guard: 'wasPrepared', target: 'prepared' },
          { guard: 'hadCommitted', target: 'committed' },
          { guard: 'hadAborted', target: 'aborted' },
          { target: 'working' },
        ],
      },
      working: {
        on: {
          prepare: { target: 'prepared', actions: 'vote' },
          commit: {},
          abort: { target: 'aborted', actions: 'writeAborted' },
        },
      },
      prepared: {
        on: {
          prepare: {},
          commit: { target: 'committed', actions: 'writeCommitted' },
          abort: { target: 'aborted', actions: 'writeAborted' },
        },
        initial: 'waiting',
        states: {
          waiting: { always: { guard: 'inquires', target: 'inquiring' } },
          inquiring: { after: { inquiryInterval: { target: 'inquiring', reenter: true, actions: 'inquire' } } },
        },
      },
      committed: { on: { prepare: {}, commit: {}, abort: {} } },
      aborted: { on: { prepare: {}, commit: {}, abort: {} } },
    },
  });
  return defineActor({
    name: 'participant',
    chart,
    messages: { prepare: v.object({}), commit: v.object({}), abort: v.object({}) },
    delays: { inquiryInterval: fixed(100) },
    records: recordsOf({
      version: 1,
      types: { prepared: v.object({}), committed: v.object({}), aborted: v.object({}) },
      start: 'working' as Stage,
      step: (_state, { type }): Stage => type,
    }),
    input: (found: Stage, { input }: { input: { coordinator: Address } }) => ({ ...input, found }),
  });
}

const coordinators = { early: coordinatorOf(true), durable: coordinatorOf(false) };
const participants = { patient: participantOf(false), inquiring: participantOf(true) };

export interface DurableCommitOptions {
  readonly coordinator?: keyof typeof coordinators;
  readonly participant?: keyof typeof participants;
  readonly crashes?: Model['crashes'];
  readonly network?: Model['network'];
  readonly flush?: Model['flush'];
  /** The kinds of steps that are fair when it is checked that all decide; without it, that is not checked. */
  readonly fair?: Eventually<unknown>['fair'];
  readonly mayNotEndUndecided?: boolean;
}

/** A coordinator on `c`, participants on `p1` and `p2`. */
export function durableCommit({
  coordinator = 'durable',
  participant = 'patient',
  crashes,
  network = {},
  flush = 'step',
  fair,
  mayNotEndUndecided = false,
}: DurableCommitOptions): Model {
  const nodes = ['p1', 'p2'];
  const decider = actorOf(coordinators[coordinator], 'c', {
    input: { participants: nodes.map((node) => addressOf(node, 'participant')) },
  });
  const members = nodes.map((node) =>
    actorOf(participants[participant], node, { input: { coordinator: decider.address } }),
  );
  const allDecided: Eventually<unknown>['holds'] = (state) =>
    members.every((member) => ['committed', 'aborted'].includes(String(state.of(member).snapshot?.value)));
  return defineModel<unknown>({
    name: 'two-phase commit with crashes',
    actors: [decider, ...members],
    network,
    flush,
    deliveries: 'handled',
    ...(crashes === undefined ? {} : { crashes }),
    always: {
      'no participant commits what another aborts': (state) => {
        const values = members.map((member) => state.of(member).snapshot?.value);
        return !(values.includes('committed') && values.includes('aborted'));
      },
    },
    sometimes: {
      'all commit': (state) => members.every((member) => state.of(member).snapshot?.value === 'committed'),
      'all abort': (state) => members.every((member) => state.of(member).snapshot?.value === 'aborted'),
    },
    ...(fair === undefined ? {} : { eventually: { 'all decide': { holds: allDecided, fair } } }),
    ...(mayNotEndUndecided ? { mayEnd: allDecided } : {}),
  });
}
