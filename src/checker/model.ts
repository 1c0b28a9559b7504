/**
 * A model: which actors make up a system, what may happen to it and how often, and what must hold of it. The actors
 * are those that run in production; a model adds only their surroundings.
 */

import type { AnyStateMachine, SnapshotFrom } from 'xstate';
import { type ActorDefinition, type Address, type AnyActor, addressOf, type Tagged } from '../../statecharts/actor.ts';
import type { Fair, Strength } from './fairness.ts';
import type { ResourceModel } from './resources.ts';
import type { Observation } from './steps.ts';

/** How often something may happen in one run: a number that becomes part of the state, or any number of times. */
export type Budget = number | 'unlimited';

/** An actor of a model. Made by `actorOf`. */
export interface ModelActor<Chart extends AnyStateMachine = AnyStateMachine, Request extends Tagged = Tagged> {
  readonly address: Address;
  readonly definition: AnyActor;
  readonly input: unknown;
  /** Whether a first message brings it to life, instead of the application when its node starts. */
  readonly isBornOfMessage: boolean;
  /** What the application asks of it in the turn in which it starts it for the first time. */
  readonly asks?: readonly Tagged[];
  /** Set when the application starts it only once; how it is started again when its journal holds nothing of it. */
  readonly laterLives?: { readonly input?: unknown };
  /** Only for types: what its chart looks like and what it may be asked. */
  readonly types?: { readonly chart: Chart; readonly request: Request };
}

/**
 * Places an actor on a node. The application starts it whenever its node starts, from its records and with `input`.
 *
 * @example
 * const server = actorOf(raftServer, 'n1', { key: 'kv', input: { voters } });
 */
export const actorOf = <Chart extends AnyStateMachine, Request extends Tagged, Input>(
  definition: ActorDefinition<Chart, Request, Input>,
  node: string,
  { key = '', input }: { readonly key?: string; readonly input: Input },
): ModelActor<Chart, Request> => ({
  address: addressOf(node, definition.name, key),
  definition,
  input,
  isBornOfMessage: false,
});

/**
 * Places an actor that the application starts once, when everything begins. When its node starts again it lives from its
 * records (`bornOfRecords`); without any it is started with `later`, or else waits for a message that brings it to life.
 *
 * @param how `asks`: what the application asks of it in the turn in which it starts it
 *
 * @example
 * const coordinating = startedOnce(coordinator, 'n1', { key: 'tx-1', input: { type: 'begin' } });
 */
export const startedOnce = <Chart extends AnyStateMachine, Request extends Tagged, Input>(
  definition: ActorDefinition<Chart, Request, Input>,
  node: string,
  how: { readonly key?: string; readonly input: Input; readonly asks?: readonly Request[]; readonly later?: Input },
): ModelActor<Chart, Request> => ({
  address: addressOf(node, definition.name, how.key),
  definition,
  input: how.input,
  isBornOfMessage: true,
  ...(how.asks === undefined ? {} : { asks: how.asks }),
  laterLives: how.later === undefined ? {} : { input: how.later },
});

/** Names an address where a first message, or records found at start-up, bring an actor to life. */
export const bornOfMessage = <Chart extends AnyStateMachine, Request extends Tagged, Input>(
  definition: ActorDefinition<Chart, Request, Input>,
  node: string,
  key = '',
): ModelActor<Chart, Request> => ({
  address: addressOf(node, definition.name, key),
  definition,
  input: undefined,
  isBornOfMessage: true,
});

/** Something that the application may ask of an actor, at any moment. Made by `request`. */
export interface RequestStep<History = unknown> {
  readonly actor: Address;
  /** What is asked, or what may be asked in a state: each of these is a step; none, and nothing is asked there. */
  readonly request: Tagged | ((state: SystemState<History>) => readonly Tagged[]);
  /** How often; default `unlimited`, which costs no state but is for requests that charts ignore when they are late. */
  readonly times?: Budget;
  /**
   * A condition on the whole system, for what the surroundings know and no actor does. Like a `request` that is a
   * function, it must be pure: it is remembered by what it reads of the state.
   */
  readonly when?: (state: SystemState<History>) => boolean;
  /** Whether the application is bound to ask, whatever it asks for. Default: it may never do so. */
  readonly fair?: Strength;
}

