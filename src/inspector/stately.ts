/**
 * Shows a node in the Stately Inspector: its charts, where they stand, and the messages between them as a sequence
 * diagram. Speaks the inspection events of `@statelyai/inspect`, to any of its adapters. A session's id is the actor's
 * address, and so begins with the node's id: XState's own ids collide when several processes are watched together.
 */

import type { Subscription } from 'rxjs';
import { type Address, type AnyActor, nodeOf, type Send } from '../../statecharts/actor.ts';
import { systemOriginMs } from '../environment/clock.ts';
import { type InspectionEvent, leavingAtOnce } from '../host/inspection.ts';
import type { Node } from '../host/node.ts';
import { type Bounds, bounded, defaultBounds } from './bounded.ts';

interface StatelyBase {
  readonly rootId: string;
  readonly sessionId: string;
  readonly createdAt: string;
  readonly id: string;
  readonly _version: string;
}

/** The events of `@statelyai/inspect` that an adapter takes. */
export type StatelyEvent = StatelyBase &
  (
    | {
        readonly type: '@xstate.actor';
        readonly name: string;
        readonly parentId: undefined;
        readonly definition: string | undefined;
        readonly snapshot: StatelySnapshot;
      }
    | { readonly type: '@xstate.event'; readonly event: StatelyCause; readonly sourceId: string | undefined }
    | { readonly type: '@xstate.snapshot'; readonly event: StatelyCause; readonly snapshot: StatelySnapshot }
  );

interface StatelyCause {
  readonly type: string;
}

interface StatelySnapshot {
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  readonly value?: unknown;
  readonly context?: unknown;
  readonly output: undefined;
  readonly error: undefined;
}

/** Where the events go: the `adapter` of an inspector of `@statelyai/inspect`, or anything of its form. */
export interface StatelyAdapter {
  send(event: StatelyEvent): void;
}

/** The form of the inspection events that this speaks. */
const formVersion = '0.7.2';

/** Addresses that are known to have been introduced; beyond it the oldest may be introduced again. */
const introducedLimit = 10_000;

/**
 * Shows `node` to `adapter` from now on: first the actors that are alive, then what they do.
 *
 * @param originMs when the node's clock began, in milliseconds of the epoch; by default the system's clock
 * @returns a subscription; while there is none, watching costs the node nothing
 *
 * @example
 * const inspector = createWebSocketInspector({ url: 'ws://localhost:8080' });
 * const node = createNode({ id: 'n1', bus, journal, inspect: (node) => showNode(node, inspector.adapter) });
 */
export function showNode(
  node: Node,
  adapter: StatelyAdapter,
  bounds: Bounds = defaultBounds,
  originMs: number = systemOriginMs,
): Subscription {
  const introduced = new Set<Address>();
  let count = 0;
  const base = (actor: Address, atMs: number): StatelyBase => {
    count += 1;
    return {
      rootId: actor,
      sessionId: actor,
      createdAt: String(Math.round(originMs + atMs)),
      id: `${node.id}:${count}`,
      _version: formVersion,
    };
  };
  const introduce = (actor: Address, atMs: number): void => {
    if (introduced.has(actor)) return;
    introduced.add(actor);
    const [oldest] = introduced;
    if (introduced.size > introducedLimit && oldest !== undefined) introduced.delete(oldest);
    const known = node.peek(actor);
    adapter.send({
      ...base(actor, atMs),
      type: '@xstate.actor',
      name: actor,
      parentId: undefined,
      definition: known === undefined ? undefined : definitionOf(known.definition),
      snapshot: snapshotOf(known?.state.snapshot.value, known?.state.snapshot.context, bounds),
    });
  };
  /** What goes to other nodes is shown as it leaves, since its arrival is not seen here. */
  const showSends = (actor: Address, effects: readonly { readonly type: string }[], atMs: number): void => {
    for (const effect of effects) {
      if (!isSend(effect) || nodeOf(effect.to) === node.id) continue;
      introduce(effect.to, atMs);
      adapter.send({
        ...base(effect.to, atMs),
        type: '@xstate.event',
        event: { ...Object(bounded(effect.message, bounds)), type: effect.message.type },
        sourceId: actor,
      });
    }
  };
  const show = (event: InspectionEvent): void => {
    if (event.type === 'started') {
      // An actor that lived here before is introduced again, with its new state.
      introduced.delete(event.actor);
      introduce(event.actor, event.atMs);
      return;
    }
    if (event.type === 'stopped' || (event.type === 'failed' && event.actor !== undefined)) {
      const { actor } = event;
      if (actor === undefined || !introduced.delete(actor)) return;
      const status = event.type === 'stopped' ? 'done' : 'error';
      adapter.send({
        ...base(actor, event.atMs),
        type: '@xstate.snapshot',
        event: { type: event.type },
        snapshot: { status, output: undefined, error: undefined },
      });
      return;
    }
    if (event.type === 'released') {
      showSends(event.actor, event.effects, event.atMs);
      return;
    }
    if (event.type !== 'step') return;
    introduce(event.actor, event.atMs);
    if (event.from !== event.actor) introduce(event.from, event.atMs);
    const cause = { ...Object(bounded(event.cause, bounds)), type: event.cause.type };
    adapter.send({
      ...base(event.actor, event.atMs),
      type: '@xstate.event',
      event: cause,
      sourceId: event.from === event.actor ? undefined : event.from,
    });
    adapter.send({
      ...base(event.actor, event.atMs),
      type: '@xstate.snapshot',
      event: cause,
      snapshot: snapshotOf(event.state, event.context, bounds),
    });
    showSends(event.actor, leavingAtOnce(event), event.atMs);
  };
  for (const actor of node.actors()) introduce(actor, 0);
  return node.inspection.subscribe(show);
}

const isSend = (effect: { readonly type: string }): effect is Send => effect.type === 'send';

const snapshotOf = (value: unknown, context: unknown, bounds: Bounds): StatelySnapshot => ({
  status: 'active',
  value,
  context: bounded(context, bounds),
  output: undefined,
  error: undefined,
});

/** The chart as the inspector draws it. Functions show as their names: they are built-in actions such as `raise`. */
const definitionOf = ({ chart }: AnyActor): string =>
  JSON.stringify(chart.config, (_key, value: unknown) =>
    typeof value === 'function' ? { type: value.name === '' ? 'inline' : value.name } : value,
  );
