/**
 * Which resource was the last one in earlier lives of a manager. A branch that they left prepared does not say where its
 * transaction is decided; its id names the life, and the life names the last resource, whose commit is the decision.
 */

import * as v from 'valibot';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** Lives of a manager with one and the same last resource. */
export const lastResource = v.object({
  /** The first of them. */
  from: count,
  /** The latest of them; lives in between that had none decided nothing by it. */
  to: count,
  last: v.string(),
  /** Where their transactions may have left prepared branches. */
  resources: v.array(v.string()),
});
export type LastResource = Readonly<v.InferOutput<typeof lastResource>>;

/** What a life of a manager works with. */
export interface Surroundings {
  readonly incarnation: number;
  /** The resource that decides by its own commit, if there is one. */
  readonly last: string | undefined;
  /** All resources at which transactions can have branches. */
  readonly resources: readonly string[];
}

/** More changes of the last resource than this are not remembered while branches of all of them may be prepared. */
export const maxLastResources = 64;

/** Adds a life to what is known, oldest first. Beyond the limit the oldest is given up: its branches need a person. */
export function withLife(known: readonly LastResource[], life: Surroundings): readonly LastResource[] {
  const { incarnation, last, resources } = life;
  if (last === undefined) return known;
  const newest = known.at(-1);
  if (newest?.last !== last) {
    return [...known, { from: incarnation, to: incarnation, last, resources: [...resources] }].slice(-maxLastResources);
  }
  const all = [...new Set([...newest.resources, ...resources])];
  return [...known.slice(0, -1), { ...newest, to: incarnation, resources: all }];
}

/** The last resource of a life; undefined when it is not known, or not any more. */
export const lastResourceIn = (known: readonly LastResource[], incarnation: number): string | undefined =>
  known.find(({ from, to }) => from <= incarnation && incarnation <= to)?.last;

/** Gives up what is known of earlier lives, where at every resource of theirs nothing can be prepared any more. */
export function withoutSettled(
  known: readonly LastResource[],
  life: Surroundings,
  isSettled: (resource: string) => boolean,
): readonly LastResource[] {
  const { incarnation, resources } = life;
  return known.flatMap((it) => {
    if (it.from === incarnation || !it.resources.every(isSettled)) return [it];
    return it.to === incarnation ? [{ ...it, from: incarnation, resources: [...resources] }] : [];
  });
}
