/** Which states of a chart are active, by their ids, as an actor's state value says. */

/** The ids below `machine`, parents first: of `{ leader: 'quorum' }`, `m.leader` and `m.leader.quorum`. */
export function activeIn(machine: string, value: unknown): readonly string[] {
  if (typeof value === 'string') return [`${machine}.${value}`];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    `${machine}.${key}`,
    ...activeIn(`${machine}.${key}`, inner),
  ]);
}
