/** What happenings do to single actors: (local state, happening) -> (local state, effects), all known by numbers. */

import type { Address, Perform, Performed, Tagged } from '../../../statecharts/actor.ts';
import type { ReceptionLog } from '../receptions/log.ts';
import type { Observation } from '../steps.ts';
import type { Interned } from '../tables/interned.ts';
import type { ChartStep } from './chart-step.ts';
import type { Local } from './local.ts';

/** Kinds of happenings of one actor. Each comes with a number whose meaning depends on the kind. */
export const happening = {
  /** An envelope. */
  receive: 0,
  /** An envelope, from an actor of the same node. */
  enqueue: 1,
  takeLocal: 2,
  /** A timer. */
  fire: 3,
  /** Something that is asked. */
  request: 4,
  flush: 5,
  crash: 6,
  restart: 7,
  /** An answer of a resource. */
  answer: 8,
  /** A node. */
  unreachable: 9,
  /** Of the whole system. */
  start: 10,
} as const;

/** What a happening does to one actor, and what the rest of the system gets of it. */
export interface LocalOutcome {
  readonly next: number;
  /** Whether the chart had a transition for it; told only where the model asks. */
  readonly isHandled: boolean;
  /** Whether the actor changed or did anything. */
  readonly isChange: boolean;
  /** Envelopes for the network, in order. */
  readonly sent: readonly number[];
  /** Envelopes for actors of the same node. */
  readonly sentLocally: readonly number[];
  readonly performs: readonly Perform[];
  /** For the application. */
  readonly outputs: readonly Tagged[];
  /** For the history, in order. */
  readonly observations: readonly number[];
}

/** A timer of a model. */
export interface ModelTimer {
  readonly id: string;
  readonly delay: string;
  readonly state: string;
}

/** What the application asks of an actor. */
export interface Asked {
  readonly actor: Address;
  readonly request: Tagged;
}

export interface Outcomes {
  /** What was noted of messages and transitions so far. */
  readonly log: ReceptionLog;
  readonly timers: readonly ModelTimer[];
  readonly observations: Interned<Observation>;
  readonly answers: Interned<Performed>;
  readonly asked: Interned<Asked>;
  readonly localStates: number;
  /** How many local states are of failed actors. */
  readonly failures: number;
  readonly memo: { readonly hits: number; readonly misses: number; readonly recomputed: number };
  /** The number of an actor's local state before it is started, in one of the ways in which it may begin. */
  unborn(actor: number, variant: number): number;
  local(id: number): Local;
  /** The index of the actor whose local state it is. */
  actorOf(id: number): number;
  /** The number of a local state. */
  idOf(actor: number, local: Local): number;
  /** The happenings that depend on nothing but the local state: pairs of kind and number. */
  ownHappenings(id: number): readonly number[];
  /** Whether it is the local state of an actor whose rule threw. */
  hasFailed(id: number): boolean;
  /** Whether it is remembered that a request does nothing at local state `id`, so that it need not be asked. */
  isKnownNoStep(id: number, asked: number, now: number): boolean;
  /** What happening (`kind`, `number`) does at local state `id`, at tick `now`; undefined when it cannot happen. */
  of(id: number, kind: number, number: number, now: number): LocalOutcome | undefined;
  /** Runs what asks for outcomes, with each of them worked out again, and the steps of charts in it told to `hear`. */
  telling<T>(hear: (outcome: LocalOutcome, steps: readonly ChartStep[]) => void, run: () => T): T;
}

export interface OutcomesOptions {
  readonly memoise: boolean;
  /** How many memo hits pass between two that are worked out again and compared. */
  readonly recomputeEvery: number;
}
