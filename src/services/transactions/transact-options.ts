/** How one transaction may be asked for, and what makes no sense of it. */

import { type BranchIsolation, branchIsolations } from '../../resources/mode.ts';
import { TransactionOptionsError } from './errors.ts';

export interface TransactOptions {
  /** From the beginning to the end of the function; longer aborts. The manager's `times.timeoutMs` by default. */
  readonly timeoutMs?: number;
  /**
   * Up to 200 characters. A transaction that has committed under this key is not run again while that is remembered:
   * the answer is that it committed.
   */
  readonly idempotencyKey?: string;
  /**
   * What is asked for under the key, as JSON. A repetition with the same request gets the value of the first one, which must
   * be JSON, too; one with another request is refused (`IdempotencyMismatchError`). Compared are fingerprints of 64 bits, whatever
   * the order of properties.
   *
   * @example
   * await manager.transact(work, { idempotencyKey: request.headers['idempotency-key'], request: request.body });
   */
  readonly request?: unknown;
  /**
   * By which isolation each of its branches runs; the database's own default otherwise, or the resource's. Over several
   * databases the whole is isolated by less (docs/transactions.md says by what). A resource that does not offer it aborts
   * the transaction at its first statement there, with a `BranchModeError` as the cause.
   */
  readonly isolation?: BranchIsolation;
  /**
   * Changes nothing: what would is refused by the database, with its code as `resourceCode`. Nothing is prepared and no key
   * is written, so that it takes no idempotency key. Default false.
   */
  readonly readOnly?: boolean;
  /** Aborts it, unless the function has returned by then: what is being committed cannot be called back. */
  readonly signal?: AbortSignal;
}

/** Longest idempotency key, in characters: what resources can keep. */
const maxKeyLength = 200;

function refuse(message: string): never {
  throw new TransactionOptionsError(message);
}

/** Refuses what is no signal, such as the controller that gives one. @throws TransactionOptionsError */
export function assertSignal(signal: unknown): void {
  if (signal === undefined) return;
  // Of another realm, or of a library, it is no instance of our AbortSignal.
  const isSignal = typeof signal === 'object' && signal !== null && 'aborted' in signal && 'throwIfAborted' in signal;
  if (!isSignal) refuse(`expected signal to be an AbortSignal, got ${String(signal)}; pass controller.signal`);
}

const names = [
  'timeoutMs',
  'idempotencyKey',
  'request',
  'isolation',
  'readOnly',
  'signal',
] as const satisfies readonly (keyof TransactOptions)[];

/** Refuses what no transaction can be run with. @throws TransactionOptionsError */
export function assertTransactOptions(how: TransactOptions): void {
  const given: unknown = how;
  if (typeof given !== 'object' || given === null) refuse(`expected options as an object, got ${String(given)}`);
  // One that is misspelt would leave a transaction isolated by less than its caller relies on.
  const unknown = Object.keys(given).find((name) => !names.some((it) => it === name));
  if (unknown !== undefined) refuse(`expected as options ${names.join(', ')}, got '${unknown}'`);
  const { timeoutMs, idempotencyKey, signal, isolation, readOnly } = how;
  assertSignal(signal);
  if (timeoutMs !== undefined && !(Number.isFinite(timeoutMs) && timeoutMs > 0)) {
    refuse(`expected timeoutMs to be a finite number above 0, got ${timeoutMs}`);
  }
  if (isolation !== undefined && !branchIsolations.includes(isolation)) {
    refuse(`expected as isolation one of ${branchIsolations.join(', ')}, got ${String(isolation)}`);
  }
  if (readOnly !== undefined && typeof readOnly !== 'boolean') {
    refuse(`expected readOnly to be true or false, got ${String(readOnly)}`);
  }
  if (idempotencyKey === undefined) {
    if (how.request !== undefined)
      refuse('expected an idempotency key with a request, got none; give both, or neither');
    return;
  }
  if (readOnly === true) {
    refuse('expected no idempotency key of a transaction that is read only: it may be repeated as it is; leave it out');
  }
  const key: unknown = idempotencyKey;
  if (typeof key !== 'string')
    refuse(`expected an idempotency key that is text, got ${key === null ? 'null' : typeof key}`);
  if (key.length === 0 || key.length > maxKeyLength) {
    refuse(`expected an idempotency key of 1 to ${maxKeyLength} characters, got ${key.length}`);
  }
}
