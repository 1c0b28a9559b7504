/**
 * What an SQL database is to the outline of its resource: how to connect, to begin a branch, to end one by its name, and
 * what errors mean. PostgreSQL and MariaDB are two dialects of it.
 */

import type { Branch } from '../branch.ts';
import type { Absence, BranchOutcome, BranchSession, CheckReport, Ending, PreparedBranch } from '../transactional.ts';
import type { ConnectionParts, Control, ErrorMeanings, SqlConnection } from './connection.ts';
import type { OwnSession, SessionParts } from './work.ts';

/** A session as the resource has it, and as applications and managers have it. */
export interface Created<Session extends BranchSession> {
  readonly own: OwnSession;
  readonly session: Session;
  /** Says to the server what must be said before any statement. */
  start?(): Promise<void>;
}

/** A branch whose connection is known here, if it is. */
export interface NamedBranch<Connection> {
  readonly branch: Branch;
  /** What its vote carried. */
  readonly receipt: string | undefined;
  /** On which it was begun here, and may still be at work. */
  readonly connection: Connection | undefined;
  /** A statement has ended its transaction, so that it may have committed. */
  readonly isBroken: boolean;
}

export interface Dialect<Connection extends SqlConnection, Session extends BranchSession> {
  readonly meanings: ErrorMeanings;
  /** Of URLs, for instance `postgres:`. */
  readonly protocols: readonly string[];
  /** Connects. @throws ResourceLoginError, ResourceUnreachableError, ResourceDeadlineError, DriverMissingError */
  connect(parts: ConnectionParts): Promise<Connection>;
  createSession(parts: SessionParts<Connection>): Created<Session>;

  // By a branch's name, from connections that did not prepare it.
  endPrepared(control: Control, verb: 'commit' | 'rollback', branch: Branch): Promise<Ending | NoSuchBranch>;
  outcomeOf(control: Control, branch: Branch, receipt: string | undefined): Promise<BranchOutcome>;
  /** Ends the branch's sessions, waits until they are gone, and writes its key as aborted. */
  writeAbsence(control: Control, named: NamedBranch<Connection>): Promise<Absence>;
  /** Whether a rollback is remembered by itself, or must be written as an absence. */
  readonly remembersRollbacks: boolean;
  /** Writes the key of a branch as one that has committed, because it may have. */
  writeBroken(control: Control, branch: Branch): Promise<unknown>;
  /** Ends the server's session of a connection that was lost, so that its locks go soon. @returns whether it is gone */
  endLost(control: Control, named: NamedBranch<Connection>): Promise<boolean>;
  prepared(control: Control, manager: string): Promise<readonly PreparedBranch[]>;
  forget(control: Control, manager: string, olderThanMs: number): Promise<number>;

  /** Creates what is missing. Throws the driver's error. */
  setup(control: Control): Promise<void>;
  /** What an administrator runs where `setup` may not. */
  readonly setupScript: string;
  check(control: Control, maxSessions: number): Promise<CheckReport>;
}

/** The server knows no such name, which proves nothing by itself. */
export interface NoSuchBranch {
  readonly type: 'absent';
}
