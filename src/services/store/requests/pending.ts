/** The requests of a router that are not answered yet, by the ids of their present attempts. */

import type { QuorateError } from '../../../../statecharts/actor.ts';
import { OutcomeUnknownError, UnavailableError } from '../errors.ts';
import type { Body } from './wire.ts';

/** What changes nothing, so that one without an answer has not happened. */
const questions: readonly string[] = ['query', 'members', 'leader'] satisfies Body['type'][];

/** A request to be answered. */
export interface Submission {
  /**
   * Makes the body when it is about to be sent; undefined while it cannot be sent yet (see `Router.wake`). What it throws,
   * a `NotHappenedError`, is the answer.
   */
  prepare(): Body | undefined;
  /** When, by the clock, to give up. Noticed up to `sweepMs` late. */
  readonly deadlineAtMs: number;
  /** Whether the answer may wait for something to happen until the deadline: no answer is no reason to ask again then. */
  readonly isPatient?: boolean;
  /** Whether others wait for it, so that it is taken even when too many requests are out. */
  readonly isUrgent?: boolean;
  /** Called once, in a later turn than `submit`. `error` is a `NotHappenedError` or an `OutcomeUnknownError`. */
  done(error: QuorateError | undefined, value: unknown): void;
}

export interface Pending {
  readonly submission: Submission;
  id: number;
  /** Kept from the first preparation on, so that every attempt says the same. */
  body: Body | undefined;
  /** Where the present attempt went; undefined while there is none. */
  sentTo: string | undefined;
  /** When to ask again, whether out (no answer by then) or waiting (undefined: only when woken). */
  nextAtMs: number | undefined;
  attempts: number;
  /** How long its first attempt waits for an answer, once that is made. */
  attemptMs: number | undefined;
  /** Whether an earlier attempt may have taken effect. */
  mayHaveHappened: boolean;
}

export interface PendingTable {
  add(submission: Submission): Pending;
  get(id: number): Pending | undefined;
  /** Whether it is neither answered nor given up. */
  isOpen(pending: Pending): boolean;
  /** Gives the next attempt an id of its own, so that answers to earlier ones are not taken for its. */
  renew(pending: Pending): void;
  /** Takes back the present attempt, which may have arrived. */
  retract(pending: Pending): void;
  finish(pending: Pending, error: QuorateError | undefined, value?: unknown): void;
  /** Ends it as not happened where that is certain, else as unknown. */
  giveUp(pending: Pending): void;
  all(): readonly Pending[];
  readonly size: number;
}

/** @param beforeFirstId ids follow it; answers to what an earlier life asked must not meet one of them */
export function createPendingTable(beforeFirstId: number): PendingTable {
  const byId = new Map<number, Pending>();
  let lastId = beforeFirstId;

  const renew = (pending: Pending): void => {
    byId.delete(pending.id);
    lastId += 1;
    pending.id = lastId;
    byId.set(pending.id, pending);
  };
  const finish = (pending: Pending, error: QuorateError | undefined, value?: unknown): void => {
    byId.delete(pending.id);
    pending.submission.done(error, value);
  };
  return {
    add(submission) {
      lastId += 1;
      const pending: Pending = {
        submission,
        id: lastId,
        body: undefined,
        sentTo: undefined,
        nextAtMs: undefined,
        attempts: 0,
        attemptMs: undefined,
        mayHaveHappened: false,
      };
      byId.set(pending.id, pending);
      return pending;
    },
    get: (id) => byId.get(id),
    isOpen: (pending) => byId.get(pending.id) === pending,
    renew,
    retract(pending) {
      if (pending.sentTo === undefined) return;
      pending.sentTo = undefined;
      pending.mayHaveHappened = true;
      renew(pending);
    },
    finish,
    giveUp(pending) {
      const isWrite = pending.body !== undefined && !questions.includes(pending.body.type);
      const wasSent = pending.sentTo !== undefined || pending.mayHaveHappened;
      finish(
        pending,
        isWrite && wasSent
          ? new OutcomeUnknownError('no answer came within the deadline; the request may have happened, or still may')
          : new UnavailableError(
              'no leader with a majority answered within the deadline; the request did not happen, try again later',
            ),
      );
    },
    all: () => [...byId.values()],
    get size() {
      return byId.size;
    },
  };
}
