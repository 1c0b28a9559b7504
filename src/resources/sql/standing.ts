/**
 * How a branch at work stands: at work, prepared, over or lost, and why; and what becomes of its connection then. An error
 * is of use for nothing but finding that out.
 */

import { messageOf } from '../../environment/message.ts';
import { within } from '../deadline.ts';
import { BranchBrokenError, type Refusal, ResourceDeadlineError } from '../errors.ts';
import type { Vote } from '../transactional.ts';
import type { ErrorMeanings, SqlConnection } from './connection.ts';
import type { MustRollBack, SessionParts, Work } from './work.ts';

/** An answer to a request to prepare or to commit when neither happened, as far as is known. */
export type NotDone = Extract<Vote, { readonly type: 'no' | 'unknown' }>;

const cleanupTimeoutMs = 5_000;
const failedBefore = 'the transaction had failed before';

export class Standing {
  readonly #parts: SessionParts<SqlConnection>;
  readonly #work: Work;
  readonly #meanings: ErrorMeanings;
  #state: 'working' | 'prepared' | 'over' | 'lost' = 'working';
  /** Why no statement is accepted any more. */
  #closedBecause: string | undefined;
  /** The error that a vote of no reports. */
  #failure: string | undefined;
  /** What the server said with the error that is reported. */
  #refusal: Refusal | undefined;
  #broken: string | undefined;
  #takesNoWrites = false;

  constructor(parts: SessionParts<SqlConnection>, work: Work, meanings: ErrorMeanings) {
    this.#parts = parts;
    this.#work = work;
    this.#meanings = meanings;
  }

  get isPrepared(): boolean {
    return this.#state === 'prepared';
  }

  get isLost(): boolean {
    return this.#state === 'lost';
  }

  get isOver(): boolean {
    return this.#state === 'over' || this.#state === 'lost';
  }

  /** Why no statement is accepted any more, if so. */
  get closedBecause(): string | undefined {
    return this.#closedBecause;
  }

  /** The first error, unless it was forgiven. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** What the server has refused, unless that was forgiven. */
  get refusal(): Refusal | undefined {
    return this.#refusal;
  }

  /** Why it is not known what became of the branch: a statement has ended its transaction. */
  get brokenBecause(): string | undefined {
    return this.#broken;
  }

  close(reason: string): void {
    this.#closedBecause ??= reason;
  }

  /** It is about to be rolled back, for `reason`. */
  rollingBack(reason: string): void {
    this.#closedBecause ??= reason;
    this.#failure ??= reason;
  }

  /** The application has gone back to a savepoint. */
  forgive(): void {
    this.#failure = undefined;
    this.#refusal = undefined;
  }

  /** It is prepared, and stays with its connection. */
  prepared(): void {
    this.#state = 'prepared';
  }

  /** Gives the connection back, as new, or not at all. */
  async over(): Promise<void> {
    if (this.isOver) return;
    this.#state = 'over';
    this.#closedBecause ??= 'it is over';
    const { name, clock, loan, onEnd } = this.#parts;
    onEnd('over');
    if (this.#work.isClean || this.#takesNoWrites) {
      loan.release(this.#takesNoWrites ? 'discard' : undefined);
      return;
    }
    try {
      const reset = this.#work.reset(cleanupTimeoutMs);
      await within(clock, reset, cleanupTimeoutMs, `the reset of a session of '${name}'`);
      loan.release();
    } catch {
      loan.release('discard');
    }
  }

  /** Gives the connection up: the server may still be at work for the branch. */
  cut(reason: string): void {
    if (this.isOver) return;
    this.#state = 'lost';
    this.#closedBecause ??= reason;
    this.#failure ??= reason;
    this.#parts.loan.release('discard');
    this.#parts.onEnd('lost');
  }

  /** Takes note of an error, and says whether it is certain that what was asked for did not happen. */
  failed(error: unknown): boolean {
    if (error instanceof BranchBrokenError) {
      this.#brokenBy(error);
      return false;
    }
    const { connection } = this.#parts.loan;
    if (error instanceof ResourceDeadlineError || !this.#meanings.isDefinite(error) || !connection.isUsable()) {
      this.cut(messageOf(error));
      return false;
    }
    this.#failure ??= messageOf(error);
    this.#refused(error);
    this.#noteReadOnly(error);
    return true;
  }

  /** Rolls back what is not prepared. */
  async undo(): Promise<void> {
    if (this.#state !== 'working') return;
    try {
      if (this.#work.hasBegun) await this.#work.rollBack(cleanupTimeoutMs);
      await this.over();
    } catch (error) {
      if (error instanceof BranchBrokenError) this.#brokenBy(error);
      else this.cut(messageOf(error));
    }
  }

  /** Rolls back, unless that turns out to be impossible. */
  async no(reason: string): Promise<NotDone> {
    await this.undo();
    return this.#broken === undefined ? { type: 'no', reason } : { type: 'unknown', reason: this.#broken };
  }

  /** Rolls back what the server, or the transaction `before`, has refused. */
  rolledBack({ error, reason = failedBefore }: MustRollBack, before: string | undefined): Promise<NotDone> {
    this.#noteReadOnly(error);
    if (error !== undefined) this.#refused(error);
    return this.no(before ?? (error === undefined ? reason : this.#meanings.refusalOf(this.#parts.name, error)));
  }

  /** What is known before anything is sent. */
  async foregone(): Promise<NotDone | undefined> {
    if (this.#broken !== undefined) return { type: 'unknown', reason: this.#broken };
    if (this.isOver) return { type: 'no', reason: this.#failure ?? this.#closedBecause ?? 'the branch is over' };
    if (!this.#parts.loan.connection.isUsable()) {
      const reason = this.#failure ?? 'the connection was lost';
      this.cut(reason);
      return { type: 'no', reason };
    }
    return this.#work.hasFailed ? this.no(this.#failure ?? failedBefore) : undefined;
  }

  /** Of a branch that was asked for as read only, the error says nothing of the server. */
  #noteReadOnly(error: unknown): void {
    this.#takesNoWrites ||= this.#parts.mode.readOnly !== true && this.#meanings.takesNoWrites(error);
  }

  #refused(error: unknown): void {
    this.#refusal ??= { resourceCode: this.#meanings.codeOf(error), isTransient: this.#meanings.isTransient(error) };
  }

  #brokenBy(error: BranchBrokenError): void {
    if (this.#broken === undefined) this.#parts.onBroken(error.message);
    this.#broken ??= error.message;
    this.cut(error.message);
  }
}
