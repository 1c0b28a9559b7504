/**
 * What a picture of a history shows, and where. Time runs to the right, one lane per process. A picture holds the
 * operations that matter most for the verdict: the one that cannot be linearized, those under way with it, and those just
 * before; it counts what it leaves out. Distances follow time, but neither a rush nor a long pause may take the picture.
 */

import type { ObjectResult } from '../check.ts';
import type { FaultInterval, History, Moment, Operation, ProcessId } from '../operation.ts';

/** How much a picture holds. */
export interface PictureLimits {
  /** Operations. Default 100. */
  readonly operations?: number;
  /** Processes, a lane each. Default 40. */
  readonly processes?: number;
  /** Faults. Default 30. */
  readonly faults?: number;
}

export type Standing = 'linearized' | 'culprit' | 'open' | 'failed';

export interface Bar {
  readonly operation: Operation;
  /** What became of it in the linearization: took effect there, cannot, does not (yet), or never happened. */
  readonly standing: Standing;
  readonly lane: number;
  readonly left: number;
  readonly right: number;
  /** Where the client gave up, for an unknown outcome; the bar goes on to the end of the picture. */
  readonly gaveUp: number | undefined;
  /** Room for a label, up to the next bar in the lane. */
  readonly room: number;
}

/** The place of an operation in the linearization, and where it can have taken effect. */
export interface EffectPoint {
  readonly rank: number;
  readonly lane: number;
  readonly x: number;
}

export interface FaultBar {
  readonly fault: FaultInterval;
  readonly row: number;
  readonly left: number;
  readonly right: number;
}

export interface Layout {
  readonly processes: readonly ProcessId[];
  readonly bars: readonly Bar[];
  readonly points: readonly EffectPoint[];
  readonly faults: readonly FaultBar[];
  readonly ticks: readonly { readonly x: number; readonly timeMs: number }[];
  readonly width: number;
  readonly hidden: { readonly operations: number; readonly faults: number };
}

const narrowestGap = 12;
const widestGap = 48;
const tickDistance = 110;

/** Lays out one object's operations; x is in pixels, from 0. */
export function layOut(history: History, object: ObjectResult, limits: PictureLimits = {}): Layout {
  const { operations: operationLimit = 100, processes: processLimit = 40, faults: faultLimit = 30 } = limits;
  const all = history.operations.filter(({ key }) => key === object.key);
  const { chosen, processes } = choose(all, object, operationLimit, processLimit);
  const begin = Math.min(...chosen.map(({ invokedAt }) => invokedAt.line));
  const end = Math.max(...chosen.map(({ invokedAt, completedAt }) => completedAt?.line ?? invokedAt.line));
  const relevant = history.faults.filter((fault) => fault.begin.line <= end && (fault.end?.line ?? end) >= begin);
  const faults = relevant.slice(-faultLimit);

  const moments = [
    ...chosen.flatMap(({ invokedAt, completedAt }) => [invokedAt, completedAt]),
    ...faults.flatMap((fault) => [fault.begin, fault.end]),
  ].filter((moment) => moment !== undefined && moment.line >= begin && moment.line <= end);
  const axis = axisOf(moments.filter((moment) => moment !== undefined));
  const width = axis.width + widestGap;

  const laneOf = new Map(processes.map((process, lane) => [process, lane]));
  const rankOf = new Map(object.linearization.map(({ index }, rank) => [index, rank]));
  const bars = chosen.map((operation): Bar => {
    const left = axis.xOf(operation.invokedAt.line);
    const unknown = operation.outcome === 'unknown';
    const completed = operation.completedAt === undefined ? undefined : axis.xOf(operation.completedAt.line);
    const following = chosen.find(
      ({ process, invokedAt }) => process === operation.process && invokedAt.line > operation.invokedAt.line,
    );
    return {
      operation,
      standing: standingOf(operation, object, rankOf),
      lane: laneOf.get(operation.process) ?? 0,
      left,
      right: unknown ? width : (completed ?? width),
      gaveUp: unknown ? completed : undefined,
      room: (following === undefined ? width + 160 : axis.xOf(following.invokedAt.line)) - left,
    };
  });
  return {
    processes,
    bars,
    points: effectPoints(object.linearization, bars, axis),
    faults: faults.map((fault, row) => ({
      fault,
      row,
      left: axis.xOf(Math.max(begin, fault.begin.line)),
      right: fault.end === undefined || fault.end.line > end ? width : axis.xOf(fault.end.line),
    })),
    ticks: axis.ticks,
    width,
    hidden: { operations: all.length - chosen.length, faults: history.faults.length - faults.length },
  };
}

