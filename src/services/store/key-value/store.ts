/** The key-value store over an executor: the same on a node and at a client, since both only need that. */

import type { Clock } from '../../../environment/clock.ts';
import { systemEnvironment } from '../../../environment/environment.ts';
import {
  ForbiddenError,
  LeaseEndedError,
  LeaseLimitError,
  MalformedRequestError,
  NamespaceLimitError,
  type NotHappenedError,
  type OutcomeUnknownError,
  PreconditionFailedError,
  QuotaExceededError,
} from '../errors.ts';
import type { ExecuteOptions, Executor, QueryOptions } from '../requests/requester.ts';
import { answerIn, resultIn, strange } from './answers.ts';
import {
  assertKey,
  type Condition,
  encodeCommand,
  type KeyValueCommand,
  type KeyValueResult,
  type Refusal,
} from './commands.ts';
import type { KeyValueStore, Leased, RangeOptions } from './contract.ts';
import { leaseKeysLimit, leasesLimit, longestTtlMs, shortestTtlMs } from './leases.ts';
import { namespaceBeginLimit, namespacesLimit } from './namespaces.ts';
import { type Entry, type KeyValueQuestion, pageLimit } from './questions.ts';
import { assertSelection, type Selection } from './selection.ts';
import { createWatching, revisionOf, updatesOf, watchOf } from './watching.ts';

const defaultLimit = 100;

type Page = Extract<ReturnType<typeof answerIn>, { type: 'page' }>;

/** Makes the key-value store that `executor` reaches. @param clock for a watch to wait by; the system's by default */
export function keyValueStore(executor: Executor, clock: Clock = systemEnvironment().clock): KeyValueStore {
  const watching = createWatching(executor, clock);
  const write = async (command: KeyValueCommand, options: ExecuteOptions): Promise<KeyValueResult> => {
    const result = resultIn(await executor.execute(encodeCommand(command), options));
    if (result.type === 'refused') throw refusalOf(result.reason);
    return result;
  };
  const ask = async (question: KeyValueQuestion, options: QueryOptions) =>
    answerIn(await executor.query(question, options));

  const page = async (
    selection: Selection,
    tells: 'entries' | 'versions' | 'count',
    { limit = defaultLimit, revision, withValues: _, ...options }: RangeOptions,
  ): Promise<Page> => {
    assertSelection(selection);
    assertLimit(limit);
    const asOf = revision === undefined ? {} : { revision };
    const answer = await ask({ type: 'range', selection, limit, tells, packed: true, ...asOf }, options);
    if (answer === null || !('type' in answer) || answer.type !== 'page') throw strange();
    return answer;
  };
  /** All pages as of the revision of the first one. */
  const pages = async function* (
    { key, ...range }: Selection,
    tells: 'entries' | 'versions' | 'count',
    options: RangeOptions,
  ): AsyncGenerator<Page> {
    let next: Page | undefined = await page(key === undefined ? range : { key }, tells, options);
    while (next !== undefined) {
      yield next;
      const { revision, next: from }: Page = next;
      next = from === undefined ? undefined : await page({ ...range, from }, tells, { ...options, revision });
    }
  };

  return {
    async get(key, { revision, ...options } = {}) {
      assertKey(key);
      const answer = await ask({ type: 'get', key, ...(revision === undefined ? {} : { revision }) }, options);
      if (answer === null) return undefined;
      if ('type' in answer) throw strange();
      return answer;
    },
    async put(key, value, { condition, lease, within, ...options } = {}) {
      const leased = lease === undefined ? {} : { lease, ...(within && { within }) };
      const result = await write({ type: 'put', key, value, ...(condition && { condition }), ...leased }, options);
      if (result.type === 'stored') return { version: result.version };
      throw conditionFailed(key, condition, result);
    },
    async delete(key, { condition, ...options } = {}) {
      const result = await write({ type: 'delete', key, ...(condition && { condition }) }, options);
      if (result.type === 'deleted') return { version: result.version };
      throw conditionFailed(key, condition, result);
    },
    async compareAndSet(key, expected, value, options = {}) {
      const condition: Condition = expected === undefined ? { type: 'absent' } : { type: 'version', version: expected };
      const result = await write({ type: 'put', key, value, condition }, options);
      return result.type === 'stored'
        ? { swapped: true, version: result.version }
        : { swapped: false, version: 'version' in result ? result.version : undefined };
    },
    async transaction({ compare = [], success, failure = [] }, options = {}) {
      const result = await write({ type: 'transaction', compare, success, failure }, options);
      if (result.type !== 'transacted') throw strange();
      const { succeeded, revision, results } = result;
      return { succeeded, revision, results };
    },
    async range(selection, options = {}) {
      const { entries, revision, next } = await page(selection, tellsOf(options), options);
      return { entries, revision, next };
    },
    async *entries(selection, options = {}): AsyncGenerator<Entry> {
      for await (const { entries } of pages(selection, tellsOf(options), options)) yield* entries;
    },
    async count(selection, options = {}) {
      let [count, revision] = [0, 0];
      for await (const counted of pages(selection, 'count', options)) {
        count += counted.count;
        revision = counted.revision;
      }
      return { count, revision };
    },
    async grantLease(ttlMs, options = {}) {
      if (!Number.isSafeInteger(ttlMs) || ttlMs < shortestTtlMs || ttlMs > longestTtlMs) {
        throw new MalformedRequestError(
          `expected a time to live of ${shortestTtlMs} to ${longestTtlMs} ms, got ${ttlMs}`,
        );
      }
      return leasedIn(await write({ type: 'grant', ttlMs, isShared: true }, options));
    },
    keepLease: async (lease, { within, ...options } = {}) =>
      leasedIn(await write({ type: 'keep', lease, ...(within && { within }) }, options)),
    async revokeLease(lease, { within, ...options } = {}) {
      const result = await write({ type: 'revoke', lease, ...(within && { within }) }, options);
      if (result.type !== 'revoked') throw strange();
      return { keys: result.keys };
    },
    async lease(lease, options = {}) {
      const answer = await ask({ type: 'lease', lease }, options);
      if (answer === null) return undefined;
      if (!('type' in answer) || answer.type !== 'lease') throw strange();
      return { ttlMs: answer.ttlMs, keys: answer.keys };
    },
    async setNamespace(name, quota = {}, options = {}) {
      const result = await write({ type: 'namespace', name, quota }, options);
      if (result.type !== 'namespaced' || result.namespace === undefined) throw strange();
      return result.namespace;
    },
    async endNamespace(name, options = {}) {
      const result = await write({ type: 'end-namespace', name }, options);
      if (result.type !== 'namespaced') throw strange();
      return result.namespace;
    },
    async namespaces(options = {}) {
      const answer = await ask({ type: 'namespaces' }, options);
      if (answer === null || !('type' in answer) || answer.type !== 'namespaces') throw strange();
      return answer.namespaces;
    },
    revision: ({ revision, ...options } = {}) => revisionOf(executor, revision, options),
    async history(key, { limit = defaultLimit, before, ...options } = {}) {
      assertKey(key);
      assertLimit(limit);
      const answer = await ask({ type: 'history', key, limit, ...(before === undefined ? {} : { before }) }, options);
      if (answer === null || !('type' in answer) || answer.type !== 'changes') throw strange();
      return answer.changes;
    },
    updates: (selection, options) => updatesOf(watching, selection, options),
    watch: (selection, options) => watchOf(watching, selection, options),
  };
}

