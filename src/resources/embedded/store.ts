/**
 * The embedded store: a transactional resource that needs nothing installed. Keys and values in memory, durable in a
 * node's journal: intents, locks and vote of a branch in one flush; taking effect and letting go of the locks in
 * another. Recovery brings prepared branches back with their locks.
 *
 * It is meant for small data (`maxSizeBytes`), since checkpoints hold all of it.
 */

import { type Address, addressOf } from '../../../statecharts/actor.ts';
import type { Clock } from '../../environment/clock.ts';
import type { Journal, JournalEntry } from '../../journal/journal.ts';
import { asResource, type EnlistedResource } from '../adapter.ts';
import { type Branch, branchOf, globalIdOf } from '../branch.ts';
import { within } from '../deadline.ts';
import { DuplicateBranchError, messageOf, ResourceClosedError, ResourceUnreachableError } from '../errors.ts';
import type {
  Absence,
  BranchOutcome,
  CheckReport,
  DirectCommit,
  DirectCommitOptions,
  Ending,
  TransactionalResource,
  Vote,
} from '../transactional.ts';
import { checkStore } from './check.ts';
import { checkpointRecords } from './checkpoint.ts';
import { createFinishedBranches } from './finished.ts';
import { createLockTable } from './locks.ts';
import {
  applyWrites,
  bytesOf,
  copyOf,
  type Finished,
  growthOf,
  type PreparedRecord,
  recordVersion,
  recover,
  type StoreRecord,
  type StoreValue,
  sizeOf,
  type Write,
} from './records.ts';
import { createSession, type EmbeddedSession } from './session.ts';

export type { StoreValue } from './records.ts';
export type { EmbeddedSession } from './session.ts';

export interface EmbeddedStoreOptions {
  /** Told apart from other stores in the same journal by its name. Default `store`. */
  readonly name?: string;
  /** The node's journal. Open the store before the node, which takes what is left of the journal for its actors. */
  readonly journal: Journal;
  readonly clock: Clock;
  /** The data may take so many bytes; a branch that would exceed it votes no. Default 8 MiB. */
  readonly maxSizeBytes?: number;
  /**
   * How many finished branches, and their idempotency keys, are remembered; beyond that the oldest are forgotten.
   * Default 100,000. Give it what finishes within a manager's retention: of a commit that the manager did not hear of
   * before it died, only the store knows.
   */
  readonly maxFinished?: number;
}

export interface EmbeddedStore extends EnlistedResource<EmbeddedSession> {
  /** The committed value under a key, without any lock. */
  peek(key: string): StoreValue | undefined;
  /** The committed keys with a prefix, sorted. */
  keys(prefix?: string): readonly string[];
}

/** A branch that is not over. */
interface Open {
  readonly record: PreparedRecord;
  readonly sinceMs: number;
  /** Resolves when intents, locks and vote are durable: before that nobody may hear that it is prepared. */
  readonly vote: Promise<void>;
  isDurable: boolean;
  /** Set when its end was written down; resolves when that is durable. */
  ending?: { readonly outcome: 'committed' | 'aborted'; readonly durable: Promise<void> };
}

/** The journal is compacted when the records since the last checkpoint take more than this, and than the data twice. */
const minLogBytes = 2 ** 20;

