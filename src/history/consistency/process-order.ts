/**
 * The order in which each process went on: an operation stands after those that its process had an answer to before. One of unknown
 * outcome may take effect at any later time, so nothing stands after it for that reason.
 */

import type { ProcessId } from '../operation.ts';
import type { Access } from './access.ts';
import type { ViewBuilder } from './view.ts';

/** The accesses of each process, in its order. */
export function byProcess(accesses: readonly Access[]): Map<ProcessId, Access[]> {
  const groups = new Map<ProcessId, Access[]>();
  for (const access of accesses) {
    const { process } = access.operation;
    const group = groups.get(process);
    if (group === undefined) groups.set(process, [access]);
    else group.push(access);
  }
  return groups;
}

/** An access, and its place in a view. */
export interface Placed {
  readonly access: Access;
  readonly place: number;
}

/** The same with their places, for views that hold all accesses in their order. */
export function placedByProcess(accesses: readonly Access[]): Map<ProcessId, Placed[]> {
  const placeOf = new Map(accesses.map((access, place) => [access, place]));
  return new Map(
    [...byProcess(accesses)].map(([process, group]) => [
      process,
      group.map((access) => ({ access, place: placeOf.get(access) ?? 0 })),
    ]),
  );
}

/** Orders accesses of one process, given in its order. */
export function orderInTurn(builder: ViewBuilder, placed: readonly Placed[]): void {
  let last: number | undefined;
  for (const { access, place } of placed) {
    if (last !== undefined) builder.order(last, place);
    if (!access.isUnknown) last = place;
  }
}
