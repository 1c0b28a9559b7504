/**
 * The feed of a counterexample: the steps of a run that the checker found, as the items of a dashboard. `atMs` is the number
 * of the step, from 1; what stands at 0 is how the run begins.
 */

import { type Address, canonicalKey, nodeOf, type Tagged } from '../../statecharts/actor.ts';
import {
  type ChartStep,
  type CheckResult,
  type InTransit,
  type ModelStep,
  type PropertyResult,
  stepText,
  type Trace,
  type TraceStep,
} from '../checker.ts';
import type { FeedItem, Shown } from './feed.ts';
import { shortText, shownActor, shownCause, shownEffects, shownMessage, shownTransitions } from './shown.ts';

/** A property with the run that violates it, whose steps of charts were told (`tellsCharts`). */
export type Counterexample = PropertyResult & { readonly trace: Trace };

/** The first property that was violated, with its run. */
export const counterexampleOf = ({ properties }: Pick<CheckResult, 'properties'>): Counterexample | undefined =>
  properties.find((it): it is Counterexample => it.verdict === 'violated' && it.trace !== undefined);

/** The feed of a counterexample of the system `model`. */
export function checkFeed(model: string, { name, kind, trace }: Counterexample): readonly FeedItem[] {
  const nodes = [...new Set(trace.start.map(({ actor }) => nodeOf(actor)))];
  const items = new CheckItems(nodes);
  items.begins(trace);
  for (const [at, detail] of trace.details.entries()) items.step(detail, at + 1);
  const [node = ''] = nodes;
  const { length } = trace.details;
  const ending = trace.loopFrom === undefined ? '' : `; from step ${trace.loopFrom + 1} on the same again, for ever`;
  return [
    { type: 'head', source: 'check', title: `${model}: ${name}`, nodes, takesFaults: false },
    ...items.all,
    { type: 'violation', node, atMs: length, claim: name, text: `${kind}: violated in ${length} steps${ending}` },
  ];
}

interface Named {
  readonly key: string;
  readonly name: string;
}

class CheckItems {
  readonly all: Shown[] = [];
  readonly #nodes: readonly string[];
  /** Sends that steps asked for and that have not left, and messages on their way; both by what they are. */
  #asked: Named[] = [];
  #underWay: Named[] = [];
  #names = 0;

  constructor(nodes: readonly string[]) {
    this.#nodes = nodes;
  }

  begins({ standing = [] }: Trace): void {
    for (const node of this.#nodes) this.all.push({ type: 'up', node, atMs: 0 });
    for (const { actor, definition, state } of standing) {
      this.all.push({ type: 'actor', node: nodeOf(actor), atMs: 0, ...shownActor(actor, definition, state) });
    }
  }

  step({ step, changes, sent, chartSteps = [] }: TraceStep, atMs: number): void {
    const taken = this.#happening(step, atMs);
    let delivered = taken;
    for (const chartStep of chartSteps) {
      const isOfIt = delivered !== undefined && nodeOf(chartStep.from) !== nodeOf(chartStep.actor);
      this.#chartStep(chartStep, atMs, isOfIt ? delivered : undefined);
      if (isOfIt) delivered = undefined;
    }
    for (const envelope of sent) this.#sent(envelope, atMs);
    for (const { actor, life } of changes) {
      const node = nodeOf(actor);
      if (life === 'absent') this.all.push({ type: 'gone', node, atMs, actor });
      else if (life === 'failed') this.all.push({ type: 'gone', node, atMs, actor, error: 'a rule threw' });
    }
  }

  /** Tells what a step is beside what charts do in it. @returns the name of the message that it delivers */
  #happening(step: ModelStep, atMs: number): string | undefined {
    const [first = ''] = this.#nodes;
    switch (step.type) {
      case 'deliver':
        return this.#take(step);
      case 'duplicate':
        return this.#underWay.find(({ key }) => key === keyOf(step))?.name;
      case 'lose': {
        const { from, to, message } = step;
        const sent = named(this.#take(step));
        const what = { from, to, message: shownMessage(message), reason: 'lost on the way' };
        this.all.push({ type: 'lost', node: nodeOf(to), atMs, ...sent, ...what });
        return undefined;
      }
      case 'flush':
        this.all.push({ type: 'flushed', node: nodeOf(step.actor), atMs, actor: step.actor });
        return undefined;
      case 'crash':
        this.#asked = this.#asked.filter(({ key }) => !key.startsWith(`${step.node}/`));
        this.all.push({ type: 'down', node: step.node, atMs, reason: 'crashed' });
        return undefined;
      case 'restart':
        this.all.push({ type: 'up', node: step.node, atMs });
        return undefined;
      case 'execute':
      case 'change':
        this.#atResource(step.resource, stepText(step), first, atMs);
        return undefined;
      case 'request':
        this.#atResource('application', shortText(step.request), nodeOf(step.actor), atMs);
        return undefined;
      default:
        // What happens to one actor is told by the step that its chart takes.
        return undefined;
    }
  }

  /** What is asked or done outside of the actors, and is over at once. */
  #atResource(client: string, text: string, node: string, atMs: number): void {
    const id = this.#name('o');
    this.all.push({ type: 'operation', node, atMs, id, phase: 'began', client, text });
    this.all.push({ type: 'operation', node, atMs, id, phase: 'ended', client, text });
  }

  #chartStep(step: ChartStep, atMs: number, sent: string | undefined): void {
    const { actor, definition, state, from, cause, transitions, effects } = step;
    const id = this.#name('s');
    this.all.push({
      type: 'step',
      node: nodeOf(actor),
      atMs,
      id,
      from,
      cause: shownCause(cause, definition),
      ...named(sent),
      transitions: shownTransitions(transitions),
      effects: shownEffects(effects),
      ...shownActor(actor, definition, state),
    });
    for (const effect of effects) {
      if (effect.type !== 'send' || nodeOf(effect.to) === nodeOf(actor)) continue;
      this.#asked.push({ key: keyOf({ from: actor, to: effect.to, message: effect.message }), name: id });
    }
  }

  #sent({ from, to, message }: InTransit, atMs: number): void {
    if (nodeOf(from) === nodeOf(to)) return;
    const key = keyOf({ from, to, message });
    const at = this.#asked.findIndex((it) => it.key === key);
    const [asked] = at < 0 ? [] : this.#asked.splice(at, 1);
    const id = this.#name('m');
    this.#underWay.push({ key, name: id });
    const step = asked === undefined ? {} : { step: asked.name };
    this.all.push({ type: 'sent', node: nodeOf(from), atMs, id, ...step, from, to, message: shownMessage(message) });
  }

  /** A message arrives, or is lost. */
  #take(envelope: InTransit): string | undefined {
    const key = keyOf(envelope);
    const at = this.#underWay.findIndex((it) => it.key === key);
    return at < 0 ? undefined : this.#underWay.splice(at, 1)[0]?.name;
  }

  #name(kind: string): string {
    this.#names += 1;
    return `${kind}${this.#names}`;
  }
}

const named = (sent: string | undefined): { readonly sent?: string } => (sent === undefined ? {} : { sent });

const keyOf = ({ from, to, message }: { readonly from: Address; readonly to: Address; readonly message: Tagged }) =>
  `${from} ${to} ${canonicalKey(message)}`;
