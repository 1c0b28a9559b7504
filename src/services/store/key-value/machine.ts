/**
 * The key-value state machine: values of any bytes under text keys, in the order of their keys, each with the version of
 * its last write. A version is the revision of the write, so versions of a key only grow, also across deletion, and none is
 * ever used twice. The state can be read as of the last revisions, and its changes since them be followed.
 */

import { type Random, systemRandomness } from '../../../environment/random.ts';
import { copyOf } from '../codec.ts';
import { MalformedRequestError } from '../errors.ts';
import type { Applied, LaterAnswer, SlicedStateMachine } from '../state-machine.ts';
import { defaultRetention, type Retention } from '../table/changes.ts';
import type { Stored } from '../table/contract.ts';
import { VersionedTable } from '../table/table.ts';
import {
  decodeCommand,
  isTransaction,
  type KeyValueCommand,
  type KeyValueResult,
  type LeaseCommand,
  type OperationResult,
  type Refusal,
  type TransactionOperation,
  valueLimitBytes,
} from './commands.ts';
import { holds } from './conditions.ts';
import { Leases } from './leases.ts';
import type { NamespaceCommand } from './namespace-commands.ts';
import { Namespaces, namespacesLimit } from './namespaces.ts';
import { PackedEntries } from './packed-entries.ts';
import { partsOf, restoringInto } from './parts.ts';
import { type KeyValueAnswer, questionIn } from './questions.ts';
import { answerTo } from './reading.ts';
import { usageUnder } from './usage.ts';
import { Watches } from './watches.ts';

/** Where a command stands; without `timeMs`, at the beginning of the time of the log. */
type KeyValueApplied = Pick<Applied, 'revision'> & Partial<Pick<Applied, 'timeMs' | 'session'>>;

/** Keys that one tick deletes, unless a single lease has more. */
const tickKeys = 1_000;

/** The key-value state machine; its own types are those of what it is asked and answers. */
export interface KeyValueMachine extends SlicedStateMachine {
  apply(command: Uint8Array, at: KeyValueApplied): KeyValueResult;
  query(question: unknown): KeyValueAnswer | LaterAnswer<KeyValueAnswer>;
  readonly keys: number;
  /** Bytes of all keys and values, and some for each key. */
  readonly sizeBytes: number;
}

/** What a key takes in a snapshot beside its text and its value, at most. */
const entryOverheadBytes = 24;

/** How a machine is made; simulations keep less. All nodes must agree on it. */
export interface KeyValueMachineOptions {
  readonly retention?: Retention;
}

/**
 * Makes an empty key-value state machine.
 *
 * @param random draws the key of a hash, of which nothing that the machine answers depends; the system's by default
 */
export const createKeyValueMachine = (
  random: Random = systemRandomness().stream('hash'),
  { retention = defaultRetention }: KeyValueMachineOptions = {},
): KeyValueMachine => new TableMachine(new VersionedTable(random, { retention }));

class TableMachine implements KeyValueMachine {
  readonly #table: VersionedTable;
  readonly #leases = new Leases();
  readonly #namespaces = new Namespaces();
  readonly #watches: Watches;
  readonly #packing = new PackedEntries();
  #revision = 0;

