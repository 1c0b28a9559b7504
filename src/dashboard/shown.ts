/** How messages, actors and what they ask for are shown: small, bounded, and the same wherever a feed comes from. */

import type { ActorState, Address, AnyActor, Effect, Send, Tagged } from '../../statecharts/actor.ts';
import { type Bounds, bounded } from '../inspector/bounded.ts';
import type { ShownActor, ShownMessage, ShownTransition } from './feed.ts';

/** A feed holds thousands of messages and contexts, so each is shown in less than an inspector would. */
const feedBounds: Bounds = { depth: 5, members: 16, stringLength: 120 };

/** Longer texts are cut. */
const maxTextLength = 120;

/** A message, bounded. */
export const shownMessage = (message: Tagged, bounds = feedBounds): ShownMessage => ({
  ...Object(bounded(message, bounds)),
  type: message.type,
});

/** What an actor takes in: of a timer the delay, and not what XState calls its event. */
export function shownCause(cause: Tagged, definition: AnyActor | undefined, bounds = feedBounds): ShownMessage {
  const timer = definition?.allTimers.get(cause.type);
  return timer === undefined ? shownMessage(cause, bounds) : { type: `after ${timer.delay}` };
}

/** How an actor stands. */
export function shownActor(actor: Address, definition: AnyActor, state: ActorState, bounds = feedBounds): ShownActor {
  const role = definition.roleAt(state);
  return {
    actor,
    chart: definition.name,
    value: state.snapshot.value,
    ...(role === undefined ? {} : { role }),
    context: bounded(state.snapshot.context, bounds),
  };
}

/** Transitions as a feed tells them. */
export const shownTransitions = (
  transitions: readonly { readonly id: string; readonly rule?: string }[],
): readonly ShownTransition[] => transitions.map(({ id, rule }) => (rule === undefined ? { id } : { id, rule }));

/** What a step asked for besides sends, in short. */
export const shownEffects = (effects: readonly Effect[]): readonly string[] =>
  effects.filter((effect) => effect.type !== 'send').map(effectText);

function effectText(effect: Exclude<Effect, Send>): string {
  switch (effect.type) {
    case 'persist':
      return `persist ${effect.record.type}`;
    case 'deliver':
      return `deliver ${effect.output.type}`;
    case 'perform':
      return `perform ${effect.operation.type} at ${effect.resource}`;
  }
}

/** Plain data on one line, without names where they go without saying: `put a 3`. */
export function shortText(value: unknown): string {
  const text = isRecord(value) ? Object.values(value).map(partText).join(' ') : partText(value);
  return text.length <= maxTextLength ? text : `${text.slice(0, maxTextLength)}…`;
}

const partText = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(bounded(value, feedBounds)) ?? '');

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
