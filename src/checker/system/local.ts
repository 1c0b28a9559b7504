/**
 * The local state of one actor, and what may happen to it: its chart and armed timers, the outbox that the host uses, the
 * writes that are not durable yet, the records that are, and what the actors of its node have said to it. A crash keeps only
 * the durable records.
 */

import {
  type ActorState,
  type Address,
  canonicalKey,
  type Persist,
  type Tagged,
  type TimerChange,
} from '../../../statecharts/actor.ts';
import type { Outbox, Released } from '../../host/outbox.ts';
import type { Life } from '../model.ts';
import type { ReceptionLog } from '../receptions/log.ts';

/** A write that is not durable yet: the records of one step, or the order to forget all of an actor that has ended. */
export type Write = { readonly type: 'records'; readonly records: readonly Persist[] } | { readonly type: 'forget' };

/** A message from an actor of the same node. */
export interface LocalMessage {
  readonly from: Address;
  readonly message: Tagged;
}

export interface Local {
  /** Which of the ways in which the actor may begin it was. */
  readonly variant: number;
  readonly life: Life;
  /** Where the chart stands, while the actor is running. */
  readonly state?: ActorState;
  readonly outbox: Outbox;
  readonly writes: readonly Write[];
  readonly durable: readonly Persist[];
  readonly inbox: readonly LocalMessage[];
  readonly error?: string;
}

/** What came of a happening: the next local state, and the effects that are for others. */
export interface LocalStep {
  readonly local: Local;
  readonly released: readonly Released[];
}

export interface LocalOptions {
  readonly flushAtOnce: boolean;
  readonly localAtOnce: boolean;
  /** Whether records matter after they are durable: without crashes they are never read. */
  readonly keepsRecords: boolean;
  /** The names of the delays that end as soon as they begin. */
  readonly timersAtOnce: readonly string[];
  /** Hears of what a step does beside its result, for those that measure time and cost. */
  readonly watch?: LocalWatch;
  /** Notes how messages are received, and which transitions are taken. */
  readonly log?: ReceptionLog;
}

/** What steps do, as they do it. */
export interface LocalWatch {
  /** Timers were armed, again or for the first time, or disarmed. */
  timed(changes: readonly TimerChange[]): void;
  /** A write became durable. */
  flushed(): void;
}

/** What may happen to one actor. Each answers undefined when it cannot happen to it now. */
export interface LocalRules {
  /** The actor before it is started, in one of the ways in which it may begin. */
  unborn(variant: number): Local;
  start(local: Local): LocalStep;
  receive(local: Local, from: Address, message: Tagged, atMs: number): LocalStep | undefined;
  /** Puts a message of the same node into the inbox. */
  enqueue(local: Local, from: Address, message: Tagged, atMs: number): LocalStep | undefined;
  takeLocal(local: Local, atMs: number): LocalStep | undefined;
  fire(local: Local, timer: string, atMs: number): LocalStep | undefined;
  flush(local: Local, atMs: number): LocalStep | undefined;
  crash(local: Local): LocalStep;
  restart(local: Local): LocalStep;
  /** Whether the chart has a transition for `message` now. */
  handles(local: Local, from: Address, message: Tagged, atMs: number): boolean;
  /** The identity of a local state. */
  keyOf(local: Local): string;
}

/** How many effects wait in an outbox. */
export const heldEffects = ({ waiting }: Outbox): number =>
  waiting.reduce((sum, { effects }) => sum + effects.length, 0);

/**
 * The identity of a local state.
 *
 * @param recover what an actor remembers by its records
 * @param keepsRecords whether records matter after they are durable
 */
export function keyOfLocal(
  local: Local,
  recover: (records: readonly Tagged[]) => unknown,
  keepsRecords: boolean,
): string {
  const { variant, life, state, outbox, writes, durable, inbox, error } = local;
  const snapshot = state?.snapshot;
  // Records that recover alike have the same future, whichever they are.
  const records = durable.map(({ record }) => record);
  const recovered = records.length === 0 ? undefined : { state: recover(records), marks: marksOf(durable) };
  return canonicalKey([
    life,
    snapshot === undefined
      ? undefined
      : [snapshot.status, snapshot.value, snapshot.context, historyOf(snapshot.historyValue)],
    state?.armed,
    outbox.lastBatch === 0 ? undefined : [outbox.lastBatch, outbox.durableBatch, outbox.waiting],
    writes,
    recovered,
    inbox,
    error,
    // How it began matters until it has, and when it may have to begin again.
    life === 'absent' || keepsRecords ? variant : undefined,
  ]);
}

/** What a later checkpoint may look at; where nothing has a mark, the fold of the records is all that matters of them. */
function marksOf(durable: readonly Persist[]): readonly (number | undefined)[] | undefined {
  return durable.some(({ mark }) => mark !== undefined) ? durable.map(({ mark }) => mark) : undefined;
}

function historyOf(value: Readonly<Record<string, readonly { readonly id: string }[]>>): unknown {
  const entries = Object.entries(value);
  return entries.length === 0 ? undefined : entries.map(([id, nodes]) => [id, nodes.map((node) => node.id)]);
}
