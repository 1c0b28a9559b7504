/** What is worked out of a part of a state that many states share: a search meets the same records and histories millions of times. */

/** `make`, which is called once for each key; its results live as long as their keys. */
export function oncePer<Key extends object, T extends NonNullable<unknown>>(make: (key: Key) => T): (key: Key) => T {
  const known = new WeakMap<Key, T>();
  return (key) => {
    const before = known.get(key);
    if (before !== undefined) return before;
    const now = make(key);
    known.set(key, now);
    return now;
  };
}
