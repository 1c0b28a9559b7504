/**
 * What an actor is: a chart, and everything that a driver must know to run it: what it may be sent, what it writes
 * down and how that is folded into a new life, how long its timers wait, and which of its tags are roles.
 */

import type {
  AnyMachineSnapshot,
  AnyStateMachine,
  ContextFrom,
  EventFromLogic,
  InputFrom,
  SnapshotFrom,
  StateValueFrom,
} from 'xstate';
import type { SnapshotFile } from '../transfer.ts';
import type { Address } from './address.ts';
import type { Delay, DelayRange } from './delays.ts';
import type { Delivery, Tagged } from './effects.ts';
import type { Schemas, TaggedBy } from './schemas.ts';
import type { Admission, Senders } from './senders.ts';
import type { ActorState, Step, Timer, Transition } from './step.ts';

/**
 * Keeps bytes that an earlier version held in a record, as a snapshot of the actor's that `name` tells from its others.
 *
 * @returns where they are
 */
export type KeepSnapshot = (name: string, bytes: Uint8Array) => SnapshotFile;

/** Makes of a record of an earlier version, not validated yet, one of the present form. */
export type EarlierRecord = (record: Tagged, keep: KeepSnapshot) => Tagged;

/** What an actor writes down, and how its records are folded into the state of a new life. */
export interface Records<S extends Schemas, State> {
  /** The version of the records' form; a journal that holds one that is not read here is refused by name. */
  readonly version: number;
  /** Makes of a record of each earlier version, not validated yet, one of the present form. */
  readonly earlier?: Readonly<Record<number, EarlierRecord>>;
  readonly types: S;
  readonly start: State;
  step(state: State, record: TaggedBy<S>): State;
}

/** Binds the fold of an actor's records to their schemas, so that each `record` is known by its type. */
export const recordsOf = <const S extends Schemas, State>(records: Records<S, State>): Records<S, State> => records;

/** What limits how many keys the actors of all definitions that share it may have on a node. */
export interface Room {
  readonly name: string;
  /** How many, unless the node is told otherwise. */
  readonly keys: number;
}

/** Where a new life begins. */
export interface Birth<Input> {
  readonly self: Address;
  readonly input: Input;
}

/** The argument of `defineActor`. */
export interface ActorOptions<
  Chart extends AnyStateMachine,
  Messages extends Schemas,
  Requests extends Schemas,
  Own extends string,
  Recovered,
  Input,
  View,
  Written extends Schemas = Schemas,
  DelayName extends string = string,
> {
  /** The dotted name of the definition, the middle of its actors' addresses: `raft.server`. */
  readonly name: string;
  readonly chart: Chart;
  /** Limits how many keys its actors may have on a node; without it, the node's limit of all actors does. */
  readonly room?: Room;
  /** The tags that are roles; a change between them is reported as a change of role. */
  readonly roles?: readonly string[];
  /** All that may come from other actors, and off a wire. */
  readonly messages?: Messages;
  /**
   * Who may send each message; what comes from elsewhere is refused by the driver. Left out, any actor or service of the
   * cluster's nodes may. Clients of the bus never reach an actor.
   */
  readonly senders?: Senders<keyof Messages & string>;
  /** What the actor says only to itself; refused from anybody else. */
  readonly own?: readonly Own[];
  /** What applications may ask through a handle. */
  readonly requests?: Requests;
  /** Whether the chart asks resources to act, and so handles `performed`. */
  readonly performs?: boolean;
  /** Whether the chart is told what the bus could not carry, and so handles `unreachable`. */
  readonly hearsUnreachable?: boolean;
  readonly records?: Records<Written, Recovered>;
  /** The chart's input, from what the journal remembers and from what the application gives. */
  readonly input: (recovered: Recovered, birth: Birth<Input>) => InputFrom<Chart>;
  readonly delays?: Readonly<Record<DelayName, Delay<ContextFrom<Chart>>>>;
  /** Whether rules read `atMs`, so that the checker must not set it to 0. */
  readonly readsTime?: boolean;
  /** The input of an actor that a first message brings to life; without it, such a message finds no actor. */
  readonly bornOfMessage?: (message: TaggedBy<Messages>) => Input | undefined;
  /** The input of an actor that start-up finds only in the journal; without it, the application starts it. */
  readonly bornOfRecords?: () => Input;
  /**
   * What services may know of the actor, and decide by: a function of its state, which they are shown once the records
   * before that state are durable.
   */
  readonly view?: (snapshot: SnapshotFrom<Chart>) => View;
}

/** A happening, as tests give it: something sent, or the named timer that fires. */
export type Happening<Event, DelayName extends string = string> = Event | { readonly timer: DelayName };

type Loose<Event> = Event extends Delivery ? Omit<Event, keyof Delivery> & Partial<Delivery> : Event;

