/**
 * The branches that were begun at an SQL database here, while their sessions may still be at work, and what is known of
 * those whose transactions were ended by statements.
 */

import type { Clock } from '../../environment/clock.ts';
import { ShortLivedMap } from '../../environment/short-lived-map.ts';
import { type Branch, globalIdOf } from '../branch.ts';
import { within } from '../deadline.ts';
import { DuplicateBranchError } from '../errors.ts';
import type { Loan } from '../pool.ts';
import type { BeginOptions, BranchSession } from '../transactional.ts';
import type { Control, SqlConnection } from './connection.ts';
import type { Created, Dialect, NamedBranch } from './dialect.ts';

/** How long it may take to clear up what no caller waits for. */
export const cleanupTimeoutMs = 5_000;
/** Reasons that are kept of branches whose transactions were ended by statements; the database remembers longer. */
const maxBroken = 1_000;

/** A branch that was begun here, and whose session may still be at work. */
interface Open<Connection, Session extends BranchSession> {
  readonly connection: Connection;
  readonly created: Created<Session>;
}

export interface OpenedParts<Connection extends SqlConnection, Session extends BranchSession> {
  readonly name: string;
  readonly clock: Clock;
  readonly dialect: Dialect<Connection, Session>;
  /** Runs `work` on a connection for control. */
  control<T>(timeoutMs: number, work: (control: Control) => Promise<T>): Promise<T>;
}

export class OpenedBranches<Connection extends SqlConnection, Session extends BranchSession> {
  readonly #parts: OpenedParts<Connection, Session>;
  readonly #opened = new ShortLivedMap<string, Open<Connection, Session>>();
  readonly #broken = new Map<string, string>();

  constructor(parts: OpenedParts<Connection, Session>) {
    this.#parts = parts;
  }

  /** The branch, with the connection that it was begun on. */
  named(branch: Branch, receipt?: string): NamedBranch<Connection> {
    const globalId = globalIdOf(branch);
    const connection = this.#opened.get(globalId)?.connection;
    return { branch, receipt, connection, isBroken: this.#broken.has(globalId) };
  }

  /** The session of a branch that was begun here. */
  ownOf(branch: Branch): Created<Session>['own'] | undefined {
    return this.#opened.get(globalIdOf(branch))?.created.own;
  }

  /** What a statement has made of the branch, if one has ended its transaction. */
  brokenReasonOf(branch: Branch): string | undefined {
    return this.#broken.get(globalIdOf(branch));
  }

  /** @throws DuplicateBranchError when the branch was begun and is not over */
  assertNew(branch: Branch): void {
    const globalId = globalIdOf(branch);
    if (!this.#opened.has(globalId)) return;
    throw new DuplicateBranchError(
      `expected a new branch, got ${globalId}, which was begun at '${this.#parts.name}' and is not over`,
    );
  }

  /** Makes the session of a branch on a connection. @throws whatever its start throws */
  async open(branch: Branch, loan: Loan<Connection>, { timeoutMs, ...mode }: BeginOptions): Promise<Session> {
    const { name, clock, dialect } = this.#parts;
    const globalId = globalIdOf(branch);
    const created = dialect.createSession({
      name,
      branch,
      clock,
      loan,
      timeoutMs,
      mode,
      onEnd: (how) => {
        if (this.#opened.get(globalId) !== open) return;
        if (how === 'over') this.#opened.delete(globalId);
        else void this.#endLost(globalId, open, branch);
      },
      onBroken: (reason) => this.#noteBroken(branch, reason),
    });
    const open: Open<Connection, Session> = { connection: loan.connection, created };
    this.#opened.set(globalId, open);
    await created.start?.();
    return created.session;
  }

  /** The branch is over. */
  forget(branch: Branch): void {
    this.#opened.delete(globalIdOf(branch));
  }

  /** Rolls back what is at work. */
  async close(): Promise<void> {
    for (const { created } of this.#opened.values()) {
      const rollback = created.own.rollback();
      await within(this.#parts.clock, rollback, cleanupTimeoutMs, 'a rollback').catch(() => undefined);
    }
  }

  /** Ends the server's session of a connection that was cut off. Recovery does it again. */
  async #endLost(globalId: string, open: Open<Connection, Session>, branch: Branch): Promise<void> {
    const { control, dialect } = this.#parts;
    try {
      const isEnded = await control(cleanupTimeoutMs, (it) => dialect.endLost(it, this.named(branch)));
      if (isEnded && this.#opened.get(globalId) === open) this.#opened.delete(globalId);
    } catch {
      // The server is out of reach; the entry stays, and the next rollback of the branch tries again.
    }
  }

  /** What a statement has made of the branch outlives this process. */
  #noteBroken(branch: Branch, reason: string): void {
    const { control, dialect } = this.#parts;
    for (const oldest of this.#broken.keys()) {
      if (this.#broken.size < maxBroken) break;
      this.#broken.delete(oldest);
    }
    this.#broken.set(globalIdOf(branch), reason);
    control(cleanupTimeoutMs, (it) => dialect.writeBroken(it, branch)).catch(() => undefined);
  }
}
