/**
 * What each request to a store needs of a token, whichever way it comes: one list for HTTP and TCP. A request that is not known
 * here is for admins alone, so that one that is new and was forgotten opens nothing.
 */

import type { Selection } from '../store/key-value/selection.ts';
import { covers, type Grant, type Need, type Role, type Scope } from './grants.ts';

/** An operation of a transaction, as far as rights go. */
export interface AskedOperation {
  readonly type: 'put' | 'delete' | 'get';
  readonly key: string;
  /** The lease that the key is to have. */
  readonly lease?: number;
}

/** What is asked for, as far as rights go: commands and questions of the store are such as they are. */
export type Asked =
  | AskedOperation
  | {
      readonly type: 'transaction';
      readonly compare: readonly { readonly key: string }[];
      readonly success: readonly AskedOperation[];
      readonly failure: readonly AskedOperation[];
    }
  | { readonly type: 'history'; readonly key: string }
  | { readonly type: 'range' | 'changes'; readonly selection: Selection }
  | { readonly type: 'grant' }
  | { readonly type: 'lease' | 'keep' | 'revoke'; readonly lease: number }
  /** How nodes and store stand, who takes part and leads; a client's own session. */
  | { readonly type: 'status' | 'members' | 'leader' | 'revision' | 'register' | 'close' }
  | { readonly type: 'namespaces' }
  | { readonly type: 'namespace' | 'end-namespace' }
  | { readonly type: 'replace' | 'reconfigure' | 'handOver' }
  /** Whatever else. */
  | { readonly type: 'other' };

/** What a request needs of the keys of a lease. */
export interface LeaseNeed {
  readonly lease: number;
  readonly role: Role;
  /**
   * Whether it concerns the lease as a whole: of one that has no keys yet it is not known whose it is. A key that joins one
   * concerns the keys that are there: their owner could neither keep nor end it any more.
   */
  readonly isWhole: boolean;
}

interface Needs {
  readonly needs: readonly Need[];
  readonly leases: readonly LeaseNeed[];
}

const need = (role: Role, scope: Scope): Needs => ({ needs: [{ role, scope }], leases: [] });
const forAdmins = need('admin', 'all');

function needsOf(asked: Asked): Needs {
  switch (asked.type) {
    case 'get':
    case 'history':
      return need('read', { key: asked.key });
    case 'put':
    case 'delete':
      return needsOfWrite(asked);
    case 'transaction':
      return needsOfTransaction(asked);
    case 'range':
    case 'changes':
      return need('read', scopeOf(asked.selection));
    case 'grant':
      return need('write', 'none');
    case 'lease':
      return needsOfLease('read', asked.lease);
    case 'keep':
    case 'revoke':
      return needsOfLease('write', asked.lease);
    case 'status':
    case 'members':
    case 'leader':
    case 'revision':
    case 'register':
    case 'close':
      return need('read', 'none');
    case 'namespaces':
      return need('read', 'all');
    case 'namespace':
    case 'end-namespace':
    case 'replace':
    case 'reconfigure':
    case 'handOver':
    case 'other':
      return forAdmins;
  }
}

const needsOfWrite = ({ key, lease }: AskedOperation): Needs => ({
  needs: [{ role: 'write', scope: { key } }],
  leases: lease === undefined ? [] : [{ lease, role: 'write', isWhole: false }],
});

const needsOfLease = (role: Role, lease: number): Needs => ({
  needs: [{ role, scope: 'none' }],
  leases: [{ lease, role, isWhole: true }],
});

function needsOfTransaction({ compare, success, failure }: Extract<Asked, { type: 'transaction' }>): Needs {
  const operations = [...success, ...failure];
  const read = [...compare, ...operations.filter(({ type }) => type === 'get')];
  const writes = operations.filter(({ type }) => type !== 'get').map(needsOfWrite);
  return {
    needs: [
      { role: 'read', scope: 'none' },
      ...read.map(({ key }): Need => ({ role: 'read', scope: { key } })),
      ...writes.flatMap(({ needs }) => needs),
    ],
    leases: writes.flatMap(({ leases }) => leases),
  };
}

/** Several parts mean the keys that all of them mean. */
function scopeOf({ key, prefix, from, to }: Selection): Scope {
  if (key !== undefined) return { key };
  if (prefix !== undefined) return { prefix };
  return from !== undefined && to !== undefined ? { from, to } : 'all';
}

/** The first need that a grant does not cover, as far as the request itself says. */
export const uncovered = (grant: Grant, asked: Asked): Need | undefined =>
  needsOf(asked).needs.find((it) => !covers(grant, it));

/** The leases whose keys decide whether a grant covers a request: none where it concerns all keys anyway. */
export const leasesOf = (grant: Grant, asked: Asked): readonly LeaseNeed[] =>
  grant.prefixes === undefined ? [] : needsOf(asked).leases;

/**
 * The first need that a grant does not cover, by the keys of a lease. As etcd does (`checkLeasePuts` of its authorisation), and
 * beyond it for a lease without keys, which any user of etcd may end.
 */
export function uncoveredOfLease(
  grant: Grant,
  { role, isWhole }: LeaseNeed,
  keys: readonly string[],
): Need | undefined {
  const scopes: readonly Scope[] = isWhole && keys.length === 0 ? ['all'] : keys.map((key) => ({ key }));
  return scopes.map((scope): Need => ({ role, scope })).find((it) => !covers(grant, it));
}

/** Why a request is refused, and what to do. */
export interface Forbidden {
  readonly message: string;
  readonly whatToDo: string;
}

/** @param what the request, for people */
export function forbidden({ name, role, prefixes }: Grant, { role: needed, scope }: Need, what: string): Forbidden {
  const keys =
    prefixes === undefined ? '' : `, of keys that begin with ${prefixes.map((it) => `'${it}'`).join(' or ')}`;
  const wanted = scope === 'all' && needed !== 'admin' ? `${needed} for all keys` : needed;
  return {
    message: `${what} needs the role ${wanted}, and the token of '${name}' has ${role}${keys}`,
    whatToDo:
      scope === 'all' && prefixes !== undefined
        ? 'name keys that it may use, such as by a prefix, or ask with another token'
        : 'ask with another token, or have an operator list more for this one',
  };
}
