/** What the key-value state machine is asked, and what it answers, as both travel. */

import { isNatural } from '../codec.ts';
import { problemOfKey, type Versioned } from './commands.ts';
import type { Namespace } from './namespaces.ts';
import { type Selection, selectionIn } from './selection.ts';

/** Keys of a page, and changes of an answer, at most. */
export const pageLimit = 1_000;

export type KeyValueQuestion =
  /** `revision`: as of then; as of now by default. */
  | { readonly type: 'get'; readonly key: string; readonly revision?: number }
  | {
      readonly type: 'range';
      readonly selection: Selection;
      /** Keys of the page, at most. */
      readonly limit: number;
      readonly revision?: number;
      /** What of each key is told. `count` tells only how many there are. */
      readonly tells: 'entries' | 'versions' | 'count';
      /** Whether entries may be packed. A node of an earlier release, which does not know of that, packs none. */
      readonly packed?: boolean;
    }
  /** What happened to a key before `before`, the last change first. */
  | { readonly type: 'history'; readonly key: string; readonly limit: number; readonly before?: number }
  /** What happened to keys after a revision, or will: an answer that has nothing to tell yet waits. */
  | { readonly type: 'changes'; readonly selection: Selection; readonly after: number; readonly limit: number }
  /** How all namespaces stand. */
  | { readonly type: 'namespaces' }
  /** How a lease stands. */
  | { readonly type: 'lease'; readonly lease: number }
  /** The revision of the last command; `revision`: whether the store knows how it was then. */
  | { readonly type: 'revision'; readonly revision?: number };

/** A key with its version, and its value where that was asked for. */
export interface Entry {
  readonly key: string;
  readonly version: number;
  readonly value?: Uint8Array;
}

/** What a key was set to, or that it was deleted. */
export interface KeyChange {
  readonly key: string;
  /** The version of the key since then, or of its deletion. */
  readonly revision: number;
  /** Null for a deletion. */
  readonly value: Uint8Array | null;
  /** The version before, if the key had a value. */
  readonly previousVersion?: number;
}

export type KeyValueAnswer =
  | Versioned
  /** There is no value. */
  | null
  /** `next`: where the next page begins, unless this is the last one. It may come before the limit is reached. */
  | {
      readonly type: 'page';
      readonly revision: number;
      readonly count: number;
      readonly entries: readonly Entry[];
      readonly next?: string;
    }
  /** The same with `PackedEntries`. */
  | {
      readonly type: 'packed-page';
      readonly revision: number;
      readonly count: number;
      readonly entries: Uint8Array;
      readonly next?: string;
    }
  /** `after`: everything up to it was told. */
  | {
      readonly type: 'changes';
      readonly after: number;
      readonly changes: readonly KeyChange[];
    }
  | { readonly type: 'revision'; readonly revision: number }
  | { readonly type: 'lease'; readonly ttlMs: number; readonly keys: readonly string[] }
  | { readonly type: 'namespaces'; readonly namespaces: readonly Namespace[] }
  /** So far back is not known any more; `floor` is the first revision that is. */
  | { readonly type: 'forgotten'; readonly floor: number }
  /** The state has not come to that revision; `revision` is where it is. */
  | { readonly type: 'ahead'; readonly revision: number };

/** The question that `value` is; undefined for none. */
export function questionIn(value: unknown): KeyValueQuestion | undefined {
  if (typeof value !== 'object' || value === null || !('type' in value)) return undefined;
  const { type, key, lease, revision, limit, before, after, tells, packed }: Record<string, unknown> = { ...value };
  if (type === 'revision' && isRevision(revision)) return { type, ...(revision === undefined ? {} : { revision }) };
  if (type === 'namespaces') return { type };
  if (type === 'lease') return isNatural(lease) ? { type, lease } : undefined;
  if (type === 'get') {
    // What can be no key has no value.
    if (typeof key !== 'string' || !isRevision(revision)) return undefined;
    return { type, key, ...(revision === undefined ? {} : { revision }) };
  }
  if (!isNatural(limit) || limit < 1 || limit > pageLimit) return undefined;
  if (type === 'history') {
    if (typeof key !== 'string' || problemOfKey(key) !== undefined || !isRevision(before)) return undefined;
    return { type, key, limit, ...(before === undefined ? {} : { before }) };
  }
  const selection = 'selection' in value ? selectionIn(value.selection) : undefined;
  if (selection === undefined) return undefined;
  if (type === 'changes') return isNatural(after) ? { type, selection, after, limit } : undefined;
  if (type !== 'range' || !isRevision(revision)) return undefined;
  if (tells !== 'entries' && tells !== 'versions' && tells !== 'count') return undefined;
  const asOf = revision === undefined ? {} : { revision };
  return { type, selection, limit, tells, ...asOf, ...(packed === true ? { packed } : {}) };
}

const isRevision = (value: unknown): value is number | undefined => value === undefined || isNatural(value);
