/** A branch at work in the embedded store: reads and writes under locks, invisible to others until it commits. */

import type { Clock } from '../../environment/clock.ts';
import { messageOf } from '../../environment/message.ts';
import { type Branch, globalIdOf } from '../branch.ts';
import { budget } from '../deadline.ts';
import { BranchClosedError, LockError, type Refusal, StatementError } from '../errors.ts';
import { createSerialQueue } from '../queue.ts';
import type { BranchSession, DirectCommit, DirectCommitOptions, Vote } from '../transactional.ts';
import type { Lock, LockTable } from './locks.ts';
import { copyOf, type StoreValue, sizeOf, type Write } from './records.ts';

/** The statements of a branch. After one that throws, the branch votes no. */
export interface EmbeddedSession extends BranchSession {
  /** @returns undefined when there is nothing under the key */
  get(key: string): Promise<StoreValue | undefined>;
  /** @throws NotPlainDataError, StatementError for keys or values that are too long, LockError, BranchClosedError */
  put(key: string, value: StoreValue): Promise<void>;
  /** @returns whether there was something */
  delete(key: string): Promise<boolean>;
  /** All keys with the prefix, sorted; also those that other branches would add stay out until this one is over. */
  list(prefix: string): Promise<readonly (readonly [key: string, value: StoreValue])[]>;
}

export interface SessionParts {
  readonly branch: Branch;
  readonly clock: Clock;
  readonly locks: LockTable;
  readonly data: ReadonlyMap<string, StoreValue>;
  readonly timeoutMs: number;
  readonly isReadOnly: boolean;
  prepare(writes: readonly Write[], timeoutMs: number): Promise<Vote>;
  commit(writes: readonly Write[], options: DirectCommitOptions): Promise<DirectCommit>;
  /** Called once, when the branch is over without having been prepared or committed. */
  onAbandon(): void;
}

const maxKeyLength = 1_024;
/** The store's code of a write that was refused because its branch only reads. */
const readOnlyCode = 'READ_ONLY';
const maxValueBytes = 4 * 2 ** 20;

export function createSession(parts: SessionParts): EmbeddedSession {
  const { branch, locks, data, isReadOnly } = parts;
  const globalId = globalIdOf(branch);
  const queue = createSerialQueue(`branch ${globalId}`, 1_000);
  const time = budget(parts.clock, parts.timeoutMs);
  const writes = new Map<string, Write>();
  let closedBecause: string | undefined;
  let failure: string | undefined;
  let refusal: Refusal | undefined;

  const abandon = (reason: string): void => {
    const wasOpen = closedBecause === undefined;
    closedBecause ??= reason;
    failure ??= reason;
    writes.clear();
    if (wasOpen) parts.onAbandon();
  };
  const statement = <T>(lock: Lock, run: () => T): Promise<T> =>
    queue.run(async () => {
      if (closedBecause !== undefined) {
        throw new BranchClosedError(`expected no statement in ${globalId}: ${closedBecause}`);
      }
      try {
        if (lock.key.length > maxKeyLength) {
          throw new StatementError(`expected a key of at most ${maxKeyLength} characters, got ${lock.key.length}`);
        }
        if (isReadOnly && lock.kind === 'exclusive') {
          throw new StatementError(`expected no write of '${lock.key}' in a branch that is read only`, {
            resourceCode: readOnlyCode,
          });
        }
        await locks.acquire(globalId, lock, time.remainingMs());
        return run();
      } catch (error) {
        failure ??= messageOf(error);
        const resourceCode = error instanceof StatementError ? error.resourceCode : undefined;
        refusal ??= { resourceCode, isTransient: error instanceof LockError };
        throw error;
      }
    });
  const valueAt = (key: string): StoreValue | undefined => {
    const written = writes.get(key);
    if (written === undefined) return data.get(key);
    return 'deleted' in written ? undefined : written.value;
  };
  /** Closes the branch; says why it must not be made durable, if so. */
  const finish = (): string | undefined => {
    if (closedBecause !== undefined) return failure ?? closedBecause;
    if (failure !== undefined) {
      abandon(failure);
      return failure;
    }
    closedBecause = 'it was asked to prepare or commit';
    return undefined;
  };

  return {
    branch,
    get refusal() {
      return refusal;
    },
    async get(key) {
      const found = await statement({ kind: 'shared', key }, () => valueAt(key));
      return found === undefined ? undefined : copyOf(found);
    },
    put: (key, value) =>
      statement({ kind: 'exclusive', key }, () => {
        const copy = copyOf(value);
        if (sizeOf(copy) > maxValueBytes) {
          throw new StatementError(`expected a value of at most ${maxValueBytes} bytes under '${key}'`);
        }
        writes.set(key, { key, value: copy });
      }),
    delete: (key) =>
      statement({ kind: 'exclusive', key }, () => {
        const existed = valueAt(key) !== undefined;
        writes.set(key, { key, deleted: true });
        return existed;
      }),
    list: (prefix) =>
      statement({ kind: 'prefix', key: prefix }, () => {
        const keys = new Set([...data.keys(), ...writes.keys()].filter((key) => key.startsWith(prefix)));
        return [...keys].sort().flatMap((key): (readonly [string, StoreValue])[] => {
          const value = valueAt(key);
          return value === undefined ? [] : [[key, copyOf(value)]];
        });
      }),
    prepare: ({ timeoutMs }) =>
      queue.run(async (): Promise<Vote> => {
        const refusal = finish();
        return refusal === undefined ? parts.prepare([...writes.values()], timeoutMs) : { type: 'no', reason: refusal };
      }),
    commitDirectly: (options) =>
      queue.run(async (): Promise<DirectCommit> => {
        const refusal = finish();
        return refusal === undefined ? parts.commit([...writes.values()], options) : { type: 'no', reason: refusal };
      }),
    rollback() {
      // Not queued: a statement that waits for a lock is ended by giving up the branch's locks.
      if (closedBecause === undefined) abandon('it was rolled back');
      return Promise.resolve();
    },
  };
}
