/** What machines may ask of a simulated database server, and what may be wrong with it. */

import type { Branch } from '../../resources/branch.ts';
import type { Refusal } from '../../resources/errors.ts';
import type { BranchMode } from '../../resources/mode.ts';
import type {
  Absence,
  BranchOutcome,
  CheckReport,
  DirectCommit,
  Ending,
  PreparedBranch,
  Vote,
} from '../../resources/transactional.ts';
import type { OutsideServer, ServerCondition } from '../scenario.ts';

/** Who has a connection: a manager in one of its lives, on a machine. */
export interface Client {
  readonly machine: string;
  readonly life: string;
  /** When this life began, in true time. */
  readonly bornMs: number;
}

/** A session as its client names it. */
export interface Session {
  readonly branch: Branch;
  readonly client: Client;
}

/** Hears what a server does as it happens. */
export interface DatabaseWitness {
  /** The first statement that changes something was carried out. `note` is the client's name for what it does. */
  wrote(database: string, branch: Branch, note: string): void;
  prepared(database: string, branch: Branch): void;
  ended(database: string, branch: Branch, outcome: 'committed' | 'aborted'): void;
  /** It has said for certain that a branch is rolled back and stays so. */
  gone(database: string, branch: Branch): void;
  /** It was to write down a branch's absence, and has said that it is committed. */
  found(database: string, branch: Branch): void;
  /** It has refused to prepare or commit what came after its end. */
  refusedLate(database: string, branch: Branch): void;
  /** It has refused to prepare, because a rule of its own is broken. */
  refused(database: string, branch: Branch): void;
}

/** What a database does wrong, for proofs that it would be found. */
export interface Mistakes {
  /**
   * A rollback that finds no prepared branch takes it for gone: it does not wait for the session to end, and does not
   * write the absence.
   */
  readonly acceptsLatePrepares?: boolean;
  /** A name that the server does not know, because its session has it still, is taken for committed. */
  readonly takesUnknownForSuccess?: boolean;
  /** Whoever asks for an absence to be written hears what is known just now, and a commit may still be under way. */
  readonly readsAbsence?: boolean;
}

/** An answer, unless the session does not exist any more. */
export type Answer<T> = { readonly type: 'gone' } | Failure | T;

/** What a server has refused. */
export interface Failure extends Refusal {
  readonly type: 'error';
  readonly message: string;
}

export type Reply<T> = (answer: T) => void;

/** A server, as requests reach it: each is handled when it arrives, and answered at most once. */
export interface DatabaseServer extends OutsideServer {
  readonly name: string;
  readonly isUp: boolean;
  readonly condition: ServerCondition;
  /** Has `cut` called when the server crashes, until the returned function is called. */
  connected(cut: () => void): () => void;
  begin(branch: Branch, client: Client, mode: BranchMode, reply: Reply<Session | 'duplicate'>): void;
  /** Adds to a balance under an exclusive lock. Answers the new balance, as the branch sees it. */
  write(session: Session, account: string, amount: number, note: string, reply: Reply<Answer<number>>): void;
  read(session: Session, account: string, reply: Reply<Answer<number>>): void;
  prepare(session: Session, reply: Reply<Answer<Vote>>): void;
  commitDirectly(session: Session, key: string | undefined, reply: Reply<Answer<DirectCommit>>): void;
  /** The connection of a session is gone; what it has not prepared is rolled back. */
  leave(session: Session): void;
  /** `via`: the session that prepared it, if the request comes through that. */
  commit(branch: Branch, via: Session | undefined, reply: Reply<Ending>): void;
  rollback(branch: Branch, client: Client, via: Session | undefined, reply: Reply<Ending>): void;
  writeAbsence(branch: Branch, client: Client, reply: Reply<Absence>): void;
  outcomeOf(branch: Branch): BranchOutcome;
  prepared(manager: string): readonly PreparedBranch[];
  forget(manager: string, olderThanMs: number): number;
  check(): CheckReport;
  /** A machine has died; sooner or later its connections are noticed to be gone. */
  machineDied(machine: string): void;
  /** The committed balance. */
  balance(account: string): number;
  readonly total: number;
  /** Sessions, prepared branches and locks, in words. */
  residue(): readonly string[];
}
