/** The ways in which a run of a model may begin. */

import { canonicalKey } from '../../../statecharts/actor.ts';
import type { Model, ModelActor } from '../model.ts';

/** A first state: which of its variants each actor is, and what else is otherwise than the model says. */
export interface FirstState<History> {
  readonly name: string;
  readonly variants: readonly number[];
  readonly history: History | undefined;
  readonly resources: Readonly<Record<string, unknown>>;
}

/** What tells the ways apart in which an actor may begin. */
const keyOf = ({ input, asks, laterLives }: ModelActor): string => canonicalKey([input, asks, laterLives]);

/** For each actor of a model the different ways in which it may begin; the model's own is the first. */
export function variantsOf<History>({ actors, starts = {} }: Model<History>): readonly (readonly ModelActor[])[] {
  const others = Object.values(starts).flatMap((start) => start.actors ?? []);
  return actors.map((actor) => {
    const ways = new Map([[keyOf(actor), actor]]);
    for (const other of others) if (other.address === actor.address) ways.set(keyOf(other), other);
    return [...ways.values()];
  });
}

/** The first states of a model. */
export function firstStatesOf<History>(
  { actors, history, starts = { 'as the model says': {} } }: Model<History>,
  variants: readonly (readonly ModelActor[])[],
): readonly FirstState<History>[] {
  return Object.entries(starts).map(([name, start]) => ({
    name,
    variants: actors.map((own, index) => {
      const key = keyOf(start.actors?.find(({ address }) => address === own.address) ?? own);
      return Math.max(0, variants[index]?.findIndex((way) => keyOf(way) === key) ?? 0);
    }),
    history: start.history ?? history?.start,
    resources: start.resources ?? {},
  }));
}
