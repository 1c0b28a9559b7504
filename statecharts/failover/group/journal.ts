/** The story of a group, as its register tells it: which changes were made, in their order, the latest ones. */

import * as v from 'valibot';
import type { Change } from './changes.ts';
import { phases, reasons, type Standing } from './standing.ts';

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** One change that was made. It has no instant: clocks of managers need not agree, so each notes for itself when it learned of it. */
export const transition = v.object({
  revision: natural,
  term: natural,
  manager: v.nullable(v.string()),
  change: v.string(),
  epoch: natural,
  version: natural,
  phase: v.picklist(phases),
  reason: v.nullable(v.picklist(reasons)),
  /** The primary, or the candidate as long as it is none. */
  server: v.nullable(v.string()),
});
export type Transition = Readonly<v.InferOutput<typeof transition>>;

/** A journal keeps so many transitions, the latest ones. */
export const maxTransitions = 256;

/** The journal once `change` has made `after` of the standing. */
export function journaled(
  journal: readonly Transition[],
  change: Pick<Change, 'type'>,
  after: Standing,
): readonly Transition[] {
  const { revision, term, manager, epoch, version, phase, reason, primary, candidate } = after;
  const server = (candidate ?? primary)?.server ?? null;
  const made: Transition = { revision, term, manager, change: change.type, epoch, version, phase, reason, server };
  return [...journal, made].slice(-maxTransitions);
}
