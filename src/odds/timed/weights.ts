/**
 * What turns a model into a question of chance: how long things take, and how probable what the model leaves open is. Time
 * goes in ticks; what is due in one tick happens in any order, which is the only thing that stays for a scheduler to choose.
 */

import type { ActorState, Address, AnyActor, Tagged, Timer } from '../../../statecharts/actor.ts';
import type { ResourceChange, ResourceStep } from '../../checker.ts';
import { ProcessError } from '../errors.ts';
import { isProbability, wrongSumOf } from '../probabilities.ts';

/** A number of ticks, or several with their probabilities, which add up to 1. */
export type Ticks = number | readonly { readonly ticks: number; readonly probability: number }[];

/** A place in the range of a delay: 0 is its lower end, 1 its upper one. */
export interface DrawnAt {
  readonly fraction: number;
  readonly probability: number;
}

/** A node that is to crash, if it runs then. */
export interface ScheduledCrash {
  readonly node: string;
  readonly afterTicks: number;
  readonly probability?: number;
}

/** What is asked of an actor because of what another one of its node has told. */
export interface Reaction {
  readonly actor: Address;
  readonly request: Tagged;
}

/** How likely nodes are to fail. */
export interface CrashWeights {
  /** The nodes that may crash. Default all. */
  readonly nodes?: readonly string[];
  /**
   * The probability that a running node crashes in a tick. Default 0. Where it is followed what comes of it, each tick is a state of
   * its own, so that long timers make many.
   */
  readonly perTick?: number;
  /**
   * Crashes at an instant, each so many ticks after everything begins and with its probability, 1 by default: what is asked is
   * what comes of them.
   */
  readonly scheduled?: readonly ScheduledCrash[];
  /** The probability that a crashed node starts again in a tick. Default 0. */
  readonly restartPerTick?: number;
  /** How many crashes are followed in one run, as `maxLosses`. Default any number. */
  readonly maxCrashes?: number;
}

export interface Weights {
  /** The probability that a message between two nodes is lost. Default 0. */
  readonly loss?: number;
  /** For how many ticks nothing is lost, because what is asked about begins with a system that works. Default 0. */
  readonly losslessTicks?: number;
  /**
   * How many losses are followed in one run. What comes after one more is not looked into: it widens the bounds of
   * probabilities by how probable it is. Default any number.
   */
  readonly maxLosses?: number;
  /** How long it takes otherwise, at least 1 tick. Default 1. */
  readonly delay?: Ticks;
  /** By the names of the charts' delays: how long timers wait, at least 1 tick; `never` where none fires. */
  readonly timers?: Readonly<Record<string, Ticks | 'never'>>;
  /**
   * Of all other timers: where in the range that the actor's definition gives they are drawn, in whole ticks of `tickMs`. Default
   * none, so that each timer must be named in `timers`.
   */
  readonly drawnAt?: readonly DrawnAt[];
  /** How long it takes until a resource carries out what it is asked, at least 1 tick. Default 1. */
  readonly operations?: Ticks;
  /** The probabilities of the ways in which an operation may end, where there are several; in their order. */
  readonly waysOf?: (resource: string, operation: Tagged, ways: readonly ResourceStep[]) => readonly number[];
  /**
   * How long what may happen to a resource by itself takes until it does, from when it is possible on; at least 1 tick.
   * Needed for resources that have such `changes`.
   */
  readonly changes?: (resource: string, change: Pick<ResourceChange, 'name' | 'of'>) => Ticks | 'never';
  readonly crashes?: CrashWeights;
  /** What applications ask, and after how many ticks. */
  readonly requests?: readonly { readonly actor: Address; readonly request: Tagged; readonly afterTicks: number }[];
  /**
   * What applications ask at once when an actor has told them something: a manager of what its detector thinks. Default
   * nothing. The two actors are of one node.
   */
  readonly reactions?: (actor: Address, output: Tagged) => readonly Reaction[];
  /** When everything ends. Without it time does not count, and a state is the same at any tick. */
  readonly horizonTicks?: number;
  /** How long a tick is, for actors that read the time and for delays that are drawn. Default 1. */
  readonly tickMs?: number;
}

/** Something that may come out in several ways. */
export type Lottery<Value> = readonly { readonly probability: number; readonly value: Value }[];

/** What is certain. */
export const surely = <Value>(value: Value): Lottery<Value> => [{ probability: 1, value }];

/** One of two: `yes` with the probability. */
export const either = <Value>(probability: number, yes: Value, no: Value): Lottery<Value> =>
  [
    { probability, value: yes },
    { probability: 1 - probability, value: no },
  ].filter((way) => way.probability > 0);

/** @throws ProcessError for what is no probability */
export function checkProbability(name: string, probability: number): void {
  if (isProbability(probability)) return;
  throw new ProcessError(`expected a probability from 0 to 1 for ${name}, got ${probability}`);
}

/** How long something takes. @throws ProcessError for what is no distribution, or takes no time */
export function durationOf(name: string, ticks: Ticks): Lottery<number> {
  const ways = typeof ticks === 'number' ? [{ ticks, probability: 1 }] : ticks;
  for (const way of ways) {
    checkProbability(name, way.probability);
    if (Number.isSafeInteger(way.ticks) && way.ticks >= 1) continue;
    throw new ProcessError(`expected 1 tick or more for ${name}, got ${way.ticks}`);
  }
  const sum = wrongSumOf(ways);
  if (sum !== undefined) throw new ProcessError(`expected probabilities that add up to 1 for ${name}, got ${sum}`);
  return ways.filter((way) => way.probability > 0).map((way) => ({ probability: way.probability, value: way.ticks }));
}

/** How long a timer waits that an actor has armed, in ticks; nothing where it never fires. */
export type Waits = (definition: AnyActor, timer: Timer, state: ActorState) => Lottery<number>;

/**
 * How long timers wait by these weights.
 *
 * @throws ProcessError for what is no distribution; and so does the answer, for a timer of which nothing is said
 */
export function waitsOf({ timers = {}, drawnAt = [], tickMs = 1 }: Weights): Waits {
  const named = new Map(
    Object.entries(timers).map(([name, ticks]) => [
      name,
      ticks === 'never' ? [] : durationOf(`the delay '${name}'`, ticks),
    ]),
  );
  for (const { fraction } of drawnAt) checkProbability('the fraction of a range', fraction);
  return (definition, timer, state) => {
    const wait = named.get(timer.delay);
    if (wait !== undefined) return wait;
    if (drawnAt.length === 0) {
      throw new ProcessError(
        `expected to be told how long '${timer.delay}' is, got nothing; give it in timers, or 'never', or give drawnAt`,
      );
    }
    const { minMs, maxMs } = definition.rangeOf(timer, state);
    const ways = drawnAt.map(({ fraction, probability }) => ({
      ticks: Math.max(1, Math.round((minMs + (maxMs - minMs) * fraction) / tickMs)),
      probability,
    }));
    return durationOf(`the delay '${timer.delay}'`, ways);
  };
}
