/** Breadth-first search through every reachable state, checking what can be told state by state. */

import type { Clock } from '../../environment/clock.ts';
import type { Comparison, SystemState } from '../model.ts';
import { faults, kindCode } from '../steps.ts';
import type { System } from '../system/system.ts';
import { createStateTable, type StateTable } from '../tables/states.ts';
import { createStraying, type Stray } from './straying.ts';
import type { Path } from './trace.ts';
import type { Watch } from './watch.ts';

/** How a running check is doing. */
export interface Progress {
  readonly states: number;
  readonly transitions: number;
  /** States per second since the last report. */
  readonly statesPerSecond: number;
  readonly depth: number;
  /** States that were found and not yet explored. */
  readonly frontier: number;
  readonly seconds: number;
}

export interface ExploreOptions<History> {
  readonly clock: Clock;
  readonly maxStates: number;
  readonly watch: Watch;
  readonly progressIntervalMs: number;
  readonly onProgress?: (progress: Progress) => void;
  /** Goes on after a violation, to the end. */
  readonly keepGoing: boolean;
  /** Each returns whether a state is bad; the first bad one is remembered. */
  readonly violations: readonly ((state: SystemState<History>, vector: Uint32Array) => boolean)[];
  /** Each returns whether a state reaches a goal; the first that does is remembered. */
  readonly goals: readonly ((state: SystemState<History>) => boolean)[];
  /** With specifications that it is to refine. */
  readonly comparisons: readonly Comparison<History>[];
  readonly mayEnd?: (state: SystemState<History>) => boolean;
  /** Called with the number of each state after all of its steps were visited. */
  readonly onExpanded: (state: number) => void;
}

export interface Explored {
  readonly states: StateTable;
  /** The different states in which runs begin. */
  readonly roots: number[];
  /** The states with a number below this one have been explored. */
  readonly expanded: number;
  readonly transitions: number;
  /** The number of states on the longest of all shortest paths; a first state alone is 1. */
  readonly depth: number;
  /** Steps that led over the boundary. */
  readonly pruned: number;
  readonly stoppedBy?: 'violation' | 'states' | 'seconds';
  /** Per violation and goal: the number of the first such state, or -1. */
  readonly violated: readonly number[];
  readonly reached: readonly number[];
  /** Per comparison the first step that is none of the specification. */
  readonly strays: readonly (Stray | undefined)[];
  /** A state from which no step but a fault leads on, and which may not end; -1 if none was found. */
  readonly deadlock: number;
  /** One like that, but for a step that is withheld; -1 if none was found. */
  readonly openDeadlock: number;
}

/** By the number of a kind of step, whether it is a fault. */
const isFaultCode: readonly boolean[] = Object.entries(kindCode).reduce<boolean[]>((codes, [kind, code]) => {
  codes[code] = faults.some((fault) => fault === kind);
  return codes;
}, []);

/** How many states are explored between two looks at the clock. */
const statesPerLook = 256;

/** Explores `system`. */
export function explore<History>(system: System<History>, options: ExploreOptions<History>): Explored {
  const { clock, watch, violations, goals, comparisons, keepGoing, mayEnd } = options;
  const { boundary } = system.model;
  const { width } = system.layout;
  const states = createStateTable(width);
  const violated = violations.map(() => -1);
  const reached = goals.map(() => -1);
  const openGoals = new Set(goals.keys());
  const state = new Uint32Array(width);
  const startedMs = clock.nowMs();
  let lastReportMs = startedMs;
  let lastReportStates = 0;
  let transitions = 0;
  let pruned = 0;
  let depth = 1;
  let levelEnd = 0;
  let deadlock = -1;
  let openDeadlock = -1;
  /** Of the state that is being explored: how many steps are no faults, and how many of those are withheld. */
  let steps = 0;
  let withheld = 0;
  let current = 0;
  let isViolated = false;
  let stoppedBy: Explored['stoppedBy'];

  const straying = createStraying(comparisons, () => {
    isViolated = true;
  });
  const compares = comparisons.length > 0;

  const judge = (vector: Uint32Array, number: number, seen: SystemState<History>): void => {
    for (let index = 0; index < violations.length; index += 1) {
      if (violated[index] === -1 && violations[index]?.(seen, vector) === true) {
        violated[index] = number;
        isViolated = true;
      }
    }
    for (const index of openGoals) {
      if (goals[index]?.(seen) === true) {
        reached[index] = number;
        openGoals.delete(index);
      }
    }
  };
  const watchWithheld = {
    withheld(kind: number): void {
      if (isFaultCode[kind] !== true) withheld += 1;
    },
  };
  const visit = (kind: number, _a: number, _b: number, next: Uint32Array): void => {
    if (isFaultCode[kind] !== true) steps += 1;
    transitions += 1;
    const known = states.find(next);
    if (known >= 0) {
      if (compares) straying.followed(current, known);
      return;
    }
    const seen = system.view(next);
    if (boundary !== undefined && !boundary(seen)) {
      pruned += 1;
      return;
    }
    const added = states.add(next, current);
    judge(next, added, seen);
    if (!compares) return;
    straying.found(seen);
    straying.followed(current, added);
  };
  const look = (): void => {
    const nowMs = clock.nowMs();
    if (watch.isOver) stoppedBy = 'seconds';
    if (options.onProgress === undefined || nowMs - lastReportMs < options.progressIntervalMs) return;
    options.onProgress({
      states: states.count,
      transitions,
      statesPerSecond: ((states.count - lastReportStates) * 1000) / (nowMs - lastReportMs),
      depth,
      frontier: states.count - current,
      seconds: (nowMs - startedMs) / 1000,
    });
    lastReportMs = nowMs;
    lastReportStates = states.count;
  };

  const endsHere = (at: number): void => {
    if (mayEnd === undefined || steps > 0 || mayEnd(system.view(state))) return;
    if (withheld > 0) {
      if (openDeadlock < 0) openDeadlock = at;
    } else if (deadlock < 0) {
      deadlock = at;
      isViolated = true;
    }
  };

  const roots: number[] = [];
  for (const { state: first } of system.starts) {
    if (states.find(first) >= 0) continue;
    const root = states.add(first, states.count);
    roots.push(root);
    judge(first, root, system.view(first));
    if (compares) straying.began(system.view(first), root);
  }
  levelEnd = states.count;
  while (current < states.count && stoppedBy === undefined) {
    if (isViolated && !keepGoing) {
      stoppedBy = 'violation';
      break;
    }
    if (states.count > options.maxStates) {
      stoppedBy = 'states';
      break;
    }
    if (current === levelEnd) {
      depth += 1;
      levelEnd = states.count;
    }
    states.read(current, state);
    steps = 0;
    withheld = 0;
    system.expand(state, visit, mayEnd === undefined ? undefined : watchWithheld);
    endsHere(current);
    options.onExpanded(current);
    current += 1;
    if (current % statesPerLook === 0) look();
  }
  if (isViolated && stoppedBy === undefined && !keepGoing && current < states.count) stoppedBy = 'violation';
  return {
    states,
    roots,
    expanded: current,
    transitions,
    depth,
    pruned,
    violated,
    reached,
    strays: straying.strays,
    deadlock,
    openDeadlock,
    ...(stoppedBy === undefined ? {} : { stoppedBy }),
  };
}

/** The shortest path to a state. */
export function pathTo({ states }: Explored, state: number): Path {
  const way = [state];
  for (let at = state; states.parentOf(at) !== at; at = states.parentOf(at)) way.push(states.parentOf(at));
  const [root = 0, ...others] = way.reverse();
  return { root, legs: others.map((to) => ({ to })) };
}