/** A request of the application. */
export const request = <Chart extends AnyStateMachine, Request extends Tagged, History = unknown>(
  actor: ModelActor<Chart, Request>,
  asked: Request | ((state: SystemState<History>) => readonly Request[]),
  options: Pick<RequestStep<History>, 'times' | 'when' | 'fair'> = {},
): RequestStep<History> => ({ actor: actor.address, request: asked, ...options });

export interface NetworkModel {
  /**
   * `unordered`: a multiset, from which each envelope is delivered once. `duplicating`: a set that only grows, from
   * which everything may be delivered again. `ordered`: a queue per pair of sender and receiver. Default `unordered`.
   */
  readonly kind?: 'unordered' | 'duplicating' | 'ordered';
  /** How many envelopes may be lost. Default 0. */
  readonly losses?: Budget;
  /** How many deliveries may leave a copy behind. Default 0; a `duplicating` network needs none. */
  readonly duplicates?: Budget;
}

export interface CrashModel {
  readonly times: Budget;
  /** The nodes that may crash; default all. */
  readonly nodes?: readonly string[];
  /** Whether a crashed node may start again. Default true. */
  readonly restarts?: boolean;
}

/** A fold of what happens into a value that is part of the state, for properties about runs and not about states. */
export interface HistoryModel<History> {
  readonly start: History;
  /** Must be pure; the result must be plain data. */
  observe(history: History, happening: Observation): History;
}

/** A property that every run must come to satisfy, however it goes on. */
export interface Eventually<History> {
  readonly holds: (state: SystemState<History>) => boolean;
  /** What must happen at last, besides requests that are fair; default what the model says. */
  readonly fair?: readonly Fair[];
}

/** A specification that a model refines. Made by `refinement`. */
export interface Refinement<History = unknown> {
  /** Begins to compare runs with the specification. */
  compare(): Comparison<History>;
}

/** Runs that are being compared with a specification, whose states are known by numbers. */
export interface Comparison<History> {
  /** The number of the abstract state that a state stands for. */
  numberOf(state: SystemState<History>): number;
  mayBegin(abstract: number): boolean;
  /** Whether a step from one to the other is one of the specification, or none. */
  mayFollow(before: number, after: number): boolean;
}

/** How a run may begin: what is otherwise than the model says. */
export interface Start<History = unknown> {
  /** Actors of the model, with other inputs; after a crash they start with these, too. */
  readonly actors?: readonly ModelActor[];
  /** States of resources. */
  readonly resources?: Readonly<Record<string, unknown>>;
  readonly history?: History;
}

export type Predicates<History> = Readonly<Record<string, (state: SystemState<History>) => boolean>>;