/** Opens the store from what the journal kept of it. */
export function openEmbeddedStore(options: EmbeddedStoreOptions): EmbeddedStore {
  const { journal, clock, name = 'store', maxSizeBytes = 8 * 2 ** 20, maxFinished = 100_000 } = options;
  const address: Address = addressOf(journal.node, 'embedded-store', name);
  const openedMs = clock.nowMs();
  const state = recover(journal.take(address));
  const { data } = state;
  const locks = createLockTable(clock);
  const sessions = new Map<string, EmbeddedSession>();
  const open = new Map<string, Open>();
  /** Direct commits on their way to the disk. */
  const committing = new Map<string, { readonly record: StoreRecord; readonly durable: Promise<void> }>();
  const finished = createFinishedBranches(maxFinished);
  let sizeBytes = 0;
  let logBytes = 0;
  let isClosed = false;

  const apply = (writes: readonly Write[]): void => {
    sizeBytes += growthOf(data, writes);
    applyWrites(data, writes);
  };

  for (const [key, value] of data) sizeBytes += sizeOf(key) + sizeOf(value);
  for (const it of state.finished.values()) finished.remember(it, openedMs);
  for (const [globalId, record] of state.prepared) {
    open.set(globalId, { record, sinceMs: openedMs, vote: Promise.resolve(), isDurable: true });
    locks.restore(globalId, record.locks);
  }

  const entry = (record: StoreRecord, replaces?: 'checkpoint'): JournalEntry => ({
    actor: address,
    version: recordVersion,
    record,
    ...(replaces === undefined ? {} : { replaces }),
  });
  const append = (entries: readonly JournalEntry[]): Promise<void> =>
    new Promise((resolve, reject) => {
      journal.append(entries, (error) => (error === undefined ? resolve() : reject(error)));
    });
  /** Writes a record down. What follows from it may be done once the promise resolves. */
  const write = (record: StoreRecord, recordBytes: number): Promise<void> => {
    const durable = append([entry(record)]);
    durable.catch(() => undefined);
    logBytes += recordBytes;
    return durable;
  };
  const compact = (): void => {
    if (logBytes < Math.max(minLogBytes, 2 * (sizeBytes + finished.size * 64))) return;
    logBytes = 0;
    const records = checkpointRecords({
      data,
      finished: finished.all(),
      open: [...open.values()].map((it) => ({ record: it.record, outcome: it.ending?.outcome })),
      committing: [...committing.values()].map((it) => it.record),
    });
    append(records.map((record, index) => entry(record, index === 0 ? 'checkpoint' : undefined))).catch(
      () => undefined,
    );
  };
  const assertUsable = (): void => {
    if (isClosed) throw new ResourceClosedError(`the embedded store '${name}' is closed`);
    if (journal.failure !== undefined) {
      throw new ResourceUnreachableError(
        `the journal of '${name}' failed: ${journal.failure.message}; restart the node`,
        {
          cause: journal.failure,
        },
      );
    }
  };
  const unknown = (error: unknown): { type: 'unknown'; reason: string } => ({
    type: 'unknown',
    reason: messageOf(error),
  });

  /** Why a branch must not become durable. */
  const refusal = (globalId: string, writes: readonly Write[]): string | undefined => {
    if (finished.outcomeOf(globalId) !== undefined) return 'its absence is written, or its id was used before';
    const wouldBe = sizeBytes + growthOf(data, writes);
    if (wouldBe > maxSizeBytes) {
      return `the store would take ${wouldBe} bytes of at most ${maxSizeBytes}; delete data, or raise maxSizeBytes`;
    }
    return undefined;
  };

  const prepare = async (globalId: string, writes: readonly Write[], timeoutMs: number): Promise<Vote> => {
    const reason = refusal(globalId, writes);
    if (writes.length === 0 || reason !== undefined) {
      abandon(globalId);
      return reason === undefined ? { type: 'read-only' } : { type: 'no', reason };
    }
    const held = [...locks.heldBy(globalId)];
    const record: PreparedRecord = { type: 'prepared', branch: globalId, writes: [...writes], locks: held };
    let durable: Promise<void>;
    try {
      durable = write(record, bytesOf(writes) + held.length * 40);
    } catch (error) {
      abandon(globalId);
      return { type: 'no', reason: messageOf(error) };
    }
    sessions.delete(globalId);
    const vote: Open = { record, sinceMs: clock.nowMs(), vote: durable, isDurable: false };
    open.set(globalId, vote);
    durable.then(
      () => {
        vote.isDurable = true;
      },
      () => undefined,
    );
    try {
      await within(clock, durable, timeoutMs, `the flush of ${globalId}`);
      return { type: 'yes' };
    } catch (error) {
      return unknown(error);
    }
  };

  const commitDirectly = async (
    branch: Branch,
    writes: readonly Write[],
    { timeoutMs, idempotencyKey }: DirectCommitOptions,
  ): Promise<DirectCommit> => {
    const globalId = globalIdOf(branch);
    const key = idempotencyKey === undefined ? undefined : `${branch.manager}:${idempotencyKey}`;
    const holder = key === undefined ? undefined : finished.holderOf(key);
    const reason = refusal(globalId, writes);
    if (holder !== undefined || reason !== undefined) {
      abandon(globalId);
      if (holder === undefined) return { type: 'no', reason: reason ?? '' };
      try {
        await within(clock, committing.get(holder)?.durable ?? Promise.resolve(), timeoutMs, `the flush of ${holder}`);
      } catch (error) {
        return unknown(error);
      }
      const committedBy = branchOf(holder);
      const no = { type: 'no', reason: `its idempotency key was used by ${holder}` } as const;
      return committedBy === undefined ? no : { ...no, committedBy };
    }
    const done: Finished = { branch: globalId, outcome: 'committed' };
    const over: Finished = key === undefined ? done : { ...done, idempotencyKey: key };
    const record: StoreRecord = {
      type: 'applied',
      branch: globalId,
      writes: [...writes],
      ...(key === undefined ? {} : { idempotencyKey: key }),
    };
    let durable: Promise<void>;
    try {
      durable = write(record, bytesOf(writes));
    } catch (error) {
      abandon(globalId);
      return { type: 'no', reason: messageOf(error) };
    }
    sessions.delete(globalId);
    if (key !== undefined) finished.claim(key, globalId);
    const applied = durable.then(() => {
      apply(writes);
      committing.delete(globalId);
      finished.remember(over, clock.nowMs());
      locks.releaseAll(globalId);
      compact();
    });
    applied.catch(() => undefined);
    committing.set(globalId, { record, durable: applied });
    try {
      await within(clock, applied, timeoutMs, `the flush of ${globalId}`);
      return { type: 'committed' };
    } catch (error) {
      return unknown(error);
    }
  };

  /** Ends a prepared branch one way, once; who asks for the other way is refused when the first is durable. */
  const end = async (branch: Branch, outcome: Finished['outcome'], timeoutMs: number): Promise<Ending | undefined> => {
    const globalId = globalIdOf(branch);
    const found = open.get(globalId);
    if (found !== undefined && found.ending === undefined) {
      const durable = write({ type: outcome, branch: globalId }, globalId.length + 32).then(() => {
        open.delete(globalId);
        if (outcome === 'committed') apply(found.record.writes);
        finished.remember({ branch: globalId, outcome }, clock.nowMs());
        locks.releaseAll(globalId);
        compact();
      });
      durable.catch(() => undefined);
      found.ending = { outcome, durable };
    }
    const flush = found?.ending?.durable ?? committing.get(globalId)?.durable;
    if (flush !== undefined) await within(clock, flush, timeoutMs, `the flush of ${globalId}`);
    const known = finished.outcomeOf(globalId);
    if (known === undefined) return undefined;
    return known === outcome ? { type: 'done' } : { type: 'refused', reason: `it is ${known}` };
  };

  const abandon = (globalId: string): void => {
    sessions.delete(globalId);
    locks.releaseAll(globalId);
  };
  const writeAbsence = async (branch: Branch, timeoutMs: number): Promise<Absence> => {
    const globalId = globalIdOf(branch);
    await sessions.get(globalId)?.rollback();
    const flush = committing.get(globalId)?.durable ?? open.get(globalId)?.ending?.durable;
    if (flush !== undefined) await within(clock, flush, timeoutMs, `the flush of ${globalId}`);
    if (open.has(globalId)) return { type: 'present', reason: 'it is prepared' };
    if (finished.outcomeOf(globalId) === 'committed') return { type: 'committed' };
    // Also when it is known as aborted: that may not be durable yet, and this answer must be.
    finished.remember({ branch: globalId, outcome: 'aborted' }, clock.nowMs());
    const durable = write({ type: 'aborted', branch: globalId }, globalId.length + 32);
    await within(clock, durable, timeoutMs, `the flush of ${globalId}`);
    compact();
    return { type: 'absent' };
  };

  const core: TransactionalResource<EmbeddedSession> = {
    async begin(branch, { timeoutMs }) {
      const globalId = globalIdOf(branch);
      assertUsable();
      if (
        sessions.has(globalId) ||
        open.has(globalId) ||
        committing.has(globalId) ||
        finished.outcomeOf(globalId) !== undefined
      ) {
        throw new DuplicateBranchError(`expected a new branch, got ${globalId}, which '${name}' knows`);
      }
      const session = createSession({
        branch,
        clock,
        locks,
        data,
        timeoutMs,
        prepare: (writes, limitMs) => prepare(globalId, writes, limitMs),
        commit: (writes, how) => commitDirectly(branch, writes, how),
        onAbandon: () => abandon(globalId),
      });
      sessions.set(globalId, session);
      return session;
    },
    async commit(branch, { timeoutMs }): Promise<Ending> {
      try {
        return (
          (await end(branch, 'committed', timeoutMs)) ?? {
            type: 'unknown',
            reason: 'it is not prepared, and nothing is known of its end; is this the right store?',
          }
        );
      } catch (error) {
        return unknown(error);
      }
    },
    async rollback(branch, { timeoutMs }): Promise<Ending> {
      try {
        const ended = await end(branch, 'aborted', timeoutMs);
        if (ended !== undefined) return ended;
        const absence = await writeAbsence(branch, timeoutMs);
        if (absence.type === 'absent') return { type: 'done' };
        if (absence.type === 'committed') return { type: 'refused', reason: 'it is committed' };
        return { type: 'unknown', reason: absence.reason };
      } catch (error) {
        return unknown(error);
      }
    },
    async prepared(manager) {
      assertUsable();
      return [...open.values()].flatMap(({ record, sinceMs, ending, isDurable }) => {
        const branch = branchOf(record.branch);
        if (branch?.manager !== manager || ending !== undefined || !isDurable) return [];
        return [{ branch, ageMs: clock.nowMs() - sinceMs }];
      });
    },
    async outcomeOf(branch, { timeoutMs }): Promise<BranchOutcome> {
      const globalId = globalIdOf(branch);
      try {
        const found = open.get(globalId);
        const flush = committing.get(globalId)?.durable ?? found?.ending?.durable ?? found?.vote;
        if (flush !== undefined) await within(clock, flush, timeoutMs, `the flush of ${globalId}`);
      } catch (error) {
        return unknown(error);
      }
      if (open.has(globalId)) return { type: 'prepared' };
      return { type: finished.outcomeOf(globalId) ?? 'absent' };
    },
    async writeAbsence(branch, { timeoutMs }) {
      return writeAbsence(branch, timeoutMs).catch(unknown);
    },
    async forget(manager, { olderThanMs, timeoutMs }) {
      assertUsable();
      const branches = finished.forget(manager, clock.nowMs() - olderThanMs);
      if (branches.length === 0) return 0;
      const durable = write({ type: 'forgotten', branches: [...branches] }, branches.length * 60);
      await within(clock, durable, timeoutMs, 'the flush');
      return branches.length;
    },
    async setup() {
      assertUsable();
    },
    async check(): Promise<CheckReport> {
      return checkStore({ name, journal, sizeBytes, maxSizeBytes, open: open.values(), nowMs: clock.nowMs() });
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      for (const session of [...sessions.values()]) await session.rollback();
    },
  };
  return {
    ...asResource(core, { clock }),
    peek(key) {
      const found = data.get(key);
      return found === undefined ? undefined : copyOf(found);
    },
    keys: (prefix = '') => [...data.keys()].filter((key) => key.startsWith(prefix)).sort(),
  };
}
