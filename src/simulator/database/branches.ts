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
export function createBranches({ name, rows, sessions, time, witness, mistakes }: BranchesParts): Branches {
  const prepared = new Map<string, Prepared>();
  const ended = new Map<string, Ended>();

  const settle: Branches['settle'] = (branch, outcome, writes) => {
    const id = globalIdOf(branch);
    const session = prepared.get(id)?.session;
    prepared.delete(id);
    ended.set(id, { branch, outcome, atMs: time.nowMs() });
    if (outcome === 'committed') for (const [account, amount] of writes) rows.add(account, amount);
    rows.release(id);
    witness.ended(name, branch, outcome);
    if (session?.state === 'tied') sessions.over(session);
  };
  /** A prepared branch, once somebody else than its session can get at it. */
  const released = ({ session }: Prepared, via: Session | undefined, then: () => void): void => {
    if (session.state === 'tied' && session !== via) sessions.end([session], then);
    else then();
  };
  /** Ends a prepared branch, unless somebody else was faster, and says how it ended. */
  const endPrepared = (found: Prepared, outcome: Ended['outcome'], via: Session | undefined, then: () => void): void =>
    released(found, via, () => {
      const id = globalIdOf(found.branch);
      if (prepared.get(id) === found) settle(found.branch, outcome, found.writes);
      then();
    });
  /** The sessions that recovery of a branch must end: of its manager's other lives, and the branch's own. */
  const inTheWay = ({ manager }: Branch, id: string, { life }: Client): readonly Running[] =>
    sessions.all().filter((it) => it.id === id || (it.branch.manager === manager && it.client.life !== life));

  const commit: Branches['commit'] = (branch, via, reply) => {
    const id = globalIdOf(branch);
    const answer = (): void => {
      const known = ended.get(id)?.outcome;
      if (known === 'committed') reply({ type: 'done' });
      else if (known === 'aborted') reply({ type: 'refused', reason: 'it was rolled back' });
      else reply({ type: 'unknown', reason: 'there is no such name' });
    };
    const found = prepared.get(id);
    const isHidden = found?.session.state === 'tied' && found.session !== via;
    if (isHidden && mistakes.takesUnknownForSuccess === true) reply({ type: 'done' });
    else if (found === undefined) answer();
    else endPrepared(found, 'committed', via, answer);
  };
  const writeAbsence: Branches['writeAbsence'] = (branch, client, reply) => {
    const id = globalIdOf(branch);
    sessions.end(inTheWay(branch, id, client), () => {
      if (prepared.has(id)) reply({ type: 'present', reason: 'it is prepared' });
      else if (ended.get(id)?.outcome === 'committed') {
        witness.found(name, branch);
        reply({ type: 'committed' });
      } else {
        if (!ended.has(id)) ended.set(id, { branch, outcome: 'aborted', atMs: time.nowMs() });
        witness.gone(name, branch);
        reply({ type: 'absent' });
      }
    });
  };
  const rollback: Branches['rollback'] = (branch, client, via, reply) => {
    const id = globalIdOf(branch);
    const isGone = (): void => {
      witness.gone(name, branch);
      reply({ type: 'done' });
    };
    const answer = (): void => {
      const known = ended.get(id)?.outcome;
      if (known === 'committed') reply({ type: 'refused', reason: 'it is committed' });
      else if (known === 'aborted') isGone();
      else if (mistakes.acceptsLatePrepares === true) {
        const left = sessions.all().find((it) => it.id === id);
        if (left !== undefined) time.setTimeout(() => sessions.leave(left), goodbyeMs);
        isGone();
      } else {
        writeAbsence(branch, client, (absence) => {
          // What was at work when it was told to end may have got done.
          if (absence.type === 'absent') reply({ type: 'done' });
          else rollback(branch, client, via, reply);
        });
      }
    };
    const found = prepared.get(id);
    if (found === undefined) answer();
    else endPrepared(found, 'aborted', via, answer);
  };

  const outcomeOf: Branches['outcomeOf'] = (branch) => {
    const id = globalIdOf(branch);
    return { type: prepared.has(id) ? 'prepared' : (ended.get(id)?.outcome ?? 'absent') };
  };
  const readAbsence: Branches['writeAbsence'] = (branch, _client, reply) => {
    const { type } = outcomeOf(branch);
    if (type === 'prepared') reply({ type: 'present', reason: 'it is prepared' });
    else reply({ type: type === 'committed' ? type : 'absent' });
  };

  const leftovers = (): readonly PreparedBranch[] =>
    [...prepared.values()].map(({ branch, sinceMs }) => ({ branch, ageMs: time.nowMs() - sinceMs }));

  return {
    isNew: (id) => !prepared.has(id) && !ended.has(id),
    isEnded: (id) => ended.has(id),
    prepare(session, isTied) {
      const { branch, id, writes } = session;
      prepared.set(id, { branch, writes, sinceMs: time.nowMs(), session });
      witness.prepared(name, branch);
      if (isTied) session.state = 'tied';
      else sessions.over(session);
    },
    settle,
    commit,
    rollback,
    writeAbsence: mistakes.readsAbsence === true ? readAbsence : writeAbsence,
    outcomeOf,
    leftovers,
    prepared: (manager) => leftovers().filter(({ branch }) => branch.manager === manager),
    forget(manager, olderThanMs) {
      const old = [...ended].filter(([, it]) => it.branch.manager === manager && time.nowMs() - it.atMs > olderThanMs);
      for (const [id] of old) ended.delete(id);
      return old.length;
    },
  };
}
