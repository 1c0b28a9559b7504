/** Keys whose values are text, JSON, or whatever else a codec makes of bytes. */

import { MalformedValueError } from '../errors.ts';
import type { Versioned } from './commands.ts';
import type { KeyValueStore, PutOptions, RangeOptions, ReadOptions, Swap } from './contract.ts';
import type { Selection } from './selection.ts';

/** How values are bytes. `decode` throws for bytes that are none. */
export interface Codec<T> {
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array): T;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text in UTF-8. */
export const textCodec: Codec<string> = {
  encode: (value) => new TextEncoder().encode(value),
  decode: (bytes) => utf8.decode(bytes),
};

/** JSON. @param read checks what was decoded, such as `(it) => v.parse(schema, it)`, and throws when it is something else */
export const jsonCodec = <T>(read: (value: unknown) => T): Codec<T> => ({
  encode(value) {
    const text = JSON.stringify(value);
    if (text === undefined) throw new MalformedValueError(`expected a value that JSON has, got ${typeof value}`);
    return textCodec.encode(text);
  },
  decode: (bytes) => read(JSON.parse(textCodec.decode(bytes))),
});

/** A value and its version. */
export interface Typed<T> {
  readonly value: T;
  readonly version: number;
}

/** A store of values of one type; the same as the `KeyValueStore` under it, which has all else. */
export interface TypedStore<T> {
  /** @throws MalformedValueError when the bytes there are no such value; what `KeyValueStore.get` throws */
  get(key: string, options?: ReadOptions): Promise<Typed<T> | undefined>;
  put(key: string, value: T, options?: PutOptions): Promise<{ readonly version: number }>;
  compareAndSet(key: string, expected: number | undefined, value: T, options?: PutOptions): Promise<Swap>;
  /** Throws as `get` does. */
  entries(
    selection: Selection,
    options?: Omit<RangeOptions, 'withValues'>,
  ): AsyncIterable<Typed<T> & { readonly key: string }>;
}

/**
 * Puts a codec before a store.
 *
 * @example
 * const settings = typedStore(client, jsonCodec((it) => v.parse(settingsSchema, it)));
 * await settings.put('limits', { requests: 100 });
 */
export function typedStore<T>(
  store: Pick<KeyValueStore, 'get' | 'put' | 'compareAndSet' | 'entries'>,
  codec: Codec<T>,
): TypedStore<T> {
  const decoded = (key: string, { value, version }: Versioned): Typed<T> => {
    try {
      return { value: codec.decode(value), version };
    } catch (cause) {
      throw new MalformedValueError(`expected another value under '${key}' than its ${value.length} bytes`, { cause });
    }
  };
  return {
    async get(key, options) {
      const found = await store.get(key, options);
      return found && decoded(key, found);
    },
    put: async (key, value, options) => store.put(key, codec.encode(value), options),
    compareAndSet: async (key, expected, value, options) =>
      store.compareAndSet(key, expected, codec.encode(value), options),
    async *entries(selection, options) {
      for await (const { key, value, version } of store.entries(selection, options)) {
        yield { key, ...decoded(key, { value: value ?? new Uint8Array(), version }) };
      }
    },
  };
}
