/**
 * Namespaces: the keys that begin with a name and a slash, counted, with a quota of keys and of bytes beyond which no write
 * takes them. The counts are part of the state and follow from the log alone, so that all nodes refuse the same writes.
 */

/** Namespaces at once. A constant, as the others, because all nodes must agree on it. */
export const namespacesLimit = 1_000;
/** The longest name, in UTF-16 code units. */
export const namespaceNameLimit = 64;
/** Keys that there may be already when a namespace is made of them: they are counted in one turn. */
export const namespaceBeginLimit = 5_000;

/** What a namespace may have at most; without a field, anything. */
export interface Quota {
  readonly keys?: number;
  /** Of keys and of values. */
  readonly bytes?: number;
}

/** How much a namespace has, or more or less than before. */
export interface Usage {
  readonly keys: number;
  /** Of keys in UTF-8 and of values. */
  readonly bytes: number;
}

/** What is done to a key: it gets a value, loses it, or is only read. */
type Done =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'delete' | 'get'; readonly key: string };

/** A namespace as it stands; replaced as a whole. */
export interface Namespace extends Usage {
  readonly name: string;
  readonly quota: Quota;
}

/** Whether `name` may be a namespace: 1 to 64 code units of well-formed text without a slash. */
export const isNamespaceName = (name: string): boolean =>
  name.length > 0 && name.length <= namespaceNameLimit && !/\/|\p{Surrogate}/u.test(name);

/** What all keys of a namespace begin with. */
export const prefixOfNamespace = (name: string): string => `${name}/`;

/** What a namespace may not have more of. */
export type QuotaRefusal = 'quota-keys' | 'quota-bytes';

export class Namespaces {
  readonly #byName = new Map<string, Namespace>();

  get size(): number {
    return this.#byName.size;
  }

  get(name: string): Namespace | undefined {
    return this.#byName.get(name);
  }

  /** All of them, by name. */
  all(): readonly Namespace[] {
    return [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  set(namespace: Namespace): void {
    this.#byName.set(namespace.name, namespace);
  }

  remove(name: string): void {
    this.#byName.delete(name);
  }

  clear(): void {
    this.#byName.clear();
  }

  /** `key` gets the value `after` in the place of `before`; undefined for none. */
  changed(key: string, before: Uint8Array | undefined, after: Uint8Array | undefined): void {
    const namespace = this.#of(key);
    if (namespace === undefined) return;
    const { keys, bytes } = growthBy(key, before, after);
    this.set({ ...namespace, keys: namespace.keys + keys, bytes: namespace.bytes + bytes });
  }

  /** What quota some operations, done together, would exceed; one that they do not make worse does not count. */
  refusalOf(
    operations: readonly Done[],
    valueUnder: (key: string) => Uint8Array | undefined,
  ): QuotaRefusal | undefined {
    if (this.size === 0) return undefined;
    const growth = new Map<Namespace, Usage>();
    for (const operation of operations) {
      const namespace = operation.type === 'get' ? undefined : this.#of(operation.key);
      if (namespace === undefined) continue;
      const after = operation.type === 'put' ? operation.value : undefined;
      const { keys, bytes } = growthBy(operation.key, valueUnder(operation.key), after);
      const sum = growth.get(namespace) ?? { keys: 0, bytes: 0 };
      growth.set(namespace, { keys: sum.keys + keys, bytes: sum.bytes + bytes });
    }
    for (const [{ keys, bytes, quota }, more] of growth) {
      if (more.keys > 0 && keys + more.keys > (quota.keys ?? Number.POSITIVE_INFINITY)) return 'quota-keys';
      if (more.bytes > 0 && bytes + more.bytes > (quota.bytes ?? Number.POSITIVE_INFINITY)) return 'quota-bytes';
    }
    return undefined;
  }

  #of(key: string): Namespace | undefined {
    if (this.size === 0) return undefined;
    const slash = key.indexOf('/');
    return slash < 0 ? undefined : this.#byName.get(key.slice(0, slash));
  }
}

const utf8 = new TextEncoder();

function growthBy(key: string, before: Uint8Array | undefined, after: Uint8Array | undefined): Usage {
  const keys = (after === undefined ? 0 : 1) - (before === undefined ? 0 : 1);
  return { keys, bytes: keys * utf8.encode(key).length + (after?.length ?? 0) - (before?.length ?? 0) };
}
