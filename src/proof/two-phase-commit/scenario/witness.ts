/** What is reported to the watch of a run as it happens, by databases, actors and clients. */

import type { Outcome } from '../../../../statecharts/two-phase-commit.ts';
import type { DatabaseWitness } from '../../../simulator/database.ts';

/** Hears everything that invariants and goals of a run are about. */
export interface Witness extends DatabaseWitness {
  /** A participant has heard a decision. */
  heard(transaction: string, outcome: Outcome): void;
  /** The register has answered a coordinator, who owns the transaction under `epoch` then. */
  owns(transaction: string, epoch: number, owner: string): void;
  /** The register has told a coordinator how a transaction is decided. */
  ruled(transaction: string, outcome: Outcome): void;
  /** Acceptors have decided for a coordinator on `node`. */
  led(transaction: string, outcome: Outcome, node: string): void;
  /** The register has refused a coordinator whose epoch is over, or acceptors one whose ballot is. */
  fenced(transaction: string): void;
  /** A client was told how a transaction of its ended. */
  told(note: string, transaction: string, outcome: Outcome | 'unknown', isRepeated?: boolean): void;
}

/** `witness`, with a line in the event log for each report. */
export function loggedWitness(witness: Witness, log: (kind: string, ...details: readonly string[]) => void): Witness {
  return {
    wrote(database, branch, note) {
      log('wrote', database, branch.transaction, note);
      witness.wrote(database, branch, note);
    },
    prepared(database, branch) {
      log('prepared', database, branch.transaction);
      witness.prepared(database, branch);
    },
    ended(database, branch, outcome) {
      log(outcome, database, branch.transaction);
      witness.ended(database, branch, outcome);
    },
    gone(database, branch) {
      log('gone', database, branch.transaction);
      witness.gone(database, branch);
    },
    found(database, branch) {
      log('found', database, branch.transaction);
      witness.found(database, branch);
    },
    refusedLate(database, branch) {
      log('refused-late', database, branch.transaction);
      witness.refusedLate(database, branch);
    },
    refused(database, branch) {
      log('refused', database, branch.transaction);
      witness.refused(database, branch);
    },
    heard(transaction, outcome) {
      log('heard', transaction, outcome);
      witness.heard(transaction, outcome);
    },
    owns(transaction, epoch, owner) {
      log('owns', transaction, String(epoch), owner);
      witness.owns(transaction, epoch, owner);
    },
    ruled(transaction, outcome) {
      log('ruled', transaction, outcome);
      witness.ruled(transaction, outcome);
    },
    led(transaction, outcome, node) {
      log('led', transaction, outcome, node);
      witness.led(transaction, outcome, node);
    },
    fenced(transaction) {
      log('fenced', transaction);
      witness.fenced(transaction);
    },
    told(note, transaction, outcome, isRepeated) {
      log('told', note, transaction, outcome);
      witness.told(note, transaction, outcome, isRepeated);
    },
  };
}