/** What drivers see of any actor, whatever its types. Made by `defineActor`. */
export interface AnyActor {
  readonly name: string;
  readonly chart: AnyStateMachine;
  readonly room: Room | undefined;
  readonly roles: readonly string[];
  readonly delays: Readonly<Record<string, DelayRange | ((context: never) => DelayRange)>>;
  readonly recordsVersion: number;
  readonly hearsUnreachable: boolean;
  readonly readsTime: boolean;
  readonly own: readonly string[];
  /** Whether messages of this type are known to it. */
  takes(messageType: string): boolean;
  /** Whether a message of this type may come this way. */
  readonly admits: Admission;
  /** Validates what came from another actor. @throws RefusedInputError */
  parseMessage(value: Tagged): Tagged;
  /** Validates what an application asks. @throws RefusedInputError */
  parseRequest(value: Tagged): Tagged;
  /** Whether records of this version are read. */
  readsRecords(version: number): boolean;
  /** Validates what was read from a journal, as records of `version`; of the present one by default. @throws RefusedInputError */
  parseRecord(value: Tagged, version?: number, keep?: KeepSnapshot): Tagged;
  /** Folds valid records into what `start` takes. */
  recover(records: Iterable<Tagged>): unknown;
  /** The first step of a life. `traced`, here and below, records the transitions taken, which costs time. */
  start(recovered: unknown, birth: Birth<unknown>, traced?: boolean): Step;
  /** The step that `event` causes. @throws whatever a rule throws: the driver stops the actor */
  transition(state: ActorState, event: Tagged & Delivery, traced?: boolean): Step;
  /** The step that the armed timer `id` causes. */
  fire(state: ActorState, id: string, atMs: number, traced?: boolean): Step;
  /** The bounds of the timer's delay for an actor that stands at `state`. */
  rangeOf(timer: Timer, state: ActorState): DelayRange;
  /** Every timer of the chart, by id. */
  readonly allTimers: ReadonlyMap<string, Timer>;
  /** Every transition of the chart, by id. */
  readonly allTransitions: ReadonlyMap<string, Transition>;
  /** The role played at `state`, if any. */
  roleAt(state: ActorState): string | undefined;
  /** What services may know of an actor at `state`; undefined when the definition has no view. */
  viewAt(state: ActorState): unknown;
  bornOfMessage(message: Tagged): unknown;
  bornOfRecords(): unknown;
}

/** An actor's definition, with the types of its chart; also its test bench, which needs no runtime. */
export interface ActorDefinition<
  Chart extends AnyStateMachine = AnyStateMachine,
  Request extends Tagged = Tagged,
  Input = unknown,
  View = unknown,
  Written extends Tagged = Tagged,
  Recovered = unknown,
  DelayName extends string = string,
> extends AnyActor {
  readonly chart: Chart;
  parseRecord(value: Tagged, version?: number, keep?: KeepSnapshot): Written;
  bornOfMessage(message: Tagged): Input | undefined;
  bornOfRecords(): Input | undefined;
  recover(records: Iterable<Written>): Recovered;
  start(recovered: Recovered, birth: Birth<Input>, traced?: boolean): Step<SnapshotFrom<Chart>>;
  /**
   * The context with which a life begins: what `createActor(definition.chart, { input })` takes, and what tests change to
   * what they need before they hand it to `at`.
   *
   * @param records what the journal remembers; none in a first life
   * @throws whatever the definition refuses to begin with
   *
   * @example
   * const context = raftServer.contextOf({ self: 'n1/raft.server/kv', input: { voters } });
   * raftServer.step(raftServer.at('follower', { ...context, term: 3 }), { timer: 'electionTimeout' });
   */
  contextOf(birth: Birth<Input>, records?: Iterable<Written>): ContextFrom<Chart>;
  viewAt(state: ActorState): View;
  /** Only for types: what handles accept and what `node.start` wants. */
  readonly types?: { readonly request: Request; readonly input: Input };
  /** The state `value` with `context`, with every timer armed that entering it would arm. */
  at(value: StateValueFrom<Chart>, context: ContextFrom<Chart>): ActorState<SnapshotFrom<Chart>>;
  /**
   * Takes one step.
   *
   * @param happening an event (`from` and `atMs` may be left out) or `{ timer: 'electionTimeout' }`
   * @returns the new state, the effects in order, and the papers' rules that the transitions cite
   * @throws ActorDefinitionError when no such timer, or more than one, is armed, and for an event that the chart does not know
   */
  step(
    state: ActorState<SnapshotFrom<Chart>>,
    happening: Happening<Loose<EventFromLogic<Chart>>, DelayName>,
  ): TestStep<SnapshotFrom<Chart>>;
  /** The timers that are armed at `state`. */
  timers(state: ActorState): readonly Timer[];
}

/** A step as tests see it. */
export interface TestStep<Snapshot extends AnyMachineSnapshot> extends Step<Snapshot> {
  readonly snapshot: Snapshot;
  readonly rules: readonly string[];
}
