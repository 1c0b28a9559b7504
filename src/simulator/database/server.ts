/**
 * A transactional database server outside of the machines, on virtual time: sessions with locks, prepared branches that
 * survive it and everybody else, and what it remembers of ended ones. A request is handled when it arrives; whoever sent
 * it may be dead by then, and a prepare may come after its session was given up. One thing happens at a time, and
 * whatever was changed is durable at once, or not at all when the server crashes before.
 */

import type { Clock } from '../../environment/clock.ts';
import type { Random } from '../../environment/random.ts';
import { type Branch, globalIdOf } from '../../resources/branch.ts';
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
import type { ServerCondition } from '../scenario.ts';
import { type Branches, createBranches } from './branches.ts';
import type { Answer, Client, DatabaseServer, DatabaseWitness, Mistakes, Reply, Session } from './contract.ts';
import { createPace, type Pace } from './pace.ts';
import { createRows, type Rows } from './rows.ts';
import { createSessions, type Running, type Sessions } from './sessions.ts';
import { createStatements, type Statements } from './statements.ts';

export interface ServerOptions {
  readonly name: string;
  readonly balances: ReadonlyMap<string, number>;
  /** Whether a prepared branch belongs to its session until that is gone, and is unknown to others till then. */
  readonly ties: boolean;
  readonly time: Clock;
  readonly random: Random;
  readonly witness: DatabaseWitness;
  readonly mistakes?: Mistakes;
  /**
   * `drawn`: some databases are slow for a whole run, and some flushes stall. `steady`: they are as quick as the machines' disks.
   * Default `drawn`.
   */
  readonly pace?: 'drawn' | 'steady';
}

/** Makes a server that is up. */
export function createDatabaseServer(options: ServerOptions): DatabaseServer {
  return new SimulatedServer(options);
}

class SimulatedServer implements DatabaseServer {
  readonly name: string;
  readonly #ties: boolean;
  readonly #time: Clock;
  readonly #witness: DatabaseWitness;
  readonly #rows: Rows;
  readonly #sessions: Sessions;
  readonly #branches: Branches;
  readonly #statements: Statements;
  /** The branches that committed directly under an idempotency key. */
  readonly #keys = new Map<string, Branch>();
  readonly #cuts = new Set<() => void>();
  readonly #diedAtMs = new Map<string, number>();
  readonly #pace: Pace;
  #condition: ServerCondition = { breakProbability: 0, maxDelayMs: 1 };
  #isUp = true;
  #lives = 1;

