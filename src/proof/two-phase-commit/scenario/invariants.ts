/**
 * What must hold of every transaction in a run, at every moment: one outcome everywhere, never taken back, and the one
 * that was told. And what must happen in some run, or all of that holds because nothing happened.
 */

import type { Outcome } from '../../../../statecharts/two-phase-commit.ts';
import { type Branch, globalIdOf } from '../../../resources/branch.ts';
import type { Problem } from '../../claim.ts';
import {
  agreement,
  type Branches,
  committedOnce,
  durability,
  goneForGood,
  oneOutcome,
  oneOwnerPerEpoch,
  truthful,
  validity,
} from '../claims.ts';
import type { Witness } from './witness.ts';

export const commonGoals = [
  'a transaction committed',
  'a vote of no aborted a transaction',
  'a transaction committed though its coordinator had crashed',
  'a branch in doubt was rolled back after a crash',
  'a client was told that the outcome is unknown',
  'a prepare that came too late was refused',
  'a repeated transaction was not run again',
] as const;
export const lastGoals = [
  'a last resource decided a transaction',
  'what a last resource had committed was found out after a crash',
  'a last resource was kept from committing after a crash',
] as const;
export const registerGoals = [
  'a transaction was taken over and committed',
  'a transaction was taken over and aborted',
  'an owner was fenced',
] as const;

/** The invariants of one run, and the witness through which they learn of it. */
export interface Invariants {
  readonly witness: Witness;
  readonly problem: string | undefined;
  /** A machine has died. */
  died(machine: string): void;
  /** Called when everything should be over. @returns what is wrong then */
  finish(): string | undefined;
  /** The transactions of a client's `note` that have committed somewhere. */
  committedOf(note: string): boolean;
  readonly reached: ReadonlySet<string>;
}

interface Seen {
  readonly transaction: string;
  readonly manager: string;
  note: string | undefined;
  /** Databases at which something was written. */
  readonly wrote: Set<string>;
  readonly prepared: Set<string>;
  readonly committed: Set<string>;
  readonly aborted: Set<string>;
  told: Outcome | undefined;
  heard: Outcome | undefined;
  ruled: Outcome | undefined;
  /** Whether its manager died while a branch was prepared. */
  isOrphaned: boolean;
  isTakenOver: boolean;
  readonly owners: Map<number, string>;
}

