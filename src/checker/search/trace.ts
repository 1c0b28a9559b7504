/**
 * Traces: runs of a model, step by step, with what came of each step. The search stores only from which state each was
 * first reached; a trace is made by running that path again.
 */

import { type Address, canonicalKey, type Tagged } from '../../../statecharts/actor.ts';
import { NotPureError } from '../errors.ts';
import type { InTransit, Life } from '../model.ts';
import type { ModelStep } from '../steps.ts';
import type { ChartStep, Standing } from '../system/chart-step.ts';
import type { LocalOutcome } from '../system/outcomes.ts';
import type { System } from '../system/system.ts';
import type { Visit } from '../system/visits/visit.ts';
import { elementAt } from '../tables/interned.ts';
import { valueText } from '../value-text.ts';
import { describeStep } from './describe.ts';

/** How an actor changed in a step. */
export interface Change {
  readonly actor: Address;
  readonly life: Life;
  /** Its chart's state value, rendered as plain text, and its role; undefined while it is not running. */
  readonly state: string | undefined;
  readonly role: string | undefined;
}

/** What came of one step. */
export interface TraceStep {
  readonly step: ModelStep;
  readonly changes: readonly Change[];
  readonly sent: readonly InTransit[];
  readonly outputs: readonly { readonly actor: Address; readonly output: Tagged }[];
  /** The steps that charts took in it, in order; only where they were asked for. */
  readonly chartSteps?: readonly ChartStep[];
}

/** A run from the first state on. */
export interface Trace {
  /** The steps as data, for tests that assert an exact path. */
  readonly steps: readonly ModelStep[];
  readonly details: readonly TraceStep[];
  /** Where the actors stand before the first step. */
  readonly start: readonly Change[];
  /** The same, with all that they know; only where steps of charts were asked for. */
  readonly standing?: readonly Standing[];
  /** How the model calls this way to begin, when it has several. */
  readonly begins?: string;
  /** For a run that goes on for ever: the steps from this one on (counted from 0) repeat. */
  readonly loopFrom?: number;
}

/** A step on a path: the state that it leads to, and which step it is, when that matters. */
export interface Leg {
  readonly to: number;
  readonly key?: string;
}

/** A run: the state in which it begins, and the steps; for one that goes on for ever, where its loop begins. */
export interface Path {
  readonly root: number;
  readonly legs: readonly Leg[];
  readonly loopFrom?: number;
}

/** How the search tells which stored state a vector stands for, and steps apart. */
export interface Landmarks {
  numberOf(state: Uint32Array): number;
  keyOf(kind: number, a: number, b: number): string;
}

/**
 * Takes a run again.
 *
 * @param tellsCharts whether the steps of charts are told, too. Default false
 * @throws NotPureError when it cannot be taken again
 */
export function retrace<History>(
  system: System<History>,
  { root, legs, loopFrom }: Path,
  landmarks: Landmarks,
  tellsCharts = false,
): Trace {
  const details: TraceStep[] = [];
  const first = system.starts.find((it) => landmarks.numberOf(it.state) === root);
  if (first === undefined) throw new NotPureError('a run began in no state in which runs begin; something is not pure');
  let { state } = first;
  const start = changesOf(system, undefined, state);
  for (const { to, key } of legs) {
    let found: { readonly next: Uint32Array; readonly detail: TraceStep } | undefined;
    let seen: [number, LocalOutcome][] = [];
    const charts = new Map<LocalOutcome, readonly ChartStep[]>();
    const before = state;
    const visit: Visit = (kind, a, b, next) => {
      const happened = seen;
      seen = [];
      if (found !== undefined || landmarks.numberOf(next) !== to) return;
      if (key !== undefined && landmarks.keyOf(kind, a, b) !== key) return;
      const after = new Uint32Array(next);
      const detail = detailOf(system, describeStep(system, before, kind, a, b), before, after, happened);
      const chartSteps = happened.flatMap(([, outcome]) => charts.get(outcome) ?? []);
      found = { next: after, detail: tellsCharts ? { ...detail, chartSteps } : detail };
    };
    const expand = (): void =>
      system.expand(before, visit, { happened: (actor, outcome) => seen.push([actor, outcome]) });
    if (tellsCharts) system.outcomes.telling((outcome, steps) => charts.set(outcome, steps), expand);
    else expand();
    if (found === undefined) throw new NotPureError('a path that was found cannot be run again; something is not pure');
    details.push(found.detail);
    state = found.next;
  }
  return {
    steps: details.map(({ step }) => step),
    details,
    start,
    ...(tellsCharts ? { standing: standingOf(system, first.state) } : {}),
    ...(system.starts.length === 1 ? {} : { begins: first.name }),
    ...(loopFrom === undefined ? {} : { loopFrom }),
  };
}

/** The actors that are running in a state. */
function standingOf<History>({ model, outcomes }: System<History>, state: Uint32Array): readonly Standing[] {
  return model.actors.flatMap(({ address, definition }, index) => {
    const local = outcomes.local(state[index] ?? 0);
    return local.state === undefined ? [] : [{ actor: address, definition, state: local.state }];
  });
}

function detailOf<History>(
  system: System<History>,
  step: ModelStep,
  before: Uint32Array,
  after: Uint32Array,
  happened: readonly (readonly [number, LocalOutcome])[],
): TraceStep {
  const { envelopes, model } = system;
  return {
    step,
    changes: changesOf(system, before, after),
    sent: happened.flatMap(([, { sent, sentLocally }]) =>
      [...sent, ...sentLocally].map((envelope) => envelopes.at(envelope)),
    ),
    outputs: happened.flatMap(([actor, { outputs }]) =>
      outputs.map((output) => ({ actor: elementAt(model.actors, actor).address, output })),
    ),
  };
}

function changesOf<History>(system: System<History>, before: Uint32Array | undefined, after: Uint32Array): Change[] {
  const { model, outcomes } = system;
  const changeOf = (actor: number, id: number): Change => {
    const { address, definition } = elementAt(model.actors, actor);
    const { life, state } = outcomes.local(id);
    const value: unknown = state?.snapshot.value;
    return {
      actor: address,
      life,
      state: value === undefined ? undefined : valueText(value),
      role: state === undefined ? undefined : definition.roleAt(state),
    };
  };
  return model.actors.flatMap((_actor, index) => {
    const change = changeOf(index, after[index] ?? 0);
    if (before === undefined) return [change];
    const was = changeOf(index, before[index] ?? 0);
    return canonicalKey(was) === canonicalKey(change) ? [] : [change];
  });
}
