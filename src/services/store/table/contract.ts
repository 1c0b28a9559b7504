/** What a table tells: what stands under keys, what happened to them, and all of it as of some moment. */

/** What stands under a key. */
export interface Stored {
  /** Only lent: it is to be read before the table changes. */
  readonly value: Uint8Array;
  readonly version: number;
}

/** A key that is come to in the order of all, where it stands: its value is behind it. Only lent. */
export interface ScannedKey {
  readonly bytes: Uint8Array;
  /** Of the key in UTF-8, in `bytes`. */
  readonly keyAt: number;
  readonly keyLength: number;
  /** Undefined where nothing stood under it. */
  readonly valueLength: number | undefined;
  readonly version: number;
}

/** What a key was set to, or that it was deleted, at some revision. */
export interface Change {
  /** In UTF-8; only lent. */
  readonly key: Uint8Array;
  readonly revision: number;
  /** Undefined for a deletion; only lent. */
  readonly value: Uint8Array | undefined;
  /** The version that was replaced or deleted; undefined where there was none. */
  readonly previousVersion: number | undefined;
}

/** An entry of a state as of some floor. */
export interface TableEntry extends Stored {
  readonly key: string;
}

/** A change as a snapshot has it. */
export interface KeptChange {
  readonly key: string;
  readonly revision: number;
  /** Undefined for a deletion; only lent. */
  readonly value: Uint8Array | undefined;
  /** What it counts for among those that are kept. */
  readonly sizeBytes: number;
}

/** What a view tells next. */
export type TablePart =
  /** What has changed since the floor, in its order; these parts come first. */
  | { readonly type: 'changes'; readonly changes: readonly KeptChange[] }
  /** Of the state as of the floor, in no particular order. */
  | { readonly type: 'entries'; readonly entries: readonly TableEntry[] };

/** A table as of some moment. */
export interface TableView {
  /** Before it, the view tells of nothing. */
  readonly floor: number;
  /**
   * The next part: as much as is in the next `limitBytes` of memory, or one record that is longer. It may be empty, where much
   * was deleted. Values are only lent.
   *
   * @returns undefined at the end
   * @throws ViewEndedError when a later view was opened, or the table emptied
   */
  next(limitBytes: number): TablePart | undefined;
  /** Nothing more is asked. Idempotent. */
  release(): void;
}

/** A key may begin with what elsewhere marks the order of bytes, and be another one without it. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** The text of a key. */
export const textOf = (key: Uint8Array): string => utf8.decode(key);

/** The bytes of a key that was come to. */
export const keyOf = ({ bytes, keyAt, keyLength }: ScannedKey): Uint8Array => bytes.subarray(keyAt, keyAt + keyLength);

/** What stood under it. */
export function storedOf({ bytes, keyAt, keyLength, valueLength, version }: ScannedKey): Stored | undefined {
  if (valueLength === undefined) return undefined;
  const valueAt = keyAt + keyLength;
  return { value: bytes.subarray(valueAt, valueAt + valueLength), version };
}
