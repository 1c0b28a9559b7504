/**
 * The session of one asker, within which its commands are numbered, so that each is applied once. It is registered when it
 * is first needed, and anew when it has expired.
 */

import type { Clock } from '../../../environment/clock.ts';
import { isNatural } from '../codec.ts';
import { SessionExpiredError, SessionsFullError, TooFewInSyncError } from '../errors.ts';
import { sessionWindow } from '../sessions/live.ts';
import type { Done, ExecuteOptions } from './contract.ts';
import type { Router } from './router.ts';
import type { Body } from './wire.ts';

/** How long a registration may take before it is tried anew, if a request still waits for it. */
const registrationMs = 10_000;

/** A registered session. Sequence numbers start at 1. */
interface Session {
  readonly id: number;
  next: number;
  lowestUnanswered: number;
  /** Answered ones above the lowest that is not. */
  readonly answered: Set<number>;
}

export interface OwnSessionParts {
  readonly clock: Clock;
  readonly router: Pick<Router, 'submit' | 'wake'>;
  /** Gives the router a request whose body `prepare` makes, once it can. @throws MalformedRequestError for the deadline */
  submit(prepare: () => Body | undefined, deadlineMs: number, done: Done): void;
}

export interface OwnSession {
  /** Asks for a command to be applied within the session. */
  execute(command: Uint8Array, how: Pick<ExecuteOptions, 'mode'>, deadlineMs: number, done: Done): void;
  /** What closes the session; undefined when there is none. No command may follow. */
  farewell(): Extract<Body, { type: 'close' }> | undefined;
}

export function createOwnSession({ clock, router, submit }: OwnSessionParts): OwnSession {
  let session: Session | undefined;
  let isRegistering = false;
  /** Why those who wait for a session get none. */
  let refusal: SessionsFullError | TooFewInSyncError | undefined;

  const register = (): void => {
    if (isRegistering) return;
    isRegistering = true;
    router.submit({
      isUrgent: true,
      prepare: () => ({ type: 'register' }),
      deadlineAtMs: clock.nowMs() + registrationMs,
      done(error, value) {
        isRegistering = false;
        if (error instanceof SessionsFullError || error instanceof TooFewInSyncError) refusal = error;
        if (isNatural(value)) session = { id: value, next: 1, lowestUnanswered: 1, answered: new Set() };
        // Those who still wait find the session, or ask for another registration.
        router.wake();
      },
    });
  };
  const noteAnswered = (of: Session, sequence: number): void => {
    of.answered.add(sequence);
    if (sequence !== of.lowestUnanswered) return;
    while (of.answered.delete(of.lowestUnanswered)) of.lowestUnanswered += 1;
    router.wake();
  };

  const execute: OwnSession['execute'] = (command, how, deadlineMs, done) => {
    let own: Session | undefined;
    let sequence = 0;
    refusal = undefined;
    const prepare = (): Body | undefined => {
      if (session === undefined) {
        if (refusal !== undefined) throw refusal;
        register();
        return undefined;
      }
      if (session.next >= session.lowestUnanswered + sessionWindow) return undefined;
      own = session;
      sequence = own.next;
      own.next += 1;
      return { type: 'command', session: own.id, sequence, lowestUnanswered: own.lowestUnanswered, command, ...how };
    };
    submit(prepare, deadlineMs, (error, value) => {
      if (error instanceof SessionExpiredError && session === own) session = undefined;
      // Given up is answered, too: should a straggler of it reach the log still, then it must not be applied.
      if (own !== undefined) noteAnswered(own, sequence);
      done(error, value);
    });
  };
  return { execute, farewell: () => session && { type: 'close', session: session.id } };
}
