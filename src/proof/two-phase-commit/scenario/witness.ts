/** What is reported to the watch of a run as it happens, by databases, actors and clients. */

import type { Outcome } from '../../../../statecharts/two-phase-commit.ts';
import type { Branch } from '../../../resources/branch.ts';

/** Hears everything that invariants and goals of a run are about. */
export interface Witness {
  /** The first statement that changes something was carried out. `note` is the client's name for what it does. */
  wrote(database: string, branch: Branch, note: string): void;
  prepared(database: string, branch: Branch): void;
  ended(database: string, branch: Branch, outcome: Outcome): void;
  /** A database has said for certain that a branch is rolled back and stays so. */
  gone(database: string, branch: Branch): void;
  /** A database has refused to prepare or commit what came after its end. */
  refusedLate(database: string, branch: Branch): void;
  /** A database has refused to prepare, because a rule of its own is broken. */
  refused(database: string, branch: Branch): void;
  /** A participant has heard a decision. */
  heard(transaction: string, outcome: Outcome): void;
  /** The register has answered a coordinator, who owns the transaction under `epoch` then. */
  owns(transaction: string, epoch: number, owner: string): void;
  /** The register has told a coordinator how a transaction is decided. */
  ruled(transaction: string, outcome: Outcome): void;
  /** The register has refused a coordinator whose epoch is over. */
  fenced(transaction: string): void;
  /** A client was told how a transaction of its ended. */
  told(note: string, transaction: string, outcome: Outcome | 'unknown', isRepeated?: boolean): void;
}