  constructor(options: ServerOptions) {
    const { name, ties, time, random, witness, mistakes = {}, pace = 'drawn' } = options;
    this.#ties = ties;
    this.#time = time;
    this.#witness = witness;
    this.name = name;
    const rows = createRows(options.balances);
    const sessions = createSessions(name, rows, random, witness);
    this.#rows = rows;
    this.#sessions = sessions;
    this.#branches = createBranches({ name, rows, sessions, time, witness, mistakes });
    this.#statements = createStatements({ name, rows, witness, later: (ms, act) => this.#later(ms, act) });
    this.#pace = createPace(random, pace);
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  get condition(): ServerCondition {
    return this.#condition;
  }

  setCondition(next: ServerCondition): void {
    this.#condition = next;
  }

  crash(): void {
    this.#isUp = false;
    this.#lives += 1;
    this.#sessions.crash();
    for (const cut of [...this.#cuts]) cut();
    this.#cuts.clear();
  }

  restart(): void {
    this.#isUp = true;
  }

  connected(cut: () => void): () => void {
    this.#cuts.add(cut);
    return () => void this.#cuts.delete(cut);
  }

  begin(branch: Branch, client: Client, mode: BranchMode, reply: Reply<Session | 'duplicate'>): void {
    const id = globalIdOf(branch);
    const isNew = this.#branches.isNew(id) && this.#sessions.all().every((it) => it.id !== id);
    if (!isNew) {
      reply('duplicate');
      return;
    }
    const session = this.#sessions.open(branch, client, mode);
    // What a machine sent before its death may arrive after it.
    if ((this.#diedAtMs.get(client.machine) ?? 0) > client.bornMs) this.#notice(session);
    reply(session);
  }

  write(asked: Session, account: string, amount: number, note: string, reply: Reply<Answer<number>>): void {
    const session = this.#sessions.find(asked);
    if (session?.state !== 'open') {
      reply({ type: 'gone' });
      return;
    }
    this.#statements.write(session, account, amount, note, reply);
  }

  read(asked: Session, account: string, reply: Reply<Answer<number>>): void {
    const session = this.#sessions.find(asked);
    if (session?.state === 'open') this.#statements.read(session, account, reply);
    else reply({ type: 'gone' });
  }

  prepare(asked: Session, reply: Reply<Answer<Vote>>): void {
    this.#finish<Vote>(asked, reply, (session) => {
      const reason = this.#refusalOf(session);
      if (reason !== undefined) return this.#refuse(session, reason);
      if (session.writes.size === 0) {
        this.#endUnwritten(session);
        return { type: 'read-only' };
      }
      this.#branches.prepare(session, this.#ties && !session.isEnding);
      return { type: 'yes' };
    });
  }

  commitDirectly(asked: Session, key: string | undefined, reply: Reply<Answer<DirectCommit>>): void {
    this.#finish<DirectCommit>(asked, reply, (session) => {
      const { branch, writes } = session;
      const scoped = key === undefined ? undefined : `${branch.manager}:${key}`;
      const holder = scoped === undefined ? undefined : this.#keys.get(scoped);
      const reason = holder === undefined ? this.#refusalOf(session) : 'its idempotency key was used';
      if (reason !== undefined) {
        const no = this.#refuse(session, reason);
        return holder === undefined ? no : { ...no, committedBy: holder };
      }
      if (session.mode.readOnly === true) {
        this.#endUnwritten(session);
        return { type: 'committed' };
      }
      if (scoped !== undefined) this.#keys.set(scoped, branch);
      this.#branches.settle(branch, 'committed', writes);
      this.#sessions.over(session);
      return { type: 'committed' };
    });
  }

  commit(branch: Branch, via: Session | undefined, reply: Reply<Ending>): void {
    this.#later(this.#pace.workMs(this.#condition), () => this.#branches.commit(branch, via, reply));
  }

  rollback(branch: Branch, client: Client, via: Session | undefined, reply: Reply<Ending>): void {
    this.#later(this.#pace.workMs(this.#condition), () => this.#branches.rollback(branch, client, via, reply));
  }

  writeAbsence(branch: Branch, client: Client, reply: Reply<Absence>): void {
    this.#later(this.#pace.workMs(this.#condition), () => this.#branches.writeAbsence(branch, client, reply));
  }

  leave(session: Session): void {
    this.#sessions.leave(session);
  }

  outcomeOf(branch: Branch): BranchOutcome {
    return this.#branches.outcomeOf(branch);
  }

  prepared(manager: string): readonly PreparedBranch[] {
    return this.#branches.prepared(manager);
  }

  forget(manager: string, olderThanMs: number): number {
    return this.#branches.forget(manager, olderThanMs);
  }

  balance(account: string): number {
    return this.#rows.balance(account);
  }

  machineDied(machine: string): void {
    this.#diedAtMs.set(machine, this.#time.nowMs());
    for (const session of this.#sessions.all()) if (session.client.machine === machine) this.#notice(session);
  }

  get total(): number {
    return this.#rows.total;
  }

  check(): CheckReport {
    const locked = this.#rows.locked();
    return {
      server: `simulated database '${this.name}'`,
      findings: [{ level: 'ok', subject: 'server', message: 'is up' }],
      leftovers: this.#branches.leftovers().map(({ branch, ageMs }) => {
        const globalId = globalIdOf(branch);
        const locks = locked.flatMap(([account, holder]) => (holder === globalId ? account : []));
        return { globalId, branch, ageMs, locks };
      }),
    };
  }

  residue(): readonly string[] {
    return [
      ...this.#sessions.all().map(({ id }) => `${this.name} has a session of ${id}`),
      ...this.#branches.leftovers().map(({ branch }) => `${this.name} has ${globalIdOf(branch)} prepared`),
      ...this.#rows.locked().map(([account, holder]) => `${this.name} has '${account}' locked by ${holder}`),
    ];
  }

  /** Later, unless the server has crashed by then. */
  #later(ms: number, act: () => void): void {
    const life = this.#lives;
    this.#time.setTimeout(() => {
      if (this.#isUp && life === this.#lives) act();
    }, ms);
  }

  #notice(session: Running): void {
    this.#later(this.#pace.noticeMs(), () => this.#sessions.leave(session));
  }

  /** Runs the last request of a session: it takes a while, and may be cancelled meanwhile. */
  #finish<T>(asked: Session, reply: Reply<Answer<T>>, act: (session: Running) => T): void {
    const session = this.#sessions.find(asked);
    if (session?.state !== 'open') {
      this.#witness.refusedLate(this.name, asked.branch);
      reply({ type: 'gone' });
      return;
    }
    session.state = 'working';
    this.#later(this.#pace.flushMs(this.#condition), () => {
      if (session.isCancelled) {
        this.#sessions.abandon(session);
        reply({ type: 'gone' });
      } else reply(act(session));
    });
  }

  /** It changed nothing, and lets go of what it has locked to read. */
  #endUnwritten(session: Running): void {
    this.#rows.release(session.id);
    this.#sessions.over(session);
  }

  #refusalOf({ id, failure, writes }: Running): string | undefined {
    if (failure !== undefined) return failure.message;
    if (this.#branches.isEnded(id)) return 'its absence is written';
    const overdrawn = [...writes].find(([account, amount]) => this.#rows.balance(account) + amount < 0);
    return overdrawn === undefined ? undefined : `'${overdrawn[0]}' would be overdrawn`;
  }

  #refuse(session: Running, reason: string): { readonly type: 'no'; readonly reason: string } {
    this.#witness.refused(this.name, session.branch);
    this.#sessions.abandon(session);
    return { type: 'no', reason };
  }
}
