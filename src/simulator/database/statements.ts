/**
 * What branches read and write at a simulated database, by the isolation that each was asked for. Read committed, the default:
 * each read is of what is committed then. Repeatable read: all are of what was committed at the first statement, and of two that
 * write one account after that the second one fails (snapshot isolation). Serializable: what is read is locked until the branch
 * is over. Who writes locks, whatever the isolation.
 */

import type { Answer, DatabaseWitness, Failure, Reply } from './contract.ts';
import type { Rows } from './rows.ts';
import type { Running } from './sessions.ts';

export interface Statements {
  /** Adds to a balance. Answers the new one, as the branch sees it. */
  write(session: Running, account: string, amount: number, note: string, reply: Reply<Answer<number>>): void;
  read(session: Running, account: string, reply: Reply<Answer<number>>): void;
}

export interface StatementsParts {
  readonly name: string;
  readonly rows: Rows;
  readonly witness: DatabaseWitness;
  /** Calls later, unless the server has crashed by then. */
  later(ms: number, act: () => void): void;
}

const lockTimeoutMs = 800;

/** A failure that another transaction may not meet. `resourceCode`: as PostgreSQL has it. */
const passing = (message: string, resourceCode: string): Failure => ({
  type: 'error',
  message,
  resourceCode,
  isTransient: true,
});
/** A failure that comes of what was asked for. */
const lasting = (message: string, resourceCode?: string): Failure => ({
  type: 'error',
  message,
  resourceCode,
  isTransient: false,
});

/** Makes what carries statements out. */
export function createStatements({ name, rows, witness, later }: StatementsParts): Statements {
  const fail = (session: Running, failure: Failure, reply: Reply<Answer<number>>): void => {
    session.failure = failure;
    rows.release(session.id);
    reply(failure);
  };
  /** Takes the moment of the first statement. */
  const begin = (session: Running): void => {
    if (session.mode.isolation === 'repeatable read') session.snapshot ??= rows.snapshot();
  };
  const underLock = (session: Running, account: string, reply: Reply<Answer<number>>, act: () => void): void => {
    let isWaiting = true;
    rows.lock(account, session.id, (isGranted) => {
      if (!isWaiting) return;
      isWaiting = false;
      if (isGranted) act();
      else reply({ type: 'gone' });
    });
    if (!isWaiting) return;
    later(lockTimeoutMs, () => {
      if (!isWaiting) return;
      isWaiting = false;
      fail(session, passing(`'${account}' was locked for too long`, '55P03'), reply);
    });
  };
  return {
    write(session, account, amount, note, reply) {
      if (session.failure !== undefined) return reply(session.failure);
      if (!Number.isSafeInteger(amount)) return fail(session, lasting(`expected a whole amount, got ${amount}`), reply);
      if (session.mode.readOnly === true) return fail(session, lasting('the branch is read only', '25006'), reply);
      begin(session);
      underLock(session, account, reply, () => {
        if (session.snapshot?.isCurrent(account) === false) {
          fail(session, passing(`'${account}' was written since the branch began`, '40001'), reply);
          return;
        }
        if (session.writes.size === 0) witness.wrote(name, session.branch, note);
        const changed = (session.writes.get(account) ?? 0) + amount;
        session.writes.set(account, changed);
        reply(rows.balance(account) + changed);
      });
    },
    read(session, account, reply) {
      begin(session);
      const answer = (): void =>
        reply((session.snapshot ?? rows).balance(account) + (session.writes.get(account) ?? 0));
      if (session.mode.isolation !== 'serializable') answer();
      else if (session.failure === undefined) underLock(session, account, reply, answer);
      else reply(session.failure);
    },
  };
}