/** @param legsOf the databases at which a client's transaction writes, by its note */
export function createInvariants(legsOf: (note: string) => ReadonlySet<string> | undefined): Invariants {
  const transactions = new Map<string, Seen>();
  const byNote = new Map<string, Set<string>>();
  /** Branches of which a database has said that they never come back. */
  const gone = new Set<string>();
  const reached = new Set<string>();
  let problem: string | undefined;

  const keep = (found: Problem): void => {
    problem ??= found;
  };
  const seen = (transaction: string, manager = ''): Seen => {
    let it = transactions.get(transaction);
    if (it === undefined) {
      it = {
        transaction,
        manager,
        note: undefined,
        wrote: new Set(),
        prepared: new Set(),
        committed: new Set(),
        aborted: new Set(),
        told: undefined,
        heard: undefined,
        ruled: undefined,
        isOrphaned: false,
        isTakenOver: false,
        owners: new Map(),
      };
      transactions.set(transaction, it);
    }
    return it;
  };
  const of = ({ transaction, manager }: Branch): Seen => seen(transaction, manager);

  const checkBranches = (it: Seen): void => {
    const branches = branchesOf(it);
    keep(agreement(branches) ?? validity(branches));
    if (it.told !== undefined) keep(truthful(it.told, branches));
  };
  /** Holds a database, at which a branch stands so `now`, to what it has said: that the branch is gone for good. */
  const checkAbsence = (database: string, branch: Branch, now: 'prepared' | 'committed'): void => {
    if (!gone.has(`${database} ${globalIdOf(branch)}`)) return;
    keep(goneForGood(database, { ...branchesOf(of(branch)), [now]: [database] }));
  };
  const isComplete = ({ wrote, committed }: Seen): boolean => [...wrote].every((it) => committed.has(it));
  const isInDoubt = ({ prepared, committed, aborted }: Seen): boolean =>
    [...prepared].some((it) => !committed.has(it) && !aborted.has(it));
  /** Whether a database takes part unprepared, while others are prepared. */
  const decides = (database: string, { prepared }: Seen): boolean => prepared.size > 0 && !prepared.has(database);
  /** Whether prepared branches that a dead manager left wait for what a database has to say. */
  const isAwaited = (database: string, it: Seen): boolean => it.isOrphaned && isInDoubt(it) && decides(database, it);
  const noteGoals = (it: Seen): void => {
    if (it.committed.size > 0 && isComplete(it)) {
      reached.add('a transaction committed');
      if (it.isOrphaned) reached.add('a transaction committed though its coordinator had crashed');
      if (it.isTakenOver) reached.add('a transaction was taken over and committed');
    }
    if (it.aborted.size > 0 && it.isTakenOver) reached.add('a transaction was taken over and aborted');
  };

  const witness: Witness = {
    wrote(database, branch, note) {
      const it = of(branch);
      it.wrote.add(database);
      it.note = note;
    },
    prepared(database, branch) {
      of(branch).prepared.add(database);
      checkAbsence(database, branch, 'prepared');
    },
    ended(database, branch, outcome) {
      const it = of(branch);
      const at = outcome === 'committed' ? it.committed : it.aborted;
      at.add(database);
      if (outcome === 'committed') {
        if (decides(database, it)) reached.add('a last resource decided a transaction');
        checkAbsence(database, branch, 'committed');
        if (it.note !== undefined) {
          const same = byNote.get(it.note) ?? new Set();
          byNote.set(it.note, same.add(it.transaction));
          keep(committedOnce(it.note, [...same]));
        }
      } else if (it.isOrphaned && it.prepared.has(database)) {
        reached.add('a branch in doubt was rolled back after a crash');
      }
      checkBranches(it);
      noteGoals(it);
    },
    gone(database, branch) {
      gone.add(`${database} ${globalIdOf(branch)}`);
      if (isAwaited(database, of(branch))) reached.add('a last resource was kept from committing after a crash');
    },
    found(database, branch) {
      if (isAwaited(database, of(branch))) {
        reached.add('what a last resource had committed was found out after a crash');
      }
    },
    refusedLate: () => void reached.add('a prepare that came too late was refused'),
    refused: () => void reached.add('a vote of no aborted a transaction'),
    heard(transaction, outcome) {
      const it = seen(transaction);
      keep(oneOutcome(transaction, 'coordinators', [it.heard ?? outcome, outcome]));
      it.heard = outcome;
    },
    owns(transaction, epoch, owner) {
      const it = seen(transaction);
      const before = it.owners.get(epoch);
      if (before !== undefined) {
        keep(oneOwnerPerEpoch({ transaction, epoch, owner: before }, { transaction, epoch, owner }));
      }
      it.owners.set(epoch, owner);
      if (epoch > 1) it.isTakenOver = true;
    },
    ruled(transaction, outcome) {
      const it = seen(transaction);
      keep(oneOutcome(transaction, 'the register', [it.ruled ?? outcome, outcome]));
      it.ruled = outcome;
    },
    led(transaction, outcome, node) {
      const it = seen(transaction);
      keep(oneOutcome(transaction, 'the acceptors', [it.ruled ?? outcome, outcome]));
      it.ruled = outcome;
      if (it.manager !== '' && it.manager !== node) it.isTakenOver = true;
      noteGoals(it);
    },
    fenced: () => void reached.add('an owner was fenced'),
    told(_note, transaction, outcome, isRepeated = false) {
      if (isRepeated) reached.add('a repeated transaction was not run again');
      if (outcome === 'unknown') {
        reached.add('a client was told that the outcome is unknown');
        return;
      }
      const it = seen(transaction);
      keep(oneOutcome(transaction, 'a manager', [it.told ?? outcome, outcome]));
      it.told = outcome;
      checkBranches(it);
    },
  };

  return {
    witness,
    get problem() {
      return problem;
    },
    died(machine) {
      for (const it of transactions.values()) {
        if (it.manager === machine && isInDoubt(it)) it.isOrphaned = true;
      }
    },
    finish() {
      for (const it of transactions.values()) {
        if (it.told !== 'committed' && it.committed.size === 0) continue;
        const lost = durability(branchesOf(it, it.note === undefined ? undefined : legsOf(it.note)));
        if (lost !== undefined) return lost;
      }
      return undefined;
    },
    committedOf: (note) => (byNote.get(note)?.size ?? 0) > 0,
    reached,
  };
}

/** @param expected databases at which something should have been written, beside those at which it was */
function branchesOf(
  { transaction, wrote, prepared, committed, aborted }: Seen,
  expected?: ReadonlySet<string>,
): Branches {
  const isOver = (database: string): boolean => committed.has(database) || aborted.has(database);
  return {
    transaction,
    open: [...new Set([...wrote, ...(expected ?? [])])].filter((it) => !isOver(it) && !prepared.has(it)),
    prepared: [...prepared].filter((it) => !isOver(it)),
    committed: [...committed],
    aborted: [...aborted],
  };
}
