/**
 * The branches of an embedded store, from when they are at work until they are over. Intents, locks and vote become
 * durable in one flush; a branch takes effect and lets go of its locks when its end is durable.
 */

import type { Clock } from '../../environment/clock.ts';
import { type Branch, branchOf, globalIdOf } from '../branch.ts';
import { within } from '../deadline.ts';
import type {
  Absence,
  BranchOutcome,
  DirectCommit,
  DirectCommitOptions,
  Ending,
  PreparedBranch,
  Vote,
} from '../transactional.ts';
import { checkpointRecords } from './checkpoint.ts';
import type { Contents } from './contents.ts';
import type { FinishedBranches } from './finished.ts';
import type { LockTable } from './locks.ts';
import type { StoreLog } from './log.ts';
import { bytesOf, type Finished, type PreparedRecord, type StoreRecord, type Write } from './records.ts';
import { createSession, type EmbeddedSession } from './session.ts';
import { unknownBecause } from './unknown.ts';

export interface BranchesParts {
  readonly clock: Clock;
  readonly log: StoreLog;
  readonly contents: Contents;
  readonly locks: LockTable;
  readonly finished: FinishedBranches;
  /** The data may take so many bytes. */
  readonly maxSizeBytes: number;
}

/** A branch that is prepared, and not over. */
interface Open {
  readonly record: PreparedRecord;
  readonly sinceMs: number;
  /** Resolves when intents, locks and vote are durable: before that nobody may hear that it is prepared. */
  readonly vote: Promise<void>;
  isDurable: boolean;
  /** Set when its end was written down; resolves when that is durable. */
  ending?: { readonly outcome: Finished['outcome']; readonly durable: Promise<void> };
}

/** Branches by their global ids. What waits for the disk rejects with the journal's failure, or after `timeoutMs`. */
export class Branches {
  readonly #parts: BranchesParts;
  readonly #sessions = new Map<string, EmbeddedSession>();
  readonly #open = new Map<string, Open>();
  /** Direct commits on their way to the disk. */
  readonly #committing = new Map<string, { readonly record: StoreRecord; readonly durable: Promise<void> }>();

  /** @param prepared the branches that recovery found, by their global ids */
  constructor(parts: BranchesParts, prepared: ReadonlyMap<string, PreparedRecord>) {
    this.#parts = parts;
    const sinceMs = parts.clock.nowMs();
    for (const [globalId, record] of prepared) {
      this.#open.set(globalId, { record, sinceMs, vote: Promise.resolve(), isDurable: true });
      parts.locks.restore(globalId, record.locks);
    }
  }

  /** The branches that are prepared, and not over. */
  get open(): Iterable<Pick<Open, 'record' | 'sinceMs'>> {
    return this.#open.values();
  }

  /** Whether there is, or was, such a branch. */
  knows(globalId: string): boolean {
    return (
      this.#sessions.has(globalId) ||
      this.#open.has(globalId) ||
      this.#committing.has(globalId) ||
      this.#parts.finished.outcomeOf(globalId) !== undefined
    );
  }

  /** Begins a branch, which must not be known. */
  begin(branch: Branch, timeoutMs: number, isReadOnly: boolean): EmbeddedSession {
    const globalId = globalIdOf(branch);
    const { clock, locks, contents } = this.#parts;
    const session = createSession({
      branch,
      clock,
      locks,
      data: contents.data,
      timeoutMs,
      isReadOnly,
      prepare: (writes, limitMs) => this.#prepare(globalId, writes, limitMs),
      commit: async (writes, how) => {
        if (!isReadOnly) return this.#commitDirectly(branch, writes, how);
        this.#abandon(globalId);
        return { type: 'committed' };
      },
      onAbandon: () => this.#abandon(globalId),
    });
    this.#sessions.set(globalId, session);
    return session;
  }

