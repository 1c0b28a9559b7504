/**
 * A map whose entries come and go all the time. V8 links each table that a Map has outgrown to the next one, so that one
 * table which has grown old keeps all later ones alive, with what was in them, until a full collection. Here the tables
 * hold cells, which are emptied when their entries go.
 */

interface Cell<Value> {
  value: Value | undefined;
}

/** What is used of a `Map`, for values that are never undefined. */
export class ShortLivedMap<Key, Value extends object> {
  readonly #cells = new Map<Key, Cell<Value>>();

  get size(): number {
    return this.#cells.size;
  }

  has(key: Key): boolean {
    return this.#cells.has(key);
  }

  get(key: Key): Value | undefined {
    return this.#cells.get(key)?.value;
  }

  set(key: Key, value: Value): void {
    const cell = this.#cells.get(key);
    if (cell === undefined) this.#cells.set(key, { value });
    else cell.value = value;
  }

  /** @returns whether there was an entry */
  delete(key: Key): boolean {
    const cell = this.#cells.get(key);
    if (cell === undefined) return false;
    cell.value = undefined;
    return this.#cells.delete(key);
  }

  clear(): void {
    for (const cell of this.#cells.values()) cell.value = undefined;
    this.#cells.clear();
  }

  /** In the order in which the entries were added. */
  keys(): readonly Key[] {
    return [...this.#cells.keys()];
  }

  /** In the order in which the entries were added. */
  values(): readonly Value[] {
    const values: Value[] = [];
    for (const { value } of this.#cells.values()) if (value !== undefined) values.push(value);
    return values;
  }
}
