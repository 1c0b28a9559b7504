/**
 * What distinguishes consistency models: for each and the next weaker one, the shortest history that it forbids and the other allows,
 * found by trying all histories of registers, the shorter ones first. Histories that differ in names alone are tried once.
 */

import type { Clock } from '../../environment/clock.ts';
import { Effort } from '../effort.ts';
import { register } from '../models.ts';
import type { History } from '../operation.ts';
import { readHistory } from '../reader.ts';
import { type ConsistencyName, consistencyModels, consistencyNames, judges } from './models.ts';

/** A shortest history that tells two models apart. */
export interface Separation {
  readonly stronger: ConsistencyName;
  /** Undefined where no weaker model stands below: then the history is the shortest that is forbidden at all. */
  readonly weaker: ConsistencyName | undefined;
  /** The lines of the history, in the format of files; `readHistory(lines, register())` reads them. */
  readonly lines: readonly string[];
  readonly history: History;
  /** One line per process: `1: write x 1, read y → null`. Where time matters, one line per operation instead, in the order of time. */
  readonly text: readonly string[];
  /** Histories that were tried, this one included. */
  readonly tried: number;
}

/** How far histories are tried. */
export interface SeparationLimits {
  /** Operations. Default 5. */
  readonly operations?: number;
  /** Processes. Default 3. */
  readonly processes?: number;
  /** Objects. Default 2. */
  readonly objects?: number;
}

/** One operation of a history that is tried: a write, or a read of the write at that place, or of the initial value (-1). */
interface Drawn {
  readonly process: number;
  readonly object: number;
  readonly reads: number | undefined;
}

const objectNames = ['x', 'y', 'z', 'u', 'v', 'w'];
const model = register();
/** Far more than so few operations take. */
const stepLimit = 1_000_000;
/** Nothing is limited by time, so that the same is found everywhere. */
const stillClock: Clock = { nowMs: () => 0, setTimeout: () => 0, clearTimeout: () => {}, enqueue: () => {} };

/** All pairs of a model and the next weaker one, in the order of `consistencyNames`. */
export const separationPairs: readonly (readonly [ConsistencyName, ConsistencyName | undefined])[] =
  consistencyNames.flatMap((stronger): (readonly [ConsistencyName, ConsistencyName | undefined])[] => {
    const { implies } = consistencyModels[stronger];
    return implies.length === 0 ? [[stronger, undefined]] : implies.map((weaker) => [stronger, weaker] as const);
  });

/**
 * The shortest history of registers that `stronger` forbids and `weaker` allows; of several, the one with fewest processes and
 * objects. All its operations are answered, and each reads a value that had been written before, or the initial one.
 *
 * @returns undefined where there is none within the limits
 * @example
 * shortestSeparation('linearizable', 'sequential')?.text // ['1: write x 1', '2: read x → null']
 */
export function shortestSeparation(
  stronger: ConsistencyName,
  weaker: ConsistencyName | undefined,
  { operations = 5, processes = 3, objects = 2 }: SeparationLimits = {},
): Separation | undefined {
  const isTimed = [stronger, weaker].some((name) => name === 'linearizable' || name === 'eventual');
  let tried = 0;
  for (let size = 1; size <= operations; size += 1) {
    for (let of = 1; of <= processes; of += 1) {
      for (let over = 1; over <= objects; over += 1) {
        for (const unordered of histories(size, of, over, isTimed)) {
          const drawn = inTime(unordered, isTimed);
          if (drawn === undefined) continue;
          tried += 1;
          const lines = linesOf(drawn);
          const history = readHistory(lines, model);
          if (verdictOf(history, stronger) !== 'violation') continue;
          if (weaker !== undefined && verdictOf(history, weaker) !== 'satisfied') continue;
          return { stronger, weaker, lines, history, text: textOf(drawn, isTimed), tried };
        }
      }
    }
  }
  return undefined;
}

/** The shortest separation of each pair in `separationPairs` that has one within the limits. */
export const shortestSeparations = (limits: SeparationLimits = {}): Separation[] =>
  separationPairs.flatMap(([stronger, weaker]) => shortestSeparation(stronger, weaker, limits) ?? []);

/** Which consistency models a history of a separation satisfies, and which it violates. */
export const verdictsOf = (history: History): Readonly<Record<'satisfied' | 'violated', ConsistencyName[]>> => ({
  satisfied: consistencyNames.filter((name) => verdictOf(history, name) === 'satisfied'),
  violated: consistencyNames.filter((name) => verdictOf(history, name) === 'violation'),
});

