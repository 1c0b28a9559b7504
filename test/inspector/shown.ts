/** What the Stately Inspector is shown of nodes, for tests. */

import type { Node } from '../../src/host/node.ts';
import { type StatelyEvent, showNode } from '../../src/inspector/stately.ts';
import type { Address } from '../../statecharts/actor.ts';

/** What was shown since the nodes are watched. */
export interface Shown {
  /** The chart that an actor was introduced with. */
  chartOf(actor: Address): unknown;
  /** The types of the messages from one actor to another, in the order in which they were first shown. */
  messages(from: Address, to: Address): string[];
}

/** Watches `nodes` from now on. */
export function shownOf(nodes: readonly Node[]): Shown {
  const events: StatelyEvent[] = [];
  for (const node of nodes) showNode(node, { send: (event) => events.push(event) });
  return {
    chartOf: (actor) =>
      events
        .flatMap((event) =>
          event.type === '@xstate.actor' && event.sessionId === actor ? (event.definition ?? []) : [],
        )
        .map((definition) => JSON.parse(definition).id)[0],
    messages: (from, to) => [
      ...new Set(
        events.flatMap((event) =>
          event.type === '@xstate.event' && event.sourceId === from && event.sessionId === to ? event.event.type : [],
        ),
      ),
    ],
  };
}
