/** What may be asked of a store, by promise or by callback, and how. */

import type { QuorateError } from '../../../../statecharts/actor.ts';
import type { Mode } from '../../../../statecharts/replication/modes.ts';
import type { LogMembers, MemberChange, MemberStep } from '../log/members.ts';
import type { Reading } from './reading.ts';

/** How to execute a command. */
export interface ExecuteOptions {
  /** How long the request may take, in milliseconds. Default 5,000. */
  readonly deadlineMs?: number;
  /**
   * Names the request, so that it may be repeated by anybody and is still applied once: 1 to 255 characters. Its result
   * is kept for a number of further requests (see `SessionLimits.keptKeyRequests`).
   */
  readonly idempotencyKey?: string;
  /**
   * Who holds the write before it is acknowledged, where the store offers that (primary-backup alone): `sync` for more than
   * the store's own mode asks for, `async` for less. Default: the store's own mode.
   */
  readonly mode?: Mode;
}

/** How to ask. */
export interface QueryOptions extends Reading {
  /** How long the request may take, in milliseconds. Default 5,000. */
  readonly deadlineMs?: number;
  /** Whether the answer may wait until shortly before the deadline for something to tell (see `LaterAnswer`). */
  readonly isPatient?: boolean;
}

/** Executes commands and answers questions, on whichever node can. */
export interface Executor {
  /**
   * Applies a command, once.
   *
   * @returns what the state machine returned
   * @throws NotHappenedError (one of its kinds, such as ModeNotOfferedError), OutcomeUnknownError
   */
  execute(command: Uint8Array, options?: ExecuteOptions): Promise<unknown>;
  /** Answers a question without changing anything. @throws NotHappenedError (one of its kinds) */
  query(question: unknown, options?: QueryOptions): Promise<unknown>;
}

/** Called once, with an error or a value. */
export type Done = (error: QuorateError | undefined, value: unknown) => void;

/**
 * The same by callback, for callers on whom no promise may be waited for, such as a simulation. What the promises would
 * be rejected with before anything was sent is thrown.
 */
export interface CallbackExecutor {
  executeThen(command: Uint8Array, options: ExecuteOptions, done: Done): void;
  queryThen(question: unknown, options: QueryOptions, done: Done): void;
  /** `replaceMember`, without asking beforehand whether a majority answers. */
  replaceThen(change: MemberChange, options: { readonly deadlineMs?: number }, done: Done): void;
  /** `changeMember`, without asking beforehand whether a majority answers. */
  changeThen(step: MemberStep, options: { readonly deadlineMs?: number }, done: Done): void;
  handOverThen(to: string | undefined, options: { readonly deadlineMs?: number }, done: Done): void;
}

/** Asks about members, and changes them. */
export interface MemberAdministration {
  /** Who takes part. @throws NotHappenedError (one of its kinds), also for a log whose members do not change */
  members(options?: { readonly deadlineMs?: number }): Promise<LogMembers>;
  /**
   * Lets the node `joining`, which was started to join and listens at `place` (`host:port`), take the place of `leaving`,
   * which is refused for ever from then on. Asked for again, it waits for the change that is under way.
   *
   * @returns who takes part now
   * @throws NotReplacedError; UnavailableError when no majority answered: nothing happened; OutcomeUnknownError when the
   * deadline (30 s by default) came first: the change may go on, which `members` tells
   */
  replaceMember(change: MemberChange, options?: { readonly deadlineMs?: number }): Promise<LogMembers>;
  /**
   * Adds, promotes, removes or moves one node. Asked for again, it waits for the change that is under way.
   *
   * @returns who takes part now
   * @throws MembersUnchangedError, which for a learner that has not caught up says how many entries it lacks;
   * UnavailableError when no majority answered: nothing happened; OutcomeUnknownError when the deadline (30 s by default)
   * came first: the change may go on, which `members` tells
   */
  changeMember(step: MemberStep, options?: { readonly deadlineMs?: number }): Promise<LogMembers>;
  /**
   * Lets the node `to` lead, or without one some other voter that has most of the log, within some round trips. Until
   * then writes wait.
   *
   * @returns the node that leads now
   * @throws NotHandedOverError; UnavailableError; OutcomeUnknownError when the other node was told to lead, and was not
   * heard to in time
   */
  handOver(to?: string, options?: { readonly deadlineMs?: number }): Promise<string>;
}
