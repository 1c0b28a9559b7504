/** What a simulated database makes durable of branches: prepared ones, and how the others ended. */

import type { Clock } from '../../environment/clock.ts';
import { type Branch, globalIdOf } from '../../resources/branch.ts';
import type { Absence, BranchOutcome, Ending, PreparedBranch } from '../../resources/transactional.ts';
import type { Client, DatabaseWitness, Mistakes, Reply, Session } from './contract.ts';
import type { Rows } from './rows.ts';
import type { Running, Sessions } from './sessions.ts';

export interface Branches {
  /** Whether a branch of this name can be begun. */
  isNew(id: string): boolean;
  isEnded(id: string): boolean;
  /** Makes the work of a session survive it. `isTied`: only through the session until that is gone. */
  prepare(session: Running, isTied: boolean): void;
  /** Ends a branch for good. */
  settle(branch: Branch, outcome: 'committed' | 'aborted', writes: ReadonlyMap<string, number>): void;
  commit(branch: Branch, via: Session | undefined, reply: Reply<Ending>): void;
  rollback(branch: Branch, client: Client, via: Session | undefined, reply: Reply<Ending>): void;
  writeAbsence(branch: Branch, client: Client, reply: Reply<Absence>): void;
  outcomeOf(branch: Branch): BranchOutcome;
  prepared(manager: string): readonly PreparedBranch[];
  forget(manager: string, olderThanMs: number): number;
  /** All prepared branches, whosever they are. */
  leftovers(): readonly PreparedBranch[];
}

interface Prepared {
  readonly branch: Branch;
  readonly writes: ReadonlyMap<string, number>;
  readonly sinceMs: number;
  /** As long as it is not over, nobody else gets at the branch. */
  readonly session: Running;
}

interface Ended {
  readonly branch: Branch;
  readonly outcome: 'committed' | 'aborted';
  readonly atMs: number;
}

/** How long a connection that its client has closed takes the server to notice. */
const goodbyeMs = 50;

export interface BranchesParts {
  readonly name: string;
  readonly rows: Rows;
  readonly sessions: Sessions;
  readonly time: Clock;
  readonly witness: DatabaseWitness;
  readonly mistakes: Mistakes;
}

/** Makes a server that remembers nothing. */
export function createBranches(parts: BranchesParts): Branches {
  return new PreparedBranches(parts);
}

class PreparedBranches implements Branches {
  readonly #name: string;
  readonly #rows: Rows;
  readonly #sessions: Sessions;
  readonly #time: Clock;
  readonly #witness: DatabaseWitness;
  readonly #mistakes: Mistakes;
  readonly #prepared = new Map<string, Prepared>();
  readonly #ended = new Map<string, Ended>();

  constructor({ name, rows, sessions, time, witness, mistakes }: BranchesParts) {
    this.#name = name;
    this.#rows = rows;
    this.#sessions = sessions;
    this.#time = time;
    this.#witness = witness;
    this.#mistakes = mistakes;
  }

  isNew(id: string): boolean {
    return !this.#prepared.has(id) && !this.#ended.has(id);
  }

  isEnded(id: string): boolean {
    return this.#ended.has(id);
  }

  prepare(session: Running, isTied: boolean): void {
    const { branch, id, writes } = session;
    this.#prepared.set(id, { branch, writes, sinceMs: this.#time.nowMs(), session });
    this.#witness.prepared(this.#name, branch);
    if (isTied) session.state = 'tied';
    else this.#sessions.over(session);
  }

  prepared(manager: string): readonly PreparedBranch[] {
    return this.leftovers().filter(({ branch }) => branch.manager === manager);
  }

  forget(manager: string, olderThanMs: number): number {
    const old = [...this.#ended].filter(
      ([, it]) => it.branch.manager === manager && this.#time.nowMs() - it.atMs > olderThanMs,
    );
    for (const [id] of old) this.#ended.delete(id);
    return old.length;
  }

  settle(branch: Branch, outcome: 'committed' | 'aborted', writes: ReadonlyMap<string, number>): void {
    const id = globalIdOf(branch);
    const session = this.#prepared.get(id)?.session;
    this.#prepared.delete(id);
    this.#ended.set(id, { branch, outcome, atMs: this.#time.nowMs() });
    if (outcome === 'committed') for (const [account, amount] of writes) this.#rows.add(account, amount);
    this.#rows.release(id);
    this.#witness.ended(this.#name, branch, outcome);
    if (session?.state === 'tied') this.#sessions.over(session);
  }