function standingOf(operation: Operation, { stuckAt }: ObjectResult, rankOf: ReadonlyMap<number, number>): Standing {
  if (operation.outcome === 'failed') return 'failed';
  if (operation.index === stuckAt?.index) return 'culprit';
  return rankOf.has(operation.index) ? 'linearized' : 'open';
}

/** The operations that a picture holds, in the order of invocation, and their processes, sorted. */
function choose(
  all: readonly Operation[],
  { stuckAt }: ObjectResult,
  operationLimit: number,
  processLimit: number,
): { chosen: readonly Operation[]; processes: readonly ProcessId[] } {
  const pivot = stuckAt?.completedAt?.line ?? Number.POSITIVE_INFINITY;
  const lastSeen = ({ invokedAt, completedAt, outcome }: Operation): number =>
    outcome === 'unknown' ? invokedAt.line : (completedAt?.line ?? invokedAt.line);
  // What ended before the pivot matters the more the later it ended; what was under way matters first, what came after last.
  const weight = (operation: Operation): number => {
    if (operation === stuckAt) return Number.POSITIVE_INFINITY;
    if (operation.invokedAt.line > pivot) return -operation.invokedAt.line;
    return Math.min(lastSeen(operation), pivot);
  };
  const processes = new Set<ProcessId>();
  const chosen: Operation[] = [];
  for (const operation of all.toSorted((a, b) => weight(b) - weight(a) || a.index - b.index)) {
    if (chosen.length === operationLimit) break;
    if (!processes.has(operation.process) && processes.size === processLimit) continue;
    processes.add(operation.process);
    chosen.push(operation);
  }
  return { chosen: chosen.sort((a, b) => a.index - b.index), processes: [...processes].sort(compareProcesses) };
}

const compareProcesses = (a: ProcessId, b: ProcessId): number =>
  typeof a === 'number' && typeof b === 'number' ? a - b : String(a) < String(b) ? -1 : 1;

interface Axis {
  readonly width: number;
  readonly ticks: Layout['ticks'];
  /** The place of a line, or that of the next one that has a place. */
  xOf(line: number): number;
  /** The distance from the place of a line to the next place. */
  gapAfter(line: number): number;
}

function axisOf(moments: readonly Moment[]): Axis {
  const places = [...new Map(moments.map((moment) => [moment.line, moment])).values()].sort((a, b) => a.line - b.line);
  const gaps = places.slice(1).map(({ timeMs }, index) => timeMs - (places[index]?.timeMs ?? timeMs));
  const usualMs = gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)] || 1;
  const xs: number[] = [];
  let x = narrowestGap;
  for (const index of places.keys()) {
    if (index > 0)
      x += Math.min(widestGap, Math.max(narrowestGap, ((gaps[index - 1] ?? 0) / usualMs) * 2 * narrowestGap));
    xs.push(Math.round(x));
  }
  const indexOf = (line: number): number => {
    const index = places.findIndex((place) => place.line >= line);
    return index === -1 ? places.length - 1 : index;
  };
  const ticks: { x: number; timeMs: number }[] = [];
  for (const [index, { timeMs }] of places.entries()) {
    const at = xs[index] ?? 0;
    const before = ticks.at(-1);
    if (before === undefined || at - before.x >= tickDistance) ticks.push({ x: at, timeMs });
  }
  return {
    width: xs.at(-1) ?? 0,
    ticks,
    xOf: (line) => xs[indexOf(line)] ?? 0,
    gapAfter: (line) => (xs[indexOf(line) + 1] ?? Number.NaN) - (xs[indexOf(line)] ?? 0) || narrowestGap,
  };
}

/** Each operation takes effect as early as the order allows: once it was invoked, and after those before it. */
function effectPoints(linearization: readonly Operation[], bars: readonly Bar[], axis: Axis): EffectPoint[] {
  const barOf = new Map(bars.map((bar) => [bar.operation.index, bar]));
  const groups = new Map<number, { rank: number; lane: number }[]>();
  let line = 0;
  for (const [rank, operation] of linearization.entries()) {
    line = Math.max(line, operation.invokedAt.line);
    const bar = barOf.get(operation.index);
    if (bar === undefined) continue;
    const group = groups.get(line) ?? [];
    group.push({ rank, lane: bar.lane });
    groups.set(line, group);
  }
  return [...groups].flatMap(([at, group]) =>
    group.map((point, index) => ({
      ...point,
      x: Math.round(axis.xOf(at) + (axis.gapAfter(at) * (index + 1)) / (group.length + 1)),
    })),
  );
}
