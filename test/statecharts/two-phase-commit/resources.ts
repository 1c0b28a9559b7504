/**
 * Resources as unkind as real ones: an operation happens some time after it was asked for, its answer may be lost or
 * come late, and it may still happen after whoever asked has died. What they promise is what `operations.ts` says.
 */

import type { Address, Result, Tagged } from '../../../statecharts/actor.ts';
import type { BranchOperation, RegisteredBranch, RegisterOperation } from '../../../statecharts/two-phase-commit.ts';

/** How a branch stands at its resource. `absent`: rolled back with its session, leaving nothing behind. */
export type Standing = 'open' | 'absent' | 'prepared' | 'committed' | 'aborted' | 'read-only';

/** An operation on its way, or under way. */
export interface Pending {
  readonly id: string;
  readonly asker: Address;
  readonly incarnation: number;
  readonly operation: Tagged;
  readonly resource: string;
}

const branchOperations: readonly BranchOperation['type'][] = [
  'prepare',
  'commit',
  'rollback',
  'commit-one-phase',
  'end-one-phase',
];
export const isBranchOperation = (operation: Tagged): operation is BranchOperation =>
  branchOperations.some((type) => type === operation.type) && 'branch' in operation;
export const isRegisterOperation = (operation: Tagged): operation is RegisterOperation =>
  !isBranchOperation(operation) && 'transaction' in operation;

export interface BranchStore {
  readonly name: string;
  standing: Standing;
  readonly readOnly: boolean;
  /** Whether the database finds a reason to refuse the branch when it should prepare or commit. */
  readonly refuses: boolean;
  /** A fault to be found: rollback believes that a branch which it does not see will never come. */
  readonly readsAbsence: boolean;
}

const done = (value: unknown): Result => ({ type: 'done', value });
const refused = (error: string): Result => ({ type: 'refused', error });
const unknown = (error: string): Result => ({ type: 'unknown', error });

/** Ends the sessions of `store`: nothing that they were asked for happens any more. */
function endSessions(store: BranchStore, pending: Pending[]): void {
  for (let index = pending.length - 1; index >= 0; index -= 1) {
    const it = pending[index];
    if (it?.resource !== store.name) continue;
    if (it.operation.type === 'prepare' || it.operation.type === 'commit-one-phase') pending.splice(index, 1);
  }
  if (store.standing === 'open') store.standing = 'absent';
}

/** What recovery does before it lists prepared branches: see to it that the dead manager's sessions are gone. */
export function listPrepared(store: BranchStore, pending: Pending[]): boolean {
  endSessions(store, pending);
  return store.standing === 'prepared';
}

export function performOnBranch(store: BranchStore, operation: BranchOperation, pending: Pending[]): Result {
  switch (operation.type) {
    case 'prepare':
      if (store.standing === 'prepared') return done({ vote: 'yes', receipt: 'xid-1' });
      if (store.standing !== 'open') return refused('there is no such session');
      if (store.refuses) {
        store.standing = 'aborted';
        return refused('constraint violated');
      }
      store.standing = store.readOnly ? 'read-only' : 'prepared';
      return done(store.readOnly ? { vote: 'read-only' } : { vote: 'yes', receipt: 'xid-1' });
    case 'commit':
      if (store.standing === 'prepared') store.standing = 'committed';
      if (store.standing === 'committed' && operation.receipt !== null) return done(null);
      if (store.standing === 'aborted') return refused('the branch was rolled back');
      return unknown('unknown transaction id, and nothing to look it up by');
    case 'rollback':
      if (store.readsAbsence && store.standing !== 'prepared') return done(null);
      endSessions(store, pending);
      if (store.standing === 'committed') return refused('the branch was committed');
      if (store.standing !== 'read-only') store.standing = 'aborted';
      return done(null);
    case 'commit-one-phase':
      if (store.standing === 'committed') return done(null);
      if (store.standing !== 'open' || store.refuses) {
        store.standing = 'aborted';
        return refused('constraint violated');
      }
      store.standing = 'committed';
      return done(null);
    case 'end-one-phase':
      endSessions(store, pending);
      if (store.standing !== 'committed') store.standing = 'aborted';
      return done({ outcome: store.standing });
  }
}

interface Entry {
  epoch: number;
  owner: Address;
  outcome: 'undecided' | 'committed' | 'aborted';
  branches: readonly RegisteredBranch[];
  ended: boolean;
}

/** A decision register with room for one transaction. */
export interface Register {
  entry: Entry | undefined;
}

export function performOnRegister(register: Register, operation: RegisterOperation): Result {
  const { entry } = register;
  const answer = (it: Entry): Result => done({ outcome: it.outcome, branches: it.branches });
  switch (operation.type) {
    case 'register-transaction': {
      const { epoch, owner, branches } = operation;
      register.entry ??= { epoch, owner, outcome: 'undecided', branches, ended: false };
      const { entry: now } = register;
      return now.epoch === epoch && now.outcome === 'undecided' ? answer(now) : refused('not yours any more');
    }
    case 'claim-transaction': {
      const { epoch, owner } = operation;
      register.entry ??= { epoch, owner, outcome: 'aborted', branches: [], ended: false };
      const { entry: now } = register;
      if (now.epoch > epoch || (now.epoch === epoch && now.owner !== owner)) return refused(`epoch is ${now.epoch}`);
      now.epoch = epoch;
      now.owner = owner;
      return answer(now);
    }
    case 'decide-transaction': {
      const { epoch, outcome, branches } = operation;
      if (entry === undefined) {
        if (outcome === 'committed') return refused('not registered');
        register.entry = { epoch, owner: 'nobody/2pc.coordinator/', outcome, branches, ended: true };
        return answer(register.entry);
      }
      if (entry.outcome !== 'undecided') return answer(entry);
      if (entry.epoch !== epoch) return refused(`epoch is ${entry.epoch}`);
      entry.outcome = outcome;
      entry.branches = branches;
      return answer(entry);
    }
    case 'read-decision':
      return entry === undefined ? done({ outcome: 'absent', branches: [] }) : answer(entry);
    case 'end-transaction':
      if (entry !== undefined && entry.epoch > operation.epoch) return refused(`epoch is ${entry.epoch}`);
      if (entry !== undefined) entry.ended = true;
      return done(null);
  }
}
