/** What a runner tells of its steps and flushes to those who inspect the node: whole where it is wanted, or else that they were. */

import type { Address, Step, Tagged } from '../../../statecharts/actor.ts';
import type { Inspection } from '../inspection.ts';
import type { Offered, Released } from '../outbox.ts';
import type { RoleCause } from '../role-change.ts';

/** How a step came about. */
export interface Occasion {
  readonly from: Address;
  readonly cause: Tagged;
  /** Of the change of role, if it is one. */
  readonly roleCause: RoleCause | undefined;
  /** Whether an observer wants the step. */
  readonly isWanted: boolean;
}

/** Tells of a step whose effects were offered to the outbox. */
export function tellStep(
  inspection: Inspection,
  actor: Address,
  { state: { snapshot }, transitions, effects }: Step,
  { from, cause, isWanted }: Occasion,
  { released, records }: Offered,
): void {
  if (!isWanted) {
    inspection.passStep(actor, released);
    return;
  }
  inspection.report({
    type: 'step',
    actor,
    from,
    cause,
    transitions,
    effects,
    pending: effects.length - released.length - records.length,
    state: snapshot.value,
    context: snapshot.context,
  });
}

/** Tells that `batch` is durable. What that releases is always told: it may be of a step that was wanted. */
export function tellFlushed(
  inspection: Inspection,
  actor: Address,
  batch: number,
  released: readonly Released[],
  atMs: number,
): void {
  if (inspection.wants(atMs)) inspection.report({ type: 'flushed', actor, batch });
  else inspection.passFlush();
  if (released.length > 0) inspection.report({ type: 'released', actor, effects: released });
}