  constructor(table: VersionedTable) {
    this.#table = table;
    const [now, query] = [() => this.#revision, (question: unknown) => this.query(question)];
    this.#watches = new Watches({
      get revision() {
        return now();
      },
      answer: query,
    });
  }

  apply(bytes: Uint8Array, at: KeyValueApplied): KeyValueResult {
    const { revision } = at;
    this.#revision = revision;
    const command = decodeCommand(bytes);
    if (typeof command === 'string') return { type: 'refused', reason: command };
    if (command.type === 'transaction') return this.#transact(command, revision);
    if (command.type === 'grant' || command.type === 'keep' || command.type === 'revoke') {
      return this.#applyToLease(command, at);
    }
    if (command.type === 'namespace' || command.type === 'end-namespace') return this.#applyToNamespace(command);
    const { key, condition } = command;
    const refused = this.#refusalOf([command], command.type === 'put' ? command.within : undefined);
    if (refused !== undefined) return { type: 'refused', reason: refused };
    if (command.type === 'put' && condition === undefined) return this.#put(command, revision);
    const present = this.#table.get(key);
    if (condition !== undefined && !holds(condition, present)) {
      return { type: 'condition-failed', ...versionOf(present) };
    }
    return command.type === 'put' ? this.#put(command, revision) : this.#delete(key, revision);
  }

  get dueAtMs(): number | undefined {
    return this.#leases.nextDueAtMs;
  }

  tick({ revision, timeMs = 0 }: KeyValueApplied): void {
    this.#revision = revision;
    let keys = 0;
    for (let due = this.#leases.dueBy(timeMs); due !== undefined && keys < tickKeys; due = this.#leases.dueBy(timeMs)) {
      keys += this.#end(due, revision);
    }
  }

  query(question: unknown): KeyValueAnswer | LaterAnswer<KeyValueAnswer> {
    const asked = questionIn(question);
    if (asked === undefined) {
      throw new MalformedRequestError(`expected a question such as { type: 'get', key: string }, got something else`);
    }
    const [table, leases, namespaces] = [this.#table, this.#leases, this.#namespaces];
    const [watches, packing, revision] = [this.#watches, this.#packing, this.#revision];
    return answerTo({ table, leases, namespaces, watches, packing, revision }, asked);
  }

  view() {
    return partsOf({ revision: this.#revision }, this.#table.view(), this.#leases.view(), this.#namespaces.all());
  }

  restoring() {
    this.#revision = 0;
    return restoringInto(this.#table, this.#leases, this.#namespaces, ({ revision }) => {
      this.#revision = revision;
      this.#watches.replaced();
    });
  }

  get keys(): number {
    return this.#table.size;
  }

  get sizeBytes(): number {
    return this.#table.contentBytes + entryOverheadBytes * this.#table.size;
  }

  get stateHash(): number {
    return this.#table.stateHash;
  }

  growthBytes(bytes: Uint8Array): number {
    const command = decodeCommand(bytes);
    if (typeof command === 'string') return 0;
    if (command.type === 'put' || command.type === 'delete') return this.#growthBy(command);
    if (command.type !== 'transaction') return 0;
    const [success, failure] = [command.success, command.failure].map((branch) =>
      branch.reduce((bytesBefore, operation) => bytesBefore + this.#growthBy(operation), 0),
    );
    return Math.max(success ?? 0, failure ?? 0);
  }

  mostGrowthBytes(bytes: Uint8Array): number {
    // Each operation of a transaction takes at least its key, its value and some bytes of the command.
    return isTransaction(bytes) ? (1 + entryOverheadBytes) * bytes.length : bytes.length + entryOverheadBytes;
  }

  #growthBy(operation: TransactionOperation): number {
    if (operation.type === 'get') return 0;
    const { key } = operation;
    const after = operation.type === 'put' ? operation.value : undefined;
    return sizeOfEntry(key, after) - sizeOfEntry(key, this.#table.get(key)?.value);
  }

  #applyToLease(command: LeaseCommand, { revision, timeMs = 0, session }: KeyValueApplied): KeyValueResult {
    if (command.type === 'grant') {
      const { ttlMs, isShared } = command;
      const reason = this.#leases.grant(revision, ttlMs, timeMs, { owner: session, isShared });
      return reason === undefined ? { type: 'leased', lease: revision, ttlMs } : { type: 'refused', reason };
    }
    const { lease, within } = command;
    if (this.#leases.isForeign(lease, within, true)) return { type: 'refused', reason: 'lease-foreign' };
    if (command.type === 'revoke') return { type: 'revoked', keys: this.#end(lease, revision) };
    const kept = this.#leases.keep(lease, timeMs);
    if (kept === undefined) return { type: 'refused', reason: 'lease-absent' };
    return { type: 'leased', lease: kept.id, ttlMs: kept.ttlMs };
  }

  #applyToNamespace(command: NamespaceCommand): KeyValueResult {
    const { name } = command;
    const before = this.#namespaces.get(name);
    if (command.type === 'end-namespace') {
      this.#namespaces.remove(name);
      return { type: 'namespaced', ...(before && { namespace: before }) };
    }
    if (before === undefined && this.#namespaces.size >= namespacesLimit) {
      return { type: 'refused', reason: 'namespaces-limit' };
    }
    const usage = before ?? usageUnder(this.#table, name, this.#revision);
    if (usage === undefined) return { type: 'refused', reason: 'namespace-large' };
    const namespace = { name, quota: command.quota, keys: usage.keys, bytes: usage.bytes };
    this.#namespaces.set(namespace);
    return { type: 'namespaced', namespace };
  }

  /** Ends a lease, and deletes its keys. @returns how many */
  #end(lease: number, revision: number): number {
    const keys = this.#leases.end(lease);
    for (const key of keys) this.#delete(key, revision);
    return keys.length;
  }

  /** Why leases, or namespaces, do not take the keys that are put. */
  #refusalOf(operations: readonly TransactionOperation[], within: readonly string[] | undefined): Refusal | undefined {
    if (within !== undefined && this.#joinForeign(operations, within)) return 'lease-foreign';
    return (
      this.#leaseRefusalOf(operations) ?? this.#namespaces.refusalOf(operations, (key) => this.#table.get(key)?.value)
    );
  }

  #joinForeign(operations: readonly TransactionOperation[], within: readonly string[]): boolean {
    const joined = operations.flatMap((it) => (it.type === 'put' && it.lease !== undefined ? [it.lease] : []));
    return [...new Set(joined)].some((lease) => this.#leases.isForeign(lease, within, false));
  }

  #leaseRefusalOf(operations: readonly TransactionOperation[]): Refusal | undefined {
    const more = new Map<number, number>();
    for (const operation of operations) {
      if (operation.type !== 'put' || operation.lease === undefined) continue;
      const { lease, key } = operation;
      const room = this.#leases.roomOf(lease);
      if (room === undefined) return 'lease-absent';
      if (this.#leases.of(key) === lease) continue;
      const taken = (more.get(lease) ?? 0) + 1;
      if (taken > room) return 'lease-full';
      more.set(lease, taken);
    }
    return undefined;
  }

  #put(
    { key, value, lease }: Extract<TransactionOperation, { type: 'put' }>,
    revision: number,
  ): KeyValueResult & OperationResult {
    this.#count(key, value);
    this.#table.set(key, revision, value);
    this.#leases.attach(key, lease);
    this.#watches.changed(key, revision);
    return { type: 'stored', version: revision };
  }

  #delete(key: string, revision: number): KeyValueResult & OperationResult {
    const version = versionOf(this.#table.get(key));
    this.#count(key, undefined);
    this.#table.delete(key, revision);
    this.#leases.attach(key, undefined);
    if (version.version !== undefined) this.#watches.changed(key, revision);
    return { type: 'deleted', ...version };
  }

  /** The namespace of `key` is to have `value` under it; undefined for none. */
  #count(key: string, value: Uint8Array | undefined): void {
    if (this.#namespaces.size > 0) this.#namespaces.changed(key, this.#table.get(key)?.value, value);
  }

  #transact(
    { compare, success, failure, within }: Extract<KeyValueCommand, { type: 'transaction' }>,
    revision: number,
  ): KeyValueResult {
    const succeeded = compare.every(({ key, condition }) => holds(condition, this.#table.get(key)));
    const operations = succeeded ? success : failure;
    // What is got is got before anything is written: then a transaction whose answer is too long changes nothing.
    const found = operations.map(({ type, key }) => (type === 'get' ? this.#found(key) : undefined));
    const bytes = found.reduce((before, it) => before + (it?.found?.value.length ?? 0), 0);
    if (bytes > valueLimitBytes) return { type: 'refused', reason: 'answer-limit' };
    const refused = this.#refusalOf(operations, within);
    if (refused !== undefined) return { type: 'refused', reason: refused };
    const results = operations.map((operation, at): OperationResult => {
      if (operation.type === 'put') return this.#put(operation, revision);
      if (operation.type === 'delete') return this.#delete(operation.key, revision);
      return found[at] ?? { type: 'found' };
    });
    return { type: 'transacted', succeeded, revision, results };
  }

  #found(key: string): Extract<OperationResult, { type: 'found' }> {
    const stored = this.#table.get(key);
    if (stored === undefined) return { type: 'found' };
    return { type: 'found', found: { value: copyOf(stored.value), version: stored.version } };
  }
}

const utf8 = new TextEncoder();

const sizeOfEntry = (key: string, value: Uint8Array | undefined): number =>
  value === undefined ? 0 : utf8.encode(key).length + value.length + entryOverheadBytes;

const versionOf = (present: Stored | undefined): { version?: number } =>
  present === undefined ? {} : { version: present.version };