  /**
   * Ends a prepared branch one way, once; who asks for the other way is refused when the first is durable.
   *
   * @returns undefined when nothing is known of it
   */
  async end(globalId: string, outcome: Finished['outcome'], timeoutMs: number): Promise<Ending | undefined> {
    const found = this.#open.get(globalId);
    if (found !== undefined && found.ending === undefined) {
      found.ending = { outcome, durable: this.#writeEnd(globalId, found.record, outcome) };
    }
    const flush = found?.ending?.durable ?? this.#committing.get(globalId)?.durable;
    if (flush !== undefined) await this.#within(flush, timeoutMs, globalId);
    const known = this.#parts.finished.outcomeOf(globalId);
    if (known === undefined) return undefined;
    return known === outcome ? { type: 'done' } : { type: 'refused', reason: `it is ${known}` };
  }

  /** Sees to it that a branch which is not prepared never commits. */
  async writeAbsence(globalId: string, timeoutMs: number): Promise<Absence> {
    const { clock, finished } = this.#parts;
    await this.#sessions.get(globalId)?.rollback();
    const flush = this.#committing.get(globalId)?.durable ?? this.#open.get(globalId)?.ending?.durable;
    if (flush !== undefined) await this.#within(flush, timeoutMs, globalId);
    if (this.#open.has(globalId)) return { type: 'present', reason: 'it is prepared' };
    if (finished.outcomeOf(globalId) === 'committed') return { type: 'committed' };
    // Also when it is known as aborted: that may not be durable yet, and this answer must be.
    finished.remember({ branch: globalId, outcome: 'aborted' }, clock.nowMs());
    await this.#within(this.#writeOutcome(globalId, 'aborted'), timeoutMs, globalId);
    this.#compact();
    return { type: 'absent' };
  }

  /** How a branch stands once what was written of it is durable. */
  async outcomeOf(globalId: string, timeoutMs: number): Promise<BranchOutcome> {
    const found = this.#open.get(globalId);
    const flush = this.#committing.get(globalId)?.durable ?? found?.ending?.durable ?? found?.vote;
    if (flush !== undefined) await this.#within(flush, timeoutMs, globalId);
    if (this.#open.has(globalId)) return { type: 'prepared' };
    return { type: this.#parts.finished.outcomeOf(globalId) ?? 'absent' };
  }

  /** The durably prepared branches of a manager whose end is not written. */
  preparedOf(manager: string): readonly PreparedBranch[] {
    const nowMs = this.#parts.clock.nowMs();
    return [...this.#open.values()].flatMap(({ record, sinceMs, ending, isDurable }) => {
      const branch = branchOf(record.branch);
      if (branch?.manager !== manager || ending !== undefined || !isDurable) return [];
      return [{ branch, ageMs: nowMs - sinceMs }];
    });
  }

  /** Ends all branches that are neither prepared nor committed. */
  async rollBackAll(): Promise<void> {
    for (const session of [...this.#sessions.values()]) await session.rollback();
  }

  async #prepare(globalId: string, writes: readonly Write[], timeoutMs: number): Promise<Vote> {
    const { clock, locks, log } = this.#parts;
    const reason = this.#refusal(globalId, writes);
    if (writes.length === 0 || reason !== undefined) {
      this.#abandon(globalId);
      return reason === undefined ? { type: 'read-only' } : { type: 'no', reason };
    }
    const held = [...locks.heldBy(globalId)];
    const record: PreparedRecord = { type: 'prepared', branch: globalId, writes: [...writes], locks: held };
    const durable = log.write(record, bytesOf(writes) + held.length * 40);
    this.#sessions.delete(globalId);
    const vote: Open = { record, sinceMs: clock.nowMs(), vote: durable, isDurable: false };
    this.#open.set(globalId, vote);
    durable.then(
      () => {
        vote.isDurable = true;
      },
      () => undefined,
    );
    try {
      await this.#within(durable, timeoutMs, globalId);
      return { type: 'yes' };
    } catch (error) {
      return unknownBecause(error);
    }
  }

  async #commitDirectly(
    branch: Branch,
    writes: readonly Write[],
    { timeoutMs, idempotencyKey }: DirectCommitOptions,
  ): Promise<DirectCommit> {
    const globalId = globalIdOf(branch);
    const key = idempotencyKey === undefined ? undefined : `${branch.manager}:${idempotencyKey}`;
    const holder = key === undefined ? undefined : this.#parts.finished.holderOf(key);
    const reason = this.#refusal(globalId, writes);
    if (holder !== undefined || reason !== undefined) {
      this.#abandon(globalId);
      return holder === undefined ? { type: 'no', reason: reason ?? '' } : this.#keyIsTaken(holder, timeoutMs);
    }
    const applied = this.#writeDirectCommit(globalId, writes, key);
    try {
      await this.#within(applied, timeoutMs, globalId);
      return { type: 'committed' };
    } catch (error) {
      return unknownBecause(error);
    }
  }

  /** The answer to a direct commit whose idempotency key another branch has, once the commit of that one is durable. */
  async #keyIsTaken(holder: string, timeoutMs: number): Promise<DirectCommit> {
    try {
      await this.#within(this.#committing.get(holder)?.durable ?? Promise.resolve(), timeoutMs, holder);
    } catch (error) {
      return unknownBecause(error);
    }
    const committedBy = branchOf(holder);
    const no = { type: 'no', reason: `its idempotency key was used by ${holder}` } as const;
    return committedBy === undefined ? no : { ...no, committedBy };
  }

  /** @returns what resolves when the branch has taken effect */
  #writeDirectCommit(globalId: string, writes: readonly Write[], key: string | undefined): Promise<void> {
    const { clock, log, contents, finished, locks } = this.#parts;
    const done: Finished = { branch: globalId, outcome: 'committed' };
    const over: Finished = key === undefined ? done : { ...done, idempotencyKey: key };
    const record: StoreRecord = {
      type: 'applied',
      branch: globalId,
      writes: [...writes],
      ...(key === undefined ? {} : { idempotencyKey: key }),
    };
    const durable = log.write(record, bytesOf(writes));
    this.#sessions.delete(globalId);
    if (key !== undefined) finished.claim(key, globalId);
    const applied = durable.then(() => {
      contents.apply(writes);
      this.#committing.delete(globalId);
      finished.remember(over, clock.nowMs());
      locks.releaseAll(globalId);
      this.#compact();
    });
    applied.catch(() => undefined);
    this.#committing.set(globalId, { record, durable: applied });
    return applied;
  }

  /** @returns what resolves when the prepared branch has ended */
  #writeEnd(globalId: string, { writes }: PreparedRecord, outcome: Finished['outcome']): Promise<void> {
    const { clock, contents, finished, locks } = this.#parts;
    const durable = this.#writeOutcome(globalId, outcome).then(() => {
      this.#open.delete(globalId);
      if (outcome === 'committed') contents.apply(writes);
      finished.remember({ branch: globalId, outcome }, clock.nowMs());
      locks.releaseAll(globalId);
      this.#compact();
    });
    durable.catch(() => undefined);
    return durable;
  }

  #writeOutcome(globalId: string, outcome: Finished['outcome']): Promise<void> {
    return this.#parts.log.write({ type: outcome, branch: globalId }, globalId.length + 32);
  }

  /** Why a branch must not become durable. */
  #refusal(globalId: string, writes: readonly Write[]): string | undefined {
    const { contents, finished, maxSizeBytes } = this.#parts;
    if (finished.outcomeOf(globalId) !== undefined) return 'its absence is written, or its id was used before';
    const wouldBe = contents.sizeBytes + contents.growthBy(writes);
    if (wouldBe > maxSizeBytes) {
      return `the store would take ${wouldBe} bytes of at most ${maxSizeBytes}; delete data, or raise maxSizeBytes`;
    }
    return undefined;
  }

  #abandon(globalId: string): void {
    this.#sessions.delete(globalId);
    this.#parts.locks.releaseAll(globalId);
  }

  #within(flush: Promise<void>, timeoutMs: number, globalId: string): Promise<void> {
    return within(this.#parts.clock, flush, timeoutMs, `the flush of ${globalId}`);
  }

  #compact(): void {
    const { log, contents, finished } = this.#parts;
    if (!log.isLong(contents.sizeBytes + finished.size * 64)) return;
    log.replace(
      checkpointRecords({
        data: contents.data,
        finished: finished.all(),
        open: [...this.#open.values()].map((it) => ({ record: it.record, outcome: it.ending?.outcome })),
        committing: [...this.#committing.values()].map((it) => it.record),
      }),
    );
  }
}
