/**
 * The parts of a snapshot of the key-value state machine, in MessagePack: a head, then the changes since the floor, then the
 * state as of the floor, then the leases and namespaces. Versions 1 and 2 had entries alone: 1 in one part, as triples; leases of version 3
 * had no owner.
 */

import { decode, encode, isNatural } from '../codec.ts';
import { UnreadableStateError } from '../errors.ts';
import type { StateRestoration, StateView } from '../state-machine.ts';
import type { KeptChange, TableEntry, TableView } from '../table/contract.ts';
import type { VersionedTable } from '../table/table.ts';
import type { MapView, Viewed } from '../viewed-map.ts';
import type { Lease, Leases } from './leases.ts';
import { isPartOfQuota, quotaOf } from './namespace-commands.ts';
import type { Namespace, Namespaces } from './namespaces.ts';

const partVersion = 4;
const kinds = { head: 0, changes: 1, entries: 2, leases: 3, namespaces: 4 } as const;

/** What stands beside the table. */
export interface MachineHead {
  /** Of the last command. */
  readonly revision: number;
}

/** A view as parts. */
export function partsOf(
  { revision }: MachineHead,
  view: TableView,
  leases: MapView<Lease & Viewed>,
  namespaces: readonly Namespace[],
): StateView {
  let isHeadDue = true;
  let areNamespacesDue = namespaces.length > 0;
  return {
    next(limitBytes) {
      if (isHeadDue) {
        isHeadDue = false;
        return encode([partVersion, kinds.head, revision, view.floor]);
      }
      const part = view.next(limitBytes);
      if (part === undefined) {
        const next = nextLeases(leases, limitBytes);
        if (next !== undefined || !areNamespacesDue) return next;
        areNamespacesDue = false;
        return encode([partVersion, kinds.namespaces, ...namespaces.map(tupleOf)]);
      }
      return part.type === 'changes'
        ? encode([partVersion, kinds.changes, ...part.changes.flatMap(fieldsOfChange)])
        : encode([partVersion, kinds.entries, ...part.entries.flatMap(fieldsOfEntry)]);
    },
    release() {
      view.release();
      leases.release();
    },
  };
}

const tupleOf = ({ name, quota, keys, bytes }: Namespace) => [
  ...[name, quota.keys ?? null, quota.bytes ?? null],
  ...[keys, bytes],
];

/** What a lease takes beside its keys, at most. */
const leaseBytes = 32;

function nextLeases(view: MapView<Lease & Viewed>, limitBytes: number): Uint8Array | undefined {
  const tuples: unknown[] = [];
  for (let bytes = 0; bytes < limitBytes; ) {
    const next = view.next();
    if (next === undefined) break;
    const [, { id, ttlMs, dueAtMs, owner = null, keys }] = next;
    tuples.push([id, ttlMs, dueAtMs, owner, ...keys]);
    bytes += leaseBytes + keys.reduce((before, key) => before + key.length, 0);
  }
  return tuples.length === 0 ? undefined : encode([partVersion, kinds.leases, ...tuples]);
}

const fieldsOfChange = ({ key, revision, value, sizeBytes }: KeptChange) => [key, revision, value ?? null, sizeBytes];
const fieldsOfEntry = ({ key, version, value }: TableEntry) => [key, version, value];

/** Puts parts into an empty table. @param done takes the head, once all are there */
export function restoringInto(
  table: VersionedTable,
  leases: Leases,
  namespaces: Namespaces,
  done: (head: MachineHead) => void,
): StateRestoration {
  let head: (MachineHead & { readonly floor: number }) | undefined;
  let lastVersion = 0;
  table.clear();
  leases.clear();
  namespaces.clear();
  return {
    take(bytes) {
      const part = decode(bytes);
      if (!Array.isArray(part)) throw unreadable();
      const [version, kind, ...fields]: unknown[] = part;
      if (version === 1 || version === 2) {
        const flat = version === 1 && Array.isArray(kind) ? kind.flat() : part.slice(1);
        for (const entry of entriesIn(flat)) {
          lastVersion = Math.max(lastVersion, entry.version);
          table.restoreEntry(entry);
        }
        return;
      }
      if (version !== 3 && version !== partVersion) throw unreadable();
      if (kind === kinds.head) {
        head = headIn(fields);
        table.clear(head.floor);
      } else if (kind === kinds.changes) for (const change of changesIn(fields)) table.restoreChange(change);
      else if (kind === kinds.entries) for (const entry of entriesIn(fields)) table.restoreEntry(entry);
      else if (kind === kinds.leases) for (const field of fields) leases.restore(leaseIn(field, version));
      else if (kind === kinds.namespaces) for (const field of fields) namespaces.set(namespaceIn(field));
      else throw unreadable();
    },
    finish() {
      table.restored(head?.floor ?? lastVersion);
      done(head ?? { revision: lastVersion });
    },
  };
}

function headIn([revision, floor]: readonly unknown[]): MachineHead & { readonly floor: number } {
  if (!isNatural(revision) || !isNatural(floor)) throw unreadable();
  return { revision, floor };
}

function leaseIn(field: unknown, version: number): Lease {
  const [id, ttlMs, dueAtMs, ...rest]: unknown[] = Array.isArray(field) ? field : [];
  if (!isNatural(id) || !isNatural(ttlMs) || !isNatural(dueAtMs)) throw unreadable();
  const [owner, keys] = version === 3 ? [null, rest] : [rest[0], rest.slice(1)];
  if (owner !== null && !isNatural(owner)) throw unreadable();
  return {
    id,
    ttlMs,
    dueAtMs,
    ...(owner === null ? {} : { owner }),
    keys: keys.map((key) => {
      if (typeof key !== 'string') throw unreadable();
      return key;
    }),
  };
}

function namespaceIn(field: unknown): Namespace {
  const [name, mostKeys, mostBytes, keys, bytes]: unknown[] = Array.isArray(field) ? field : [];
  if (typeof name !== 'string' || !isNatural(keys) || !isNatural(bytes)) throw unreadable();
  if (!isPartOfQuota(mostKeys) || !isPartOfQuota(mostBytes)) throw unreadable();
  return { name, quota: quotaOf(mostKeys, mostBytes), keys, bytes };
}

function* changesIn(fields: readonly unknown[]): Generator<KeptChange> {
  if (fields.length % 4 !== 0) throw unreadable();
  for (let at = 0; at < fields.length; at += 4) {
    const [key, revision, value, sizeBytes] = fields.slice(at, at + 4);
    if (typeof key !== 'string' || !isNatural(revision) || !isNatural(sizeBytes)) throw unreadable();
    if (value !== null && !(value instanceof Uint8Array)) throw unreadable();
    yield { key, revision, value: value ?? undefined, sizeBytes };
  }
}

function* entriesIn(fields: readonly unknown[]): Generator<TableEntry> {
  if (fields.length % 3 !== 0) throw unreadable();
  for (let at = 0; at < fields.length; at += 3) {
    const [key, version, value] = [fields[at], fields[at + 1], fields[at + 2]];
    if (typeof key !== 'string' || !isNatural(version) || !(value instanceof Uint8Array)) throw unreadable();
    yield { key, version, value };
  }
}

const unreadable = (): UnreadableStateError =>
  new UnreadableStateError(
    `expected a snapshot of the key-value state machine, version ${partVersion} or older; run the program that wrote it`,
  );