/** What to check. */
export interface Model<History = unknown> {
  readonly name: string;
  readonly actors: readonly ModelActor[];
  /** The ways in which a run may begin, by name. Default one, without anything otherwise. */
  readonly starts?: Readonly<Record<string, Start<History>>>;
  readonly requests?: readonly RequestStep<History>[];
  readonly network?: NetworkModel;
  /**
   * Which deliveries and requests are steps: `all`; `handled`, those for which the chart has a transition now, so that
   * `'vote': {}` is no step; `changing`, those that change the actor or make it act. Default `all`. What is no step
   * stays in the network; but in an `ordered` one every delivery is a step, or nothing behind it would ever arrive.
   */
  readonly deliveries?: 'all' | 'handled' | 'changing';
  /**
   * How often timers may fire, in all or by the name of their delay; any armed one may, at any moment. Default unlimited.
   * One that fires `at-once`, as soon as it is armed, costs no states: sound where its waiting only keeps something from
   * happening that may as well have happened late.
   */
  readonly timers?: Budget | Readonly<Record<string, Budget | 'at-once'>>;
  /** Whether records become durable in a step of their own (the default) or at once. */
  readonly flush?: 'step' | 'at-once';
  /** Whether what actors of one node say to each other is taken up in a step of its own (the default) or at once. */
  readonly localMessages?: 'step' | 'at-once';
  readonly crashes?: CrashModel;
  /** How many notices that a node cannot be reached may come, true or not, to actors that hear them. Default 0. */
  readonly unreachableNotices?: Budget;
  readonly resources?: Readonly<Record<string, ResourceModel>>;
  /** How many operations may be answered `unknown`. Default 0. */
  readonly unknownAnswers?: Budget;
  /** Time, for actors that read it: it may pass by `tickMs` at any moment, `ticks` times. */
  readonly clock?: { readonly tickMs: number; readonly ticks: number };
  /** Addresses outside the model to which actors may send: what they get is only observed. */
  readonly outside?: readonly Address[];
  readonly history?: HistoryModel<History>;
  /** States for which this does not hold are neither stored nor explored nor checked; how many were cut off is told. */
  readonly boundary?: (state: SystemState<History>) => boolean;
  /** Must hold in every state. */
  readonly always?: Predicates<History>;
  /** Must hold in some state: goals, without which a check that finds nothing says nothing. */
  readonly sometimes?: Predicates<History>;
  /** Specifications of which every run must be a run. Steps over the boundary are not looked at. */
  readonly refines?: Readonly<Record<string, Refinement<History>>>;
  readonly eventually?: Readonly<Record<string, Eventually<History>>>;
  /** What must happen at last, for each `eventually` that says nothing else. Default nothing: every run may stop. */
  readonly fair?: readonly Fair[];
  /** Checks that every state from which no step but a fault leads on satisfies this; default: not checked. */
  readonly mayEnd?: (state: SystemState<History>) => boolean;
  /** Whether a chart may throw, which stops its actor. Default false: it is a violation. */
  readonly mayFail?: boolean;
}

/** Gives a model its types. */
export const defineModel = <History = unknown>(model: Model<History>): Model<History> => model;

/** `down`: its node has crashed. `absent`: not born, or ended. `failed`: a rule threw. */
export type Life = 'running' | 'down' | 'absent' | 'failed';

/** One actor in one state of the system. */
export interface ActorView<Chart extends AnyStateMachine = AnyStateMachine> {
  readonly address: Address;
  readonly node: string;
  readonly life: Life;
  /** Where its chart stands; undefined when it is not running. */
  readonly snapshot: SnapshotFrom<Chart> | undefined;
  readonly role: string | undefined;
  /** The names of the delays whose timers are armed, sorted. */
  readonly timers: readonly string[];
  /** How many records are not durable yet. */
  readonly unflushedRecords: number;
  /** How many effects the outbox holds back until records before them are durable. */
  readonly heldEffects: number;
  /** The records that a crash would leave, oldest first; one sequence that recovers alike may stand for another. */
  readonly durableRecords: readonly Tagged[];
  /** What a rule threw. */
  readonly error: string | undefined;
}

/** An envelope in the network. */
export interface InTransit {
  readonly from: Address;
  readonly to: Address;
  readonly message: Tagged;
}

/** One state of the system, as properties see it. Valid during the call that receives it. */
export interface SystemState<History = unknown> {
  readonly actors: readonly ActorView[];
  /** The actor of the model `actor`. @throws ModelError when it is not part of the model */
  of<Chart extends AnyStateMachine, Request extends Tagged>(actor: ModelActor<Chart, Request>): ActorView<Chart>;
  /** What is on its way; as often as it is, in an unordered network. */
  readonly network: readonly InTransit[];
  readonly history: History;
  /** The state of a resource. @throws ModelError when the model has no such resource */
  resource(name: string): unknown;
  readonly nowMs: number;
}