function leasedIn(result: KeyValueResult): Leased {
  if (result.type !== 'leased') throw strange();
  return { lease: result.lease, ttlMs: result.ttlMs };
}

/** The error that tells why the state machine has refused a command. */
export function refusalOf(reason: Refusal): NotHappenedError {
  switch (reason) {
    case 'lease-absent':
      return new LeaseEndedError('expected a lease that has not ended; grant another one, and put its keys anew');
    case 'lease-full':
      return new LeaseLimitError(`expected at most ${leaseKeysLimit} keys of a lease, got more; take several leases`);
    case 'lease-foreign':
      return new ForbiddenError(
        'expected a lease all of whose keys may be written, and got one that has others by now, or none any more; leave it, or ask with another token',
      );
    case 'leases-limit':
      return new LeaseLimitError(`expected at most ${leasesLimit} leases, got one more; revoke those that are done`);
    case 'leases-share':
      return new LeaseLimitError(
        'expected fewer leases of this client than are left for all others, got as many; revoke those that are done, or put more keys on each',
      );
    case 'quota-keys':
    case 'quota-bytes':
      return new QuotaExceededError(
        `expected no more ${reason === 'quota-keys' ? 'keys' : 'bytes'} than the quota of the namespace, got more; delete something in it, or raise its quota`,
      );
    case 'namespaces-limit':
      return new NamespaceLimitError(`expected at most ${namespacesLimit} namespaces, got one more; end one first`);
    case 'namespace-large':
      return new NamespaceLimitError(
        `expected at most ${namespaceBeginLimit} keys where a namespace begins, got more; make it before its keys are put`,
      );
    default:
      return new MalformedRequestError(`the store refused the command: ${reason}; are all nodes up to date?`);
  }
}

const tellsOf = ({ withValues = true }: RangeOptions): 'entries' | 'versions' => (withValues ? 'entries' : 'versions');

function assertLimit(limit: number): void {
  if (Number.isSafeInteger(limit) && limit >= 1 && limit <= pageLimit) return;
  throw new MalformedRequestError(`expected a limit of 1 to ${pageLimit}, got ${limit}`);
}

function conditionFailed(
  key: string,
  condition: Condition | undefined,
  result: KeyValueResult,
): PreconditionFailedError | OutcomeUnknownError {
  if (result.type !== 'condition-failed') return strange();
  const wanted =
    condition?.type === 'version'
      ? `version ${condition.version}`
      : condition?.type === 'value'
        ? 'another value'
        : `a value that is ${condition?.type}`;
  const found = result.version === undefined ? 'none' : `version ${result.version}`;
  return new PreconditionFailedError(
    `expected ${wanted} under '${key}', found ${found}; read it again and decide anew`,
    result.version,
  );
}