const verdictOf = ({ operations }: History, name: ConsistencyName) =>
  judges[name](operations, model, new Effort({ clock: stillClock, stepLimit })).verdict;

/** Histories of so many operations, of exactly so many processes and objects. */
function* histories(size: number, processes: number, objects: number, isTimed: boolean): Generator<Drawn[]> {
  for (const skeleton of skeletons(size, processes, objects, isTimed)) yield* withSources(skeleton, 0);
}

/** Who reads or writes what. Processes and objects are numbered as they first occur; `reads` says no more than that it is a read. */
function* skeletons(
  size: number,
  processes: number,
  objects: number,
  isTimed: boolean,
  before: readonly Drawn[] = [],
): Generator<readonly Drawn[]> {
  const seenProcesses = 1 + Math.max(-1, ...before.map(({ process }) => process));
  const seenObjects = 1 + Math.max(-1, ...before.map(({ object }) => object));
  if (before.length === size) {
    if (seenProcesses === processes && seenObjects === objects) yield before;
    return;
  }
  // Without time, what each process did may as well stand together.
  const from = isTimed ? 0 : Math.max(0, seenProcesses - 1);
  for (let process = from; process < Math.min(seenProcesses + 1, processes); process += 1) {
    for (let object = 0; object < Math.min(seenObjects + 1, objects); object += 1) {
      for (const reads of [undefined, -1]) {
        yield* skeletons(size, processes, objects, isTimed, [...before, { process, object, reads }]);
      }
    }
  }
}

/** A skeleton with every choice of what is read. */
function* withSources(skeleton: readonly Drawn[], place: number): Generator<Drawn[]> {
  const drawn = skeleton[place];
  if (drawn === undefined) {
    yield [...skeleton];
    return;
  }
  if (drawn.reads === undefined) {
    yield* withSources(skeleton, place + 1);
    return;
  }
  const sources = skeleton.flatMap(({ object, reads }, source) =>
    reads === undefined && object === drawn.object ? [source] : [],
  );
  for (const reads of [-1, ...sources]) yield* withSources(skeleton.with(place, { ...drawn, reads }), place + 1);
}

/**
 * A history in an order of time in which nothing is read before it is written; undefined where there is none.
 *
 * @param isTimed whether it already is in order
 */
function inTime(drawn: readonly Drawn[], isTimed: boolean): readonly Drawn[] | undefined {
  if (isTimed) return drawn.every(({ reads = -1 }, place) => reads < place) ? drawn : undefined;
  const order: number[] = [];
  for (let isLonger = true; isLonger; ) {
    isLonger = false;
    for (const [place, { process, reads = -1 }] of drawn.entries()) {
      if (order.includes(place) || (reads !== -1 && !order.includes(reads))) continue;
      if (drawn.some((other, at) => at < place && other.process === process && !order.includes(at))) continue;
      order.push(place);
      isLonger = true;
    }
  }
  if (order.length < drawn.length) return undefined;
  return order.flatMap((place) => {
    const it = drawn[place];
    return it === undefined ? [] : [it.reads === undefined ? it : { ...it, reads: order.indexOf(it.reads) }];
  });
}

/** Values are numbered in the order of the writes. */
function writtenAt(drawn: readonly Drawn[], place: number): number | null {
  return place === -1 ? null : drawn.slice(0, place + 1).filter(({ reads }) => reads === undefined).length;
}

function linesOf(drawn: readonly Drawn[]): string[] {
  return drawn.flatMap(({ process, object, reads }, place) => {
    const call = {
      process: process + 1,
      f: reads === undefined ? 'write' : 'read',
      key: objectNames[object] ?? object,
    };
    return [
      { ...call, type: 'invoke', ...(reads === undefined && { value: writtenAt(drawn, place) }) },
      { ...call, type: 'ok', ...(reads !== undefined && { value: writtenAt(drawn, reads) }) },
    ].map((line) => JSON.stringify(line));
  });
}

function textOf(drawn: readonly Drawn[], isTimed: boolean): string[] {
  const shown = drawn.map(({ process, object, reads }, place) => {
    const name = objectNames[object] ?? String(object);
    const text =
      reads === undefined ? `write ${name} ${writtenAt(drawn, place)}` : `read ${name} → ${writtenAt(drawn, reads)}`;
    return { process: process + 1, text };
  });
  if (isTimed) return shown.map(({ process, text }) => `${process}: ${text}`);
  return [...new Set(shown.map(({ process }) => process))].sort().map(
    (process) =>
      `${process}: ${shown
        .filter((it) => it.process === process)
        .map(({ text }) => text)
        .join(', ')}`,
  );
}