  commit(branch: Branch, via: Session | undefined, reply: Reply<Ending>): void {
    const id = globalIdOf(branch);
    const answer = (): void => {
      const known = this.#ended.get(id)?.outcome;
      if (known === 'committed') reply({ type: 'done' });
      else if (known === 'aborted') reply({ type: 'refused', reason: 'it was rolled back' });
      else reply({ type: 'unknown', reason: 'there is no such name' });
    };
    const found = this.#prepared.get(id);
    const isHidden = found?.session.state === 'tied' && found.session !== via;
    if (isHidden && this.#mistakes.takesUnknownForSuccess === true) reply({ type: 'done' });
    else if (found === undefined) answer();
    else this.#endPrepared(found, 'committed', via, answer);
  }

  rollback(branch: Branch, client: Client, via: Session | undefined, reply: Reply<Ending>): void {
    const id = globalIdOf(branch);
    const isGone = (): void => {
      this.#witness.gone(this.#name, branch);
      reply({ type: 'done' });
    };
    const answer = (): void => {
      const known = this.#ended.get(id)?.outcome;
      if (known === 'committed') reply({ type: 'refused', reason: 'it is committed' });
      else if (known === 'aborted') isGone();
      else if (this.#mistakes.acceptsLatePrepares === true) {
        const left = this.#sessions.all().find((it) => it.id === id);
        if (left !== undefined) this.#time.setTimeout(() => this.#sessions.leave(left), goodbyeMs);
        isGone();
      } else {
        this.#keepOut(branch, client, (absence) => {
          // What was at work when it was told to end may have got done.
          if (absence.type === 'absent') reply({ type: 'done' });
          else this.rollback(branch, client, via, reply);
        });
      }
    };
    const found = this.#prepared.get(id);
    if (found === undefined) answer();
    else this.#endPrepared(found, 'aborted', via, answer);
  }

  outcomeOf(branch: Branch): { type: 'committed' | 'aborted' | 'absent' | 'prepared' } {
    const id = globalIdOf(branch);
    return { type: this.#prepared.has(id) ? 'prepared' : (this.#ended.get(id)?.outcome ?? 'absent') };
  }

  leftovers(): readonly PreparedBranch[] {
    return [...this.#prepared.values()].map(({ branch, sinceMs }) => ({ branch, ageMs: this.#time.nowMs() - sinceMs }));
  }

  writeAbsence(branch: Branch, client: Client, reply: Reply<Absence>): void {
    if (this.#mistakes.readsAbsence === true) this.#readAbsence(branch, reply);
    else this.#keepOut(branch, client, reply);
  }

  #readAbsence(branch: Branch, reply: Reply<Absence>): void {
    const { type } = this.outcomeOf(branch);
    if (type === 'prepared') reply({ type: 'present', reason: 'it is prepared' });
    else reply({ type: type === 'committed' ? type : 'absent' });
  }

  /** Writes the absence of a branch that is neither prepared nor committed, once nothing can prepare it any more. */
  #keepOut(branch: Branch, client: Client, reply: Reply<Absence>): void {
    const id = globalIdOf(branch);
    this.#sessions.end(this.#inTheWay(branch, id, client), () => {
      if (this.#prepared.has(id)) reply({ type: 'present', reason: 'it is prepared' });
      else if (this.#ended.get(id)?.outcome === 'committed') {
        this.#witness.found(this.#name, branch);
        reply({ type: 'committed' });
      } else {
        if (!this.#ended.has(id)) this.#ended.set(id, { branch, outcome: 'aborted', atMs: this.#time.nowMs() });
        this.#witness.gone(this.#name, branch);
        reply({ type: 'absent' });
      }
    });
  }

  /** A prepared branch, once others than its session can get at it. */
  #released({ session }: Prepared, via: Session | undefined, then: () => void): void {
    if (session.state === 'tied' && session !== via) this.#sessions.end([session], then);
    else then();
  }

  /** Ends a prepared branch, unless somebody else was faster, and says how it ended. */
  #endPrepared(found: Prepared, outcome: Ended['outcome'], via: Session | undefined, then: () => void): void {
    this.#released(found, via, () => {
      const id = globalIdOf(found.branch);
      if (this.#prepared.get(id) === found) this.settle(found.branch, outcome, found.writes);
      then();
    });
  }

  /** The sessions that recovery of a branch must end: of its manager's other lives, and the branch's own. */
  #inTheWay({ manager }: Branch, id: string, { life }: Client): readonly Running[] {
    return this.#sessions
      .all()
      .filter((it) => it.id === id || (it.branch.manager === manager && it.client.life !== life));
  }
}
