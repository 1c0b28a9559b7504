/** The sessions of a simulated database: work that is not prepared, and is gone with its session. */

import { chance, type Random } from '../../environment/random.ts';
import { type Branch, globalIdOf } from '../../resources/branch.ts';
import type { BranchMode } from '../../resources/mode.ts';
import type { Client, DatabaseWitness, Failure, Session } from './contract.ts';
import type { Rows, Snapshot } from './rows.ts';

/** A session that is not over. */
export interface Running extends Session {
  readonly id: string;
  readonly mode: BranchMode;
  /** What it reads, once it has read or written, where it reads what was committed at one moment. */
  snapshot: Snapshot | undefined;
  readonly writes: Map<string, number>;
  /** `working`: it prepares or commits, and cannot be ended before that is done; `tied`: it holds a prepared branch. */
  state: 'open' | 'working' | 'tied' | 'over';
  /** Told to end while it works, which may or may not come in time. */
  isEnding: boolean;
  isCancelled: boolean;
  /** Why it must not be prepared or commit. */
  failure: Failure | undefined;
  readonly onOver: (() => void)[];
}

export interface Sessions {
  open(branch: Branch, client: Client, mode: BranchMode): Running;
  /** The session, unless it is over. */
  find(session: Session): Running | undefined;
  all(): readonly Running[];
  /** It is over; what it did is prepared, committed, or was nothing. */
  over(session: Running): void;
  /** It is over, and rolled back. */
  abandon(session: Running): void;
  /** Ends sessions, and waits until they are gone. One at work may still get done with what it does. */
  end(sessions: readonly Running[], then: () => void): void;
  /** The connection is gone. */
  leave(session: Session): void;
  /** The server crashes, and nobody is told. */
  crash(): void;
}

/** Makes a server without sessions. */
export function createSessions(name: string, rows: Rows, random: Random, witness: DatabaseWitness): Sessions {
  const running = new Map<Session, Running>();

  const over = (session: Running): void => {
    session.state = 'over';
    running.delete(session);
    for (const heard of session.onOver.splice(0)) heard();
  };
  const abandon = (session: Running): void => {
    rows.release(session.id);
    if (session.writes.size > 0) witness.ended(name, session.branch, 'aborted');
    over(session);
  };
  /** What is under way goes on. */
  const endNow = (session: Running): void => {
    if (session.state === 'tied') over(session);
    else if (session.state === 'open') abandon(session);
    else session.isEnding = true;
  };
  return {
    open(branch, client, mode) {
      const session: Running = {
        branch,
        client,
        id: globalIdOf(branch),
        mode,
        snapshot: undefined,
        writes: new Map(),
        state: 'open',
        isEnding: false,
        isCancelled: false,
        failure: undefined,
        onOver: [],
      };
      running.set(session, session);
      return session;
    },
    find: (session) => running.get(session),
    all: () => [...running.values()],
    over,
    abandon,
    end(ending, then) {
      let left = ending.length;
      if (left === 0) then();
      for (const session of ending) {
        session.onOver.push(() => {
          left -= 1;
          if (left === 0) then();
        });
        endNow(session);
        if (session.state === 'working') session.isCancelled ||= chance(random, 0.5);
      }
    },
    leave(asked) {
      const session = running.get(asked);
      if (session !== undefined) endNow(session);
    },
    crash() {
      for (const session of [...running.values()]) {
        session.onOver.length = 0;
        if (session.state === 'tied') over(session);
        else abandon(session);
      }
    },
  };
}
