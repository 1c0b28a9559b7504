/** Defines actors: checks a chart with all that belongs to it, and makes of it what drivers run. */

import type { AnyMachineSnapshot, AnyStateMachine, EventFromLogic } from 'xstate';
import { checkDefinition } from './checks.ts';
import type { ActorDefinition, ActorOptions, Birth, KeepSnapshot, Records } from './definition.ts';
import { rangeOf } from './delays.ts';
import type { Tagged } from './effects.ts';
import { ActorDefinitionError } from './errors.ts';
import { parseTagged, type Schemas, type TaggedBy } from './schemas.ts';
import { admissionOf } from './senders.ts';
import { createStepper } from './step.ts';
import { benchOf } from './test-bench.ts';

/** Where there is no node, there are no files. */
const keepNothing: KeepSnapshot = (name, bytes) => ({ name, sizeBytes: bytes.length, checksum: 0 });

/** The options with the types forgotten that only their writer needs. */
type ErasedOptions = Omit<
  ActorOptions<AnyStateMachine, Schemas, Schemas, string, unknown, unknown, unknown>,
  'records' | 'bornOfMessage' | 'view'
> & {
  view?(snapshot: AnyMachineSnapshot): unknown;
  readonly records?: Omit<Records<Schemas, unknown>, 'step'> & { step(state: unknown, record: Tagged): unknown };
  readonly bornOfMessage?: (message: Tagged) => unknown;
};

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
  View = undefined,
  const Written extends Schemas = Record<never, never>,
  const DelayName extends string = never,
>(
  options: ActorOptions<Chart, Messages, Requests, Own, Recovered, Input, View, Written, DelayName> & {
    readonly chart: DeclaredChart<Chart, (keyof Messages & string) | (keyof Requests & string) | Own>;
  },
): ActorDefinition<Chart, TaggedBy<Requests>, Input, View, TaggedBy<Written>, Recovered, DelayName>;
export function defineActor(options: ErasedOptions): ActorDefinition {
  const { name, chart, roles = [], messages = {}, own = [], requests = {}, delays = {}, records } = options;
  const { performs = false, hearsUnreachable = false } = options;
  const { version: recordsVersion = 1, earlier = {} } = records ?? {};
  const eventTypes = [
    ...Object.keys(messages),
    ...own,
    ...Object.keys(requests),
    ...(performs ? ['performed'] : []),
    ...(hearsUnreachable ? ['unreachable'] : []),
  ];
  checkDefinition({ name, chart, roles, delays: Object.keys(delays), eventTypes });
  const stepper = createStepper(chart);
  const recover = (written: Iterable<Tagged>): unknown => {
    let state = records?.start;
    for (const record of written) state = records?.step(state, record);
    return state;
  };
  const inputOf = (birth: Birth<unknown>, written: Iterable<Tagged>): unknown => options.input(recover(written), birth);
  const bench = benchOf({ name, chart, stepper, eventTypes, inputOf });
  return {
    name,
    chart,
    room: options.room,
    roles,
    delays,
    own,
    hearsUnreachable,
    recordsVersion,
    readsTime: options.readsTime ?? false,
    allTimers: stepper.timers,
    allTransitions: stepper.transitions,
    admits: admissionOf(options.senders ?? 'member'),
    takes: (messageType) => Object.hasOwn(messages, messageType),
    parseMessage: (value) => parseTagged(name, 'message', messages, value),
    parseRequest: (value) => parseTagged(name, 'request', requests, value),
    readsRecords: (version) => version === recordsVersion || earlier[version] !== undefined,
    parseRecord: (value, version = recordsVersion, keep = keepNothing) =>
      parseTagged(name, 'record', records?.types ?? {}, earlier[version]?.(value, keep) ?? value),
    recover,
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
    viewAt: (state) => options.view?.(state.snapshot),
    ...bench,
  };
}
