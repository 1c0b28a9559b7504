/** What nodes answer, read: they may run another version of this program, so nothing is taken on trust. */

import { copyOf, isNatural } from '../codec.ts';
import { OutcomeUnknownError, RevisionAheadError, RevisionForgottenError } from '../errors.ts';
import { isRefusal, type KeyValueResult, type OperationResult, type Versioned } from './commands.ts';
import { isPartOfQuota, quotaOf } from './namespace-commands.ts';
import type { Namespace } from './namespaces.ts';
import { unpackedEntries } from './packed-entries.ts';
import type { Entry, KeyChange, KeyValueAnswer } from './questions.ts';

/** An answer that makes no sense. */
export const strange = (): OutcomeUnknownError =>
  new OutcomeUnknownError('expected a result of the key-value store, got something else; are all nodes up to date?');

/** @throws OutcomeUnknownError */
export function resultIn(value: unknown): KeyValueResult {
  const it = fieldsOf(value);
  if (it.type === 'condition-failed') return { type: it.type, ...versionIn(it.version) };
  if (it.type === 'refused' && isRefusal(it.reason)) return { type: it.type, reason: it.reason };
  if (it.type === 'transacted') {
    const { succeeded, revision, results } = it;
    if (typeof succeeded !== 'boolean' || !isNatural(revision) || !Array.isArray(results)) throw strange();
    return { type: it.type, succeeded, revision, results: results.map(operationResultIn) };
  }
  if (it.type === 'leased' && isNatural(it.lease) && isNatural(it.ttlMs)) {
    return { type: it.type, lease: it.lease, ttlMs: it.ttlMs };
  }
  if (it.type === 'revoked' && isNatural(it.keys)) return { type: it.type, keys: it.keys };
  if (it.type === 'namespaced') {
    return { type: it.type, ...(it.namespace === undefined ? {} : { namespace: namespaceIn(it.namespace) }) };
  }
  const result = operationResultIn(value);
  if (result.type === 'found') throw strange();
  return result;
}

function operationResultIn(value: unknown): OperationResult {
  const it = fieldsOf(value);
  if (it.type === 'stored' && isNatural(it.version)) return { type: it.type, version: it.version };
  if (it.type === 'deleted') return { type: it.type, ...versionIn(it.version) };
  if (it.type !== 'found') throw strange();
  const found = it.found === undefined || it.found === null ? undefined : versionedIn(it.found);
  return { type: it.type, ...(found === undefined ? {} : { found }) };
}

/** @throws OutcomeUnknownError; RevisionForgottenError, RevisionAheadError where that is the answer */
export function answerIn(value: unknown): Exclude<KeyValueAnswer, { type: 'packed-page' | 'forgotten' | 'ahead' }> {
  if (value === null) return null;
  const it = fieldsOf(value);
  switch (it.type) {
    case undefined:
      return versionedIn(value);
    case 'page':
    case 'packed-page': {
      const { revision, count, next } = it;
      if (!isNatural(revision) || !isNatural(count) || !(next === undefined || typeof next === 'string')) break;
      return { type: 'page', revision, count, entries: entriesIn(it.entries), ...(next === undefined ? {} : { next }) };
    }
    case 'changes': {
      const { after, changes } = it;
      if (!isNatural(after) || !Array.isArray(changes)) break;
      return { type: it.type, after, changes: changes.map(changeIn) };
    }
    case 'revision':
      if (!isNatural(it.revision)) break;
      return { type: it.type, revision: it.revision };
    case 'lease': {
      const { ttlMs, keys } = it;
      if (!isNatural(ttlMs) || !Array.isArray(keys) || !keys.every((key) => typeof key === 'string')) break;
      return { type: it.type, ttlMs, keys };
    }
    case 'namespaces':
      if (!Array.isArray(it.namespaces)) break;
      return { type: it.type, namespaces: it.namespaces.map(namespaceIn) };
    case 'forgotten':
      if (!isNatural(it.floor)) break;
      throw new RevisionForgottenError(
        `expected a revision that is known still, ${it.floor} or later; read anew, and go on from there`,
        it.floor,
      );
    case 'ahead':
      throw new RevisionAheadError(`expected a revision that there has been, at most ${String(it.revision)}`);
  }
  throw strange();
}

function namespaceIn(value: unknown): Namespace {
  const { name, quota, keys, bytes } = fieldsOf(value);
  const { keys: mostKeys = null, bytes: mostBytes = null } = fieldsOf(quota);
  if (typeof name !== 'string' || !isNatural(keys) || !isNatural(bytes)) throw strange();
  if (!isPartOfQuota(mostKeys) || !isPartOfQuota(mostBytes)) throw strange();
  return { name, quota: quotaOf(mostKeys, mostBytes), keys, bytes };
}

function entriesIn(value: unknown): readonly Entry[] {
  if (Array.isArray(value)) return value.map(entryIn);
  if (!(value instanceof Uint8Array)) throw strange();
  try {
    return unpackedEntries(value);
  } catch {
    throw strange();
  }
}

function entryIn(value: unknown): Entry {
  const { key, version, value: bytes } = fieldsOf(value);
  if (typeof key !== 'string' || !isNatural(version)) throw strange();
  if (bytes === undefined) return { key, version };
  if (!(bytes instanceof Uint8Array)) throw strange();
  return { key, version, value: copyOf(bytes) };
}

function changeIn(value: unknown): KeyChange {
  const { key, revision, value: bytes, previousVersion } = fieldsOf(value);
  if (typeof key !== 'string' || !isNatural(revision)) throw strange();
  if (bytes !== null && !(bytes instanceof Uint8Array)) throw strange();
  const previous = isNatural(previousVersion) ? { previousVersion } : {};
  return { key, revision, value: bytes === null ? null : copyOf(bytes), ...previous };
}

function versionedIn(value: unknown): Versioned {
  const { value: bytes, version } = fieldsOf(value);
  if (!(bytes instanceof Uint8Array) || !isNatural(version)) throw strange();
  return { value: copyOf(bytes), version };
}

const versionIn = (version: unknown): { readonly version?: number } => (isNatural(version) ? { version } : {});

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw strange();
  return { ...value };
}
