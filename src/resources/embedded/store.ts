/**
 * The embedded store: a transactional resource that needs nothing installed. Keys and values in memory, durable in a
 * node's journal: intents, locks and vote of a branch in one flush; taking effect and letting go of the locks in
 * another. Recovery brings prepared branches back with their locks.
 *
 * It is meant for small data (`maxSizeBytes`), since checkpoints hold all of it.
 */

import { addressOf } from '../../../statecharts/actor.ts';
import type { Clock } from '../../environment/clock.ts';
import type { Journal } from '../../journal/journal.ts';
import { asResource, type EnlistedResource } from '../adapter.ts';
import { type Branch, globalIdOf } from '../branch.ts';
import { within } from '../deadline.ts';
import { DuplicateBranchError, ResourceClosedError, ResourceUnreachableError } from '../errors.ts';
import { allModes } from '../mode.ts';
import type { BranchOutcome, CheckReport, Ending, TransactionalResource } from '../transactional.ts';
import { Branches } from './branches.ts';
import { checkStore } from './check.ts';
import { createContents } from './contents.ts';
import { createFinishedBranches } from './finished.ts';
import { createLockTable } from './locks.ts';
import { createLog } from './log.ts';
import { copyOf, recover, type StoreValue } from './records.ts';
import type { EmbeddedSession } from './session.ts';
import { unknownBecause } from './unknown.ts';

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

/** Opens the store from what the journal kept of it. */
export function openEmbeddedStore(options: EmbeddedStoreOptions): EmbeddedStore {
  const { journal, clock, name = 'store', maxSizeBytes = 8 * 2 ** 20, maxFinished = 100_000 } = options;
  const address = addressOf(journal.node, 'embedded-store', name);
  const openedMs = clock.nowMs();
  const state = recover(journal.take(address));
  const log = createLog(journal, address);
  const contents = createContents(state.data);
  const finished = createFinishedBranches(maxFinished);
  for (const it of state.finished.values()) finished.remember(it, openedMs);
  const locks = createLockTable(clock);
  const branches = new Branches({ clock, log, contents, locks, finished, maxSizeBytes }, state.prepared);
  let isClosed = false;

  const assertUsable = (): void => {
    if (isClosed) throw new ResourceClosedError(`the embedded store '${name}' is closed`);
    if (journal.failure !== undefined) {
      throw new ResourceUnreachableError(
        `the journal of '${name}' failed: ${journal.failure.message}; restart the node`,
        { cause: journal.failure },
      );
    }
  };
  const core: TransactionalResource<EmbeddedSession> = {
    // Branches hold their locks until they are over, which is all that any level asks for.
    modes: allModes,
    async begin(branch, { timeoutMs, readOnly = false }) {
      const globalId = globalIdOf(branch);
      assertUsable();
      if (branches.knows(globalId)) {
        throw new DuplicateBranchError(`expected a new branch, got ${globalId}, which '${name}' knows`);
      }
      return branches.begin(branch, timeoutMs, readOnly);
    },
    commit: (branch, { timeoutMs }) => commit(branches, branch, timeoutMs),
    rollback: (branch, { timeoutMs }) => rollBack(branches, branch, timeoutMs),
    async prepared(manager) {
      assertUsable();
      return branches.preparedOf(manager);
    },
    async outcomeOf(branch, { timeoutMs }): Promise<BranchOutcome> {
      const globalId = globalIdOf(branch);
      return branches.outcomeOf(globalId, timeoutMs).catch(unknownBecause);
    },
    async writeAbsence(branch, { timeoutMs }) {
      try {
        return await branches.writeAbsence(globalIdOf(branch), timeoutMs);
      } catch (error) {
        return unknownBecause(error);
      }
    },
    async forget(manager, { olderThanMs, timeoutMs }) {
      assertUsable();
      const forgotten = finished.forget(manager, clock.nowMs() - olderThanMs);
      if (forgotten.length === 0) return 0;
      const durable = log.write({ type: 'forgotten', branches: [...forgotten] }, forgotten.length * 60);
      await within(clock, durable, timeoutMs, 'the flush');
      return forgotten.length;
    },
    async setup() {
      assertUsable();
    },
    async check(): Promise<CheckReport> {
      const { sizeBytes } = contents;
      return checkStore({ name, journal, sizeBytes, maxSizeBytes, open: branches.open, nowMs: clock.nowMs() });
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      await branches.rollBackAll();
    },
  };
  return {
    ...asResource(core, { clock }),
    peek(key) {
      const found = contents.data.get(key);
      return found === undefined ? undefined : copyOf(found);
    },
    keys: (prefix = '') => [...contents.data.keys()].filter((key) => key.startsWith(prefix)).sort(),
  };
}

async function commit(branches: Branches, branch: Branch, timeoutMs: number): Promise<Ending> {
  try {
    const ended = await branches.end(globalIdOf(branch), 'committed', timeoutMs);
    const reason = 'it is not prepared, and nothing is known of its end; is this the right store?';
    return ended ?? { type: 'unknown', reason };
  } catch (error) {
    return unknownBecause(error);
  }
}

async function rollBack(branches: Branches, branch: Branch, timeoutMs: number): Promise<Ending> {
  try {
    const globalId = globalIdOf(branch);
    const ended = await branches.end(globalId, 'aborted', timeoutMs);
    if (ended !== undefined) return ended;
    const absence = await branches.writeAbsence(globalId, timeoutMs);
    if (absence.type === 'absent') return { type: 'done' };
    if (absence.type === 'committed') return { type: 'refused', reason: 'it is committed' };
    return { type: 'unknown', reason: absence.reason };
  } catch (error) {
    return unknownBecause(error);
  }
}
