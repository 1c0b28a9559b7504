/**
 * What an actor is: a chart, and everything that a driver must know to run it: what it may be sent, what it writes
 * down and how that is folded into a new life, how long its timers wait, and which of its tags are roles.
 */

import * as v from 'valibot';
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
import { checkDefinition } from './checks.ts';
import { type Delay, type DelayRange, rangeOf } from './delays.ts';
import type { Delivery, Tagged } from './effects.ts';
import { ActorDefinitionError, RefusedInputError } from './errors.ts';
import { type Admission, admissionOf, type Senders } from './senders.ts';
import { type ActorState, createStepper, type Step, type Timer } from './step.ts';

/** Schemas of one kind of data (messages, requests, records), by type; the schema describes all but `type`. */
export type Schemas = Record<string, v.GenericSchema<Record<string, unknown>>>;

/** The union that `Schemas` describe: `{ type: 'vote' } & ...` for each of its members. */
export type TaggedBy<S extends Schemas> = {
  [Type in keyof S & string]: { readonly type: Type } & Readonly<v.InferOutput<S[Type]>>;
}[keyof S & string];

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

/** Where a new life begins. */
export interface Birth<Input> {
  readonly self: Address;
  readonly input: Input;
}

type Delays<Context> = Readonly<Record<string, Delay<Context>>>;

/** The argument of `defineActor`. */
export interface ActorOptions<
  Chart extends AnyStateMachine,
  Messages extends Schemas,
  Requests extends Schemas,
  Own extends string,
  Recovered,
  Input,
> {
  /** The dotted name of the definition, the middle of its actors' addresses: `raft.server`. */
  readonly name: string;
  readonly chart: Chart;
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
  readonly records?: Records<Schemas, Recovered>;
  /** The chart's input, from what the journal remembers and from what the application gives. */
  readonly input: (recovered: Recovered, birth: Birth<Input>) => InputFrom<Chart>;
  readonly delays?: Delays<ContextFrom<Chart>>;
  /** Whether rules read `atMs`, so that the checker must not set it to 0. */
  readonly readsTime?: boolean;
  /** The input of an actor that a first message brings to life; without it, such a message finds nobody. */
  readonly bornOfMessage?: (message: TaggedBy<Messages>) => Input | undefined;
  /** The input of an actor that start-up finds only in the journal; without it, the application starts it. */
  readonly bornOfRecords?: () => Input;
}

/** Where there is no node, there are no files. */
const keepNothing: KeepSnapshot = (name, bytes) => ({ name, sizeBytes: bytes.length, checksum: 0 });

/** The options with the types forgotten that only their writer needs. */
type ErasedOptions = Omit<
  ActorOptions<AnyStateMachine, Schemas, Schemas, string, unknown, unknown>,
  'records' | 'bornOfMessage'
> & {
  readonly records?: Omit<Records<Schemas, unknown>, 'step'> & { step(state: unknown, record: Tagged): unknown };
  readonly bornOfMessage?: (message: Tagged) => unknown;
};

/** A happening, as tests give it: something sent, or the named timer that fires. */
export type Happening<Event> = Event | { readonly timer: string };

type Loose<Event> = Event extends Delivery ? Omit<Event, keyof Delivery> & Partial<Delivery> : Event;

/** What drivers see of any actor, whatever its types. Made by `defineActor`. */
export interface AnyActor {
  readonly name: string;
  readonly chart: AnyStateMachine;
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
  /** The role played at `state`, if any. */
  roleAt(state: ActorState): string | undefined;
  bornOfMessage(message: Tagged): unknown;
  bornOfRecords(): unknown;
}

/** An actor's definition, with the types of its chart; also its test bench, which needs no runtime. */
export interface ActorDefinition<
  Chart extends AnyStateMachine = AnyStateMachine,
  Request extends Tagged = Tagged,
  Input = unknown,
> extends AnyActor {
  readonly chart: Chart;
  /** Only for types: what handles accept and what `node.start` wants. */
  readonly types?: { readonly request: Request; readonly input: Input };
  /** The state `value` with `context`, with every timer armed that entering it would arm. */
  at(value: StateValueFrom<Chart>, context: ContextFrom<Chart>): ActorState<SnapshotFrom<Chart>>;
  /**
   * Takes one step.
   *
   * @param happening an event (`from` and `atMs` may be left out) or `{ timer: 'electionTimeout' }`
   * @returns the new state, the effects in order, and the papers' rules that the transitions cite
   * @throws ActorDefinitionError when no such timer, or more than one, is armed
   */
  step(
    state: ActorState<SnapshotFrom<Chart>>,
    happening: Happening<Loose<EventFromLogic<Chart>>>,
  ): TestStep<SnapshotFrom<Chart>>;
  /** The timers that are armed at `state`. */
  timers(state: ActorState): readonly Timer[];
}

/** A step as tests see it. */
export interface TestStep<Snapshot extends AnyMachineSnapshot> extends Step<Snapshot> {
  readonly snapshot: Snapshot;
  readonly rules: readonly string[];
}

/** The events of a chart that are not declared; none for a chart that does not say what its events are. */
type UndeclaredEvents<
  Chart extends AnyStateMachine,
  Declared extends string,
> = string extends EventFromLogic<Chart>['type']
  ? never
  : Exclude<EventFromLogic<Chart>['type'], Declared | 'performed' | 'unreachable'>;

/** A chart all of whose events are declared; otherwise a type that names the ones which are not. */
type DeclaredChart<Chart extends AnyStateMachine, Declared extends string> = [
  UndeclaredEvents<Chart, Declared>,
] extends [never]
  ? Chart
  : { readonly undeclaredEvents: UndeclaredEvents<Chart, Declared> };

