/** A limited number of connections, told apart by where they come from, so that no place takes all of them from others. */

export interface Places<Held> {
  readonly size: number;
  add(held: Held, place: string): void;
  /** @returns whether it was there */
  delete(held: Held): boolean;
  /** How many come from a place. */
  countOf(place: string): number;
  /** Those, oldest first. */
  heldBy(place: string): readonly Held[];
  /**
   * Takes out the latest one of the place from which most come, so that one more may come from `place`. None where that
   * place would hold less than `place` then: two of them would take turns for ever.
   */
  giveWayTo(place: string): Held | undefined;
  /** The place from which most come, and those, oldest first; undefined when there are none. */
  greediest(): { readonly place: string; readonly held: readonly Held[] } | undefined;
}

export function createPlaces<Held>(): Places<Held> {
  const placeOf = new Map<Held, string>();
  const byPlace = new Map<string, Set<Held>>();
  const remove = (held: Held): boolean => {
    const place = placeOf.get(held);
    if (place === undefined) return false;
    placeOf.delete(held);
    const there = byPlace.get(place);
    there?.delete(held);
    if (there?.size === 0) byPlace.delete(place);
    return true;
  };
  const countOf = (place: string): number => byPlace.get(place)?.size ?? 0;
  const greediest: Places<Held>['greediest'] = () => {
    let most: readonly [place: string, held: ReadonlySet<Held>] | undefined;
    for (const entry of byPlace) if (most === undefined || entry[1].size > most[1].size) most = entry;
    return most === undefined ? undefined : { place: most[0], held: [...most[1]] };
  };
  return {
    get size() {
      return placeOf.size;
    },
    add(held, place) {
      placeOf.set(held, place);
      const there = byPlace.get(place);
      if (there === undefined) byPlace.set(place, new Set([held]));
      else there.add(held);
    },
    delete: remove,
    countOf,
    heldBy: (place) => [...(byPlace.get(place) ?? [])],
    giveWayTo(place) {
      const held = greediest()?.held ?? [];
      const latest = held.at(-1);
      if (latest === undefined || held.length <= countOf(place) + 1) return undefined;
      remove(latest);
      return latest;
    },
    greediest,
  };
}
