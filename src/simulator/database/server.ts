/**
 * A transactional database server outside of the machines, on virtual time: sessions with locks, prepared branches that
 * survive it and everybody else, and what it remembers of ended ones. A request is handled when it arrives; whoever sent
 * it may be dead by then, and a prepare may come after its session was given up. One thing happens at a time, and
 * whatever was changed is durable at once, or not at all when the server crashes before.
 */

import type { Clock } from '../../environment/clock.ts';
import { chance, type Random } from '../../environment/random.ts';
import { type Branch, globalIdOf } from '../../resources/branch.ts';
import type { DirectCommit, Vote } from '../../resources/transactional.ts';
import type { ServerCondition } from '../scenario.ts';
import { createBranches } from './branches.ts';
import type { Answer, DatabaseServer, DatabaseWitness, Mistakes, Reply, Session } from './contract.ts';
import { createRows } from './rows.ts';
import { createSessions, type Running } from './sessions.ts';

export interface ServerOptions {
  readonly name: string;
  readonly balances: ReadonlyMap<string, number>;
  /** Whether a prepared branch belongs to its session until that is gone, and is unknown to others till then. */
  readonly ties: boolean;
  readonly time: Clock;
  readonly random: Random;
  readonly witness: DatabaseWitness;
  readonly mistakes?: Mistakes;
}

const lockTimeoutMs = 800;
/** How long a server takes to notice that the other side of a connection is gone: a reset, or silence. */
const resetMs = 50;
const silenceMs = 5_000;
const stallProbability = 0.2;
/** The longest stall, to which comes a multiple of the longest way to the server. */
const stallMs = 250;
const stallFactor = 4;