/**
 * Defines an actor and checks its chart.
 *
 * @throws ActorDefinitionError for a guard, action or delay that does not resolve, an inline function, a numeric
 * delay, a wildcard, an invocation, and for a pair of state and event that is neither handled nor ignored in writing
 *
 * @example
 * const server = defineActor({ name: 'raft.server', chart, messages, requests, records, delays, input });
 * server.step(server.at('follower', context), { timer: 'electionTimeout' }).effects;
 */
export function defineActor<
  Chart extends AnyStateMachine,
  Recovered,
  Input,
  const Messages extends Schemas = Record<never, never>,
  const Requests extends Schemas = Record<never, never>,
  const Own extends string = never,
>(
  options: ActorOptions<Chart, Messages, Requests, Own, Recovered, Input> & {
    readonly chart: DeclaredChart<Chart, (keyof Messages & string) | (keyof Requests & string) | Own>;
  },
): ActorDefinition<Chart, TaggedBy<Requests>, Input>;
export function defineActor(options: ErasedOptions): ActorDefinition {
  const { name, chart, roles = [], messages = {}, own = [], requests = {}, delays = {}, records } = options;
  const { performs = false, hearsUnreachable = false } = options;
  const { version: recordsVersion = 1, earlier = {} } = records ?? {};
  checkDefinition({
    name,
    chart,
    roles,
    delays: Object.keys(delays),
    eventTypes: [
      ...Object.keys(messages),
      ...own,
      ...Object.keys(requests),
      ...(performs ? ['performed'] : []),
      ...(hearsUnreachable ? ['unreachable'] : []),
    ],
  });
  const stepper = createStepper(chart);
  const timersAt = (state: ActorState): Timer[] =>
    state.armed.flatMap((id) => {
      const timer = stepper.timers.get(id);
      return timer === undefined ? [] : [timer];
    });
  const armedNamed = (state: ActorState, delay: string): Timer => {
    const armed = timersAt(state);
    const [timer, another] = armed.filter((it) => it.delay === delay);
    if (timer === undefined || another !== undefined) {
      const names = armed.map((it) => `${it.delay} of ${it.state}`).join(', ') || 'none';
      throw new ActorDefinitionError(`actor '${name}': expected one armed timer '${delay}'; armed: ${names}`);
    }
    return timer;
  };

  return {
    name,
    chart,
    roles,
    delays,
    own,
    hearsUnreachable,
    recordsVersion,
    readsTime: options.readsTime ?? false,
    allTimers: stepper.timers,
    admits: admissionOf(options.senders ?? 'member'),
    takes: (messageType) => Object.hasOwn(messages, messageType),
    parseMessage: (value) => parseTagged(name, 'message', messages, value),
    parseRequest: (value) => parseTagged(name, 'request', requests, value),
    readsRecords: (version) => version === recordsVersion || earlier[version] !== undefined,
    parseRecord: (value, version = recordsVersion, keep = keepNothing) =>
      parseTagged(name, 'record', records?.types ?? {}, earlier[version]?.(value, keep) ?? value),
    recover(written) {
      let state = records?.start;
      for (const record of written) state = records?.step(state, record);
      return state;
    },
    start: (recovered, birth, traced) => stepper.start(options.input(recovered, birth), traced),
    transition: stepper.step,
    fire: stepper.fire,
    rangeOf(timer, state) {
      const delay = delays[timer.delay];
      if (delay === undefined) throw new ActorDefinitionError(`actor '${name}' has no delay '${timer.delay}'`);
      return rangeOf(delay, state.snapshot.context);
    },
    roleAt: (state) => roles.find((role) => state.snapshot.hasTag(role)),
    bornOfMessage: (message) => options.bornOfMessage?.(message),
    bornOfRecords: () => options.bornOfRecords?.(),

    at(value, context) {
      const snapshot = chart.resolveState({ value, context });
      const armed = snapshot._nodes.flatMap((node) => node.after.map((delayed) => delayed.eventType));
      return { snapshot, armed: [...new Set(armed)].sort() };
    },
    step(state, happening) {
      const step =
        'timer' in happening
          ? stepper.fire(state, armedNamed(state, happening.timer).id, 0, true)
          : stepper.step(state, { from: `test/${name}/`, atMs: 0, ...happening }, true);
      return {
        ...step,
        snapshot: step.state.snapshot,
        rules: step.transitions.flatMap(({ rule }) => rule ?? []),
      };
    },
    timers: timersAt,
  };
}

/**
 * Validates tagged data from outside.
 *
 * @param name who takes it, and `kind` what it is to be; for the error's message
 * @returns a copy that holds what the schema describes and nothing else
 * @throws RefusedInputError
 */
export function parseTagged<S extends Schemas>(name: string, kind: string, schemas: S, value: Tagged): TaggedBy<S>;
export function parseTagged(name: string, kind: string, schemas: Schemas, value: Tagged): Tagged {
  const schema = Object.hasOwn(schemas, value.type) ? schemas[value.type] : undefined;
  if (schema === undefined) {
    const known = Object.keys(schemas).join(', ') || 'none';
    throw new RefusedInputError(`'${name}' takes no ${kind} '${value.type}'; it takes: ${known}`);
  }
  const parsed = v.safeParse(schema, value, { abortEarly: true });
  if (parsed.success) return { type: value.type, ...parsed.output };
  const [issue] = parsed.issues;
  const path = v.getDotPath(issue) ?? 'the whole';
  throw new RefusedInputError(`'${name}': ${kind} '${value.type}' is malformed at ${path}: ${issue.message}`);
}
