/**
 * How the questions to the key-value state machine are answered. None takes longer than a page needs, however large the
 * state: an answer that cannot be complete says where to go on.
 */

import { copyOf } from '../codec.ts';
import type { LaterAnswer } from '../state-machine.ts';
import { type Change, keyOf, textOf } from '../table/contract.ts';
import type { VersionedTable } from '../table/table.ts';
import { problemOfKey } from './commands.ts';
import type { Leases } from './leases.ts';
import type { Namespaces } from './namespaces.ts';
import { type PackedEntries, unpackedEntries } from './packed-entries.ts';
import type { KeyChange, KeyValueAnswer, KeyValueQuestion } from './questions.ts';
import { rangeOf } from './selection.ts';
import type { Watches } from './watches.ts';

/** Keys and values of one answer, in bytes, unless a single one is longer. */
const answerBytes = 256 * 1_024;
/** Keys, or changes, that are gone through for one answer. */
const answerSteps = 5_000;

/** What is read: a table after the command of some revision. */
export interface ReadState {
  readonly table: VersionedTable;
  readonly leases: Pick<Leases, 'get'>;
  readonly namespaces: Pick<Namespaces, 'all'>;
  readonly revision: number;
  readonly watches: Watches;
  readonly packing: PackedEntries;
}

/** Answers a question, or says that there is nothing to tell yet. */
export function answerTo(state: ReadState, question: KeyValueQuestion): KeyValueAnswer | LaterAnswer<KeyValueAnswer> {
  switch (question.type) {
    case 'revision':
      return beyond(state, question.revision) ?? { type: 'revision', revision: state.revision };
    case 'lease':
      return leaseOf(state, question);
    case 'namespaces':
      return { type: 'namespaces', namespaces: state.namespaces.all() };
    case 'get':
      return beyond(state, question.revision) ?? valueUnder(state, question);
    case 'range':
      return beyond(state, question.revision) ?? pageOf(state, question);
    case 'history':
      return historyOf(state, question);
    case 'changes':
      return changesOf(state, question);
  }
}

type Asked<T extends KeyValueQuestion['type']> = Extract<KeyValueQuestion, { type: T }>;

/** That the state cannot tell how it was at `revision`. */
function beyond({ table, revision: now }: ReadState, revision = now): KeyValueAnswer | undefined {
  if (revision > now) return { type: 'ahead', revision: now };
  return revision < table.floor ? { type: 'forgotten', floor: table.floor } : undefined;
}

function valueUnder({ table }: ReadState, { key, revision }: Asked<'get'>): KeyValueAnswer {
  if (problemOfKey(key) !== undefined) return null;
  const found = revision === undefined ? table.get(key) : table.getAsOf(key, revision);
  return found === undefined ? null : { value: copyOf(found.value), version: found.version };
}

function leaseOf({ leases }: ReadState, { lease }: Asked<'lease'>): KeyValueAnswer {
  const found = leases.get(lease);
  return found === undefined ? null : { type: 'lease', ttlMs: found.ttlMs, keys: found.keys };
}

function pageOf(
  state: ReadState,
  { selection, limit, tells, revision = state.revision, packed: isPacked = false }: Asked<'range'>,
): KeyValueAnswer {
  const range = rangeOf(selection);
  let [count, steps, bytes] = [0, 0, 0];
  let next: { readonly next?: string } = {};
  for (const scanned of state.table.scan(range.first, revision)) {
    const { keyLength, valueLength } = scanned;
    const side = range.sideOf(scanned.bytes, scanned.keyAt, keyLength);
    if (side === 'after') break;
    const isFull = tells === 'count' ? false : count === limit || (count > 0 && bytes >= answerBytes);
    if (isFull || steps === answerSteps) {
      next = { next: textOf(keyOf(scanned)) };
      break;
    }
    steps += 1;
    if (side === 'before' || valueLength === undefined) continue;
    count += 1;
    if (tells === 'count') continue;
    bytes += keyLength + (tells === 'entries' ? valueLength : 0);
    state.packing.add(scanned, tells === 'entries');
  }
  const entries = state.packing.take();
  return isPacked
    ? { type: 'packed-page', revision, count, entries, ...next }
    : { type: 'page', revision, count, entries: unpackedEntries(entries), ...next };
}

function historyOf({ table, revision }: ReadState, { key, limit, before }: Asked<'history'>): KeyValueAnswer {
  const changes: KeyChange[] = [];
  let bytes = 0;
  for (const change of table.changesOf(key)) {
    if (before !== undefined && change.revision >= before) continue;
    if (changes.length === limit || bytes >= answerBytes) break;
    changes.push(toldChange(change));
    bytes += change.value?.length ?? 0;
  }
  return { type: 'changes', after: revision, changes };
}

function changesOf(state: ReadState, question: Asked<'changes'>): KeyValueAnswer | LaterAnswer<KeyValueAnswer> {
  const { selection, after, limit } = question;
  const { table, revision, watches } = state;
  if (after < table.floor) return { type: 'forgotten', floor: table.floor };
  const range = rangeOf(selection);
  const changes: KeyChange[] = [];
  let [told, steps, bytes] = [after, 0, 0];
  for (const change of table.changesAfter(after)) {
    // What one revision changed is told together.
    if (change.revision > told) {
      if (changes.length >= limit || bytes >= answerBytes || steps >= answerSteps) {
        return { type: 'changes', after: told, changes };
      }
      told = change.revision;
    }
    steps += 1;
    if (range.sideOf(change.key, 0, change.key.length) !== 'in') continue;
    changes.push(toldChange(change));
    bytes += change.key.length + (change.value?.length ?? 0);
  }
  if (changes.length > 0 || steps >= answerSteps) return { type: 'changes', after: Math.max(after, revision), changes };
  return watches.later(question);
}

const toldChange = ({ key, revision, value, previousVersion }: Change): KeyChange => ({
  key: textOf(key),
  revision,
  value: value === undefined ? null : copyOf(value),
  ...(previousVersion === undefined ? {} : { previousVersion }),
});