/** Makes a server that is up. */
export function createDatabaseServer(options: ServerOptions): DatabaseServer {
  const { name, ties, time, random, witness, mistakes = {} } = options;
  const rows = createRows(options.balances);
  const sessions = createSessions(name, rows, random, witness);
  const branches = createBranches({ name, rows, sessions, time, witness, mistakes });
  /** The branches that committed directly under an idempotency key. */
  const keys = new Map<string, Branch>();
  const cuts = new Set<() => void>();
  const diedAtMs = new Map<string, number>();
  // Some databases are quick and others far away or busy, for a whole run.
  const paceMs = chance(random, 0.5) ? 2 : 2 + random.next() * 100;
  let condition: ServerCondition = { breakProbability: 0, maxDelayMs: 1 };
  let isUp = true;
  let lives = 1;

  /** Later, unless the server has crashed by then. */
  const later = (ms: number, act: () => void): void => {
    const life = lives;
    time.setTimeout(() => {
      if (isUp && life === lives) act();
    }, ms);
  };
  const workMs = (): number => 0.1 + random.next() * Math.max(paceMs, condition.maxDelayMs / 2);
  /** What has to be flushed waits for a slow disk or a standby now and then. */
  const flushMs = (): number =>
    workMs() + (chance(random, stallProbability) ? random.next() * (stallMs + stallFactor * condition.maxDelayMs) : 0);

  /** Sooner or later, the server notices that the other side of a session's connection is gone. */
  const notice = (session: Running): void =>
    later(chance(random, 0.7) ? random.next() * resetMs : silenceMs, () => sessions.leave(session));

  /** Runs the last request of a session: it takes a while, and may be cancelled meanwhile. */
  const finish = <T>(asked: Session, reply: Reply<Answer<T>>, act: (session: Running) => T): void => {
    const session = sessions.find(asked);
    if (session?.state !== 'open') {
      witness.refusedLate(name, asked.branch);
      reply({ type: 'gone' });
      return;
    }
    session.state = 'working';
    later(flushMs(), () => {
      if (session.isCancelled) {
        sessions.abandon(session);
        reply({ type: 'gone' });
      } else reply(act(session));
    });
  };
  const refusalOf = ({ id, failure, writes }: Running): string | undefined => {
    if (failure !== undefined) return failure;
    if (branches.isEnded(id)) return 'its absence is written';
    const overdrawn = [...writes].find(([account, amount]) => rows.balance(account) + amount < 0);
    return overdrawn === undefined ? undefined : `'${overdrawn[0]}' would be overdrawn`;
  };
  const refuse = (session: Running, reason: string): { readonly type: 'no'; readonly reason: string } => {
    witness.refused(name, session.branch);
    sessions.abandon(session);
    return { type: 'no', reason };
  };

  return {
    name,
    get isUp() {
      return isUp;
    },
    get condition() {
      return condition;
    },
    setCondition(next) {
      condition = next;
    },
    crash() {
      isUp = false;
      lives += 1;
      sessions.crash();
      for (const cut of [...cuts]) cut();
      cuts.clear();
    },
    restart() {
      isUp = true;
    },
    connected(cut) {
      cuts.add(cut);
      return () => void cuts.delete(cut);
    },
    begin(branch, client, reply) {
      const id = globalIdOf(branch);
      const isNew = branches.isNew(id) && sessions.all().every((it) => it.id !== id);
      if (!isNew) {
        reply('duplicate');
        return;
      }
      const session = sessions.open(branch, client);
      // What a machine sent before its death may arrive after it.
      if ((diedAtMs.get(client.machine) ?? 0) > client.bornMs) notice(session);
      reply(session);
    },
    write(asked, account, amount, note, reply) {
      const session = sessions.find(asked);
      if (session?.state !== 'open') {
        reply({ type: 'gone' });
        return;
      }
      if (session.failure !== undefined) {
        reply({ type: 'error', message: session.failure });
        return;
      }
      if (!Number.isSafeInteger(amount)) {
        session.failure = `expected a whole amount, got ${amount}`;
        reply({ type: 'error', message: session.failure });
        return;
      }
      let isWaiting = true;
      rows.lock(account, session.id, (isGranted) => {
        if (!isWaiting) return;
        isWaiting = false;
        if (!isGranted) {
          reply({ type: 'gone' });
          return;
        }
        if (session.writes.size === 0) witness.wrote(name, session.branch, note);
        const changed = (session.writes.get(account) ?? 0) + amount;
        session.writes.set(account, changed);
        reply(rows.balance(account) + changed);
      });
      if (!isWaiting) return;
      later(lockTimeoutMs, () => {
        if (!isWaiting) return;
        isWaiting = false;
        session.failure = `'${account}' was locked for too long`;
        rows.release(session.id);
        reply({ type: 'error', message: session.failure });
      });
    },
    read(asked, account, reply) {
      const session = sessions.find(asked);
      if (session?.state === 'open') reply(rows.balance(account) + (session.writes.get(account) ?? 0));
      else reply({ type: 'gone' });
    },
    prepare: (asked, reply) =>
      finish<Vote>(asked, reply, (session) => {
        const reason = refusalOf(session);
        if (reason !== undefined) return refuse(session, reason);
        if (session.writes.size === 0) {
          sessions.over(session);
          return { type: 'read-only' };
        }
        branches.prepare(session, ties && !session.isEnding);
        return { type: 'yes' };
      }),
    commitDirectly: (asked, key, reply) =>
      finish<DirectCommit>(asked, reply, (session) => {
        const { branch, writes } = session;
        const scoped = key === undefined ? undefined : `${branch.manager}:${key}`;
        const holder = scoped === undefined ? undefined : keys.get(scoped);
        const reason = holder === undefined ? refusalOf(session) : 'its idempotency key was used';
        if (reason !== undefined) {
          const no = refuse(session, reason);
          return holder === undefined ? no : { ...no, committedBy: holder };
        }
        if (scoped !== undefined) keys.set(scoped, branch);
        branches.settle(branch, 'committed', writes);
        sessions.over(session);
        return { type: 'committed' };
      }),
    leave: sessions.leave,
    commit: (branch, via, reply) => later(workMs(), () => branches.commit(branch, via, reply)),
    rollback: (branch, client, via, reply) => later(workMs(), () => branches.rollback(branch, client, via, reply)),
    writeAbsence: (branch, client, reply) => later(workMs(), () => branches.writeAbsence(branch, client, reply)),
    outcomeOf: branches.outcomeOf,
    prepared: branches.prepared,
    forget: branches.forget,
    machineDied(machine) {
      diedAtMs.set(machine, time.nowMs());
      for (const session of sessions.all()) if (session.client.machine === machine) notice(session);
    },
    balance: rows.balance,
    get total() {
      return rows.total;
    },
    check() {
      const locked = rows.locked();
      return {
        server: `simulated database '${name}'`,
        findings: [{ level: 'ok', subject: 'server', message: 'is up' }],
        leftovers: branches.leftovers().map(({ branch, ageMs }) => {
          const globalId = globalIdOf(branch);
          const locks = locked.flatMap(([account, holder]) => (holder === globalId ? account : []));
          return { globalId, branch, ageMs, locks };
        }),
      };
    },
    residue: () => [
      ...sessions.all().map(({ id }) => `${name} has a session of ${id}`),
      ...branches.leftovers().map(({ branch }) => `${name} has ${globalIdOf(branch)} prepared`),
      ...rows.locked().map(([account, holder]) => `${name} has '${account}' locked by ${holder}`),
    ],
  };
}
