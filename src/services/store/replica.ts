/**
 * The state of a store as one node has it: it follows the log, is restored from snapshots of the log and gives the log
 * snapshots of its own. Whatever grows with the state or with the log goes in slices, between which the node answers.
 */

import { QuorateError } from '../../../statecharts/actor.ts';
import { Backlog } from './backlog.ts';
import { CopyEndedError, UnreadableStateError } from './errors.ts';
import type { LogRun, LogToken, SnapshotReader, SnapshotWriter } from './log/replicated-log.ts';
import type { ReplicaParts, StateCopy } from './replica/contract.ts';
import type { StateRestoration, StateView } from './state-machine.ts';
import { StateSamples } from './state-samples.ts';

export type { ReplicaParts, StateCopy } from './replica/contract.ts';

/** About the bytes of one part of a snapshot: some hundred entries, which are encoded within a millisecond or two. */
const partBytes = 64 * 1_024;
/** Bytes of commands that are applied in one turn, where more have come at once. */
const applyBytes = 128 * 1_024;
/** Entries of one turn, however small. */
const applyEntries = 1_000;

interface Restoring {
  readonly index: number;
  readonly reader: SnapshotReader;
  readonly into: StateRestoration;
}

interface Taking {
  readonly view: StateView;
  readonly writer: SnapshotWriter;
}

export class Replica {
  readonly #parts: ReplicaParts;
  #appliedIndex = 0;
  /** Of that entry; undefined as long as the state is that of a snapshot, or of none. */
  #appliedToken: LogToken | undefined;
  /** The state as it was before the first entry, where it may come back to that. */
  readonly #beginning: readonly Uint8Array[];
  /** What the state was; none where the machine has no hash of it. */
  readonly samples = new StateSamples();
  /** Committed and not applied yet. */
  readonly #backlog = new Backlog();
  #isWorking = false;
  #restoring: Restoring | undefined;
  #taking: Taking | undefined;
  /** Of which no more parts are asked once it is another one. */
  #copy: StateCopy | undefined;
  #copied: StateView | undefined;
  /** How many more bytes the log may grow before the snapshot begins that it has asked for. */
  #dueAfterBytes: number | undefined;
  #againAfterBytes = 0;
  #isClosed = false;

  constructor(parts: ReplicaParts) {
    this.#parts = parts;
    this.#beginning = parts.log.startsOver === true ? wholeOf(parts.sessioned.view()) : [];
  }

  /** The last entry that the state holds. */
  get appliedIndex(): number {
    return this.#appliedIndex;
  }

  /** Whether the state is in the making, so that nothing can be read. */
  get isRestoring(): boolean {
    return this.#restoring !== undefined;
  }

  /** Takes the next committed entries: some are applied now, the rest in later turns. */
  follow(entries: LogRun): void {
    if (this.#isClosed) return;
    const isFirst = this.#backlog.isEmpty && !this.isRestoring;
    this.#backlog.add(entries);
    if (isFirst) this.#apply();
  }

  /** Replaces the state by that of a snapshot. */
  install(index: number, reader: SnapshotReader): void {
    const last = this.#restoring?.index ?? this.#appliedIndex;
    if (index <= last || this.#isClosed) {
      reader.release();
      return;
    }
    this.#abandonSnapshot();
    this.#restoring?.reader.release();
    this.#backlog.clear();
    this.#restoring = { index, reader, into: this.#parts.sessioned.restoring() };
    this.#readNext(this.#restoring);
  }

  /** The state is as it was before the first entry; a snapshot, or that entry, comes next. */
  startOver(): void {
    if (this.#isClosed) return;
    this.#abandonSnapshot();
    this.#restoring?.reader.release();
    this.#restoring = undefined;
    this.#backlog.clear();
    const restoration = this.#parts.sessioned.restoring();
    for (const part of this.#beginning) restoration.take(part);
    restoration.finish();
    this.samples.clear();
    this.#appliedIndex = 0;
    this.#appliedToken = undefined;
    this.#dueAfterBytes = undefined;
  }

  /**
   * The log asks for a snapshot. It begins when the log has grown by a random share of what it holds: the nodes' logs
   * are alike, and all would write at once otherwise.
   */
  due(logSizeBytes: number): void {
    this.#againAfterBytes = logSizeBytes / 2;
    this.#dueAfterBytes = this.#parts.random.next() * this.#againAfterBytes;
    this.#takeIfDue();
  }

  /**
   * Opens a copy of the state. While it is read no snapshot begins, but when the log has grown twice as far as it should
   * before one: then the copy has ended.
   *
   * @returns undefined while the state is in the making, or is being copied, or written down
   */
  copy(): StateCopy | undefined {
    if (this.isRestoring || this.#taking !== undefined || this.#copy !== undefined || this.#isClosed) return undefined;
    const { sessioned } = this.#parts;
    const view = sessioned.view();
    const copy: StateCopy = {
      index: this.#appliedIndex,
      revision: sessioned.revision,
      next: () => {
        if (this.#copy === copy) return view.next(partBytes);
        throw new CopyEndedError(
          'expected a backup to be read before the log has outgrown its limit twice, and the state to stay this one; make the backup again, on a faster way or at a quieter time',
        );
      },
      release: () => {
        if (this.#copy !== copy) return;
        this.#endCopy();
        if (!this.#isClosed) this.#guarded(() => this.#takeIfDue());
      },
    };
    this.#copy = copy;
    this.#copied = view;
    return copy;
  }

  /** Nothing goes on any more. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#abandonSnapshot();
    this.#restoring?.reader.release();
    this.#backlog.clear();
  }

  #apply(): void {
    const { sessioned } = this.#parts;
    let bytes = 0;
    for (let count = 0; bytes <= applyBytes && count < applyEntries; count += 1) {
      const entry = this.#backlog.next();
      if (entry === undefined) break;
      if (entry.index <= this.#appliedIndex) continue;
      if (entry.index !== this.#appliedIndex + 1) {
        throw new UnreadableStateError(`expected entry ${this.#appliedIndex + 1} of the log, got ${entry.index}`);
      }
      const { command, skips } = entry;
      if (skips !== undefined) sessioned.skip(skips);
      const fates = command === undefined ? [] : sessioned.apply(command, entry.index);
      bytes += command?.length ?? 0;
      this.#appliedIndex = entry.index;
      this.#appliedToken = entry.token;
      const { stateHash } = this.#parts.machine;
      if (stateHash !== undefined) this.samples.note(entry.index, entry.token, sessioned.revision, stateHash);
      this.#parts.applied(entry, fates);
    }
    if (this.#dueAfterBytes !== undefined) this.#dueAfterBytes -= bytes;
    this.#workLater();
    this.#parts.advanced();
    this.#takeIfDue();
  }

  #workLater(): void {
    if (this.#backlog.isEmpty || this.#isWorking) return;
    this.#isWorking = true;
    this.#parts.clock.enqueue(() => {
      this.#isWorking = false;
      if (this.isRestoring || this.#isClosed) return;
      this.#guarded(() => this.#apply());
    });
  }

  #readNext(restoring: Restoring): void {
    restoring.reader.next((part) => {
      if (this.#restoring !== restoring || this.#isClosed) return;
      this.#guarded(() => {
        if (part instanceof Error) throw part;
        if (part !== undefined) {
          restoring.into.take(part);
          this.#readNext(restoring);
          return;
        }
        restoring.into.finish();
        this.#restoring = undefined;
        this.#appliedIndex = restoring.index;
        this.#appliedToken = undefined;
        this.#parts.installed(restoring.index);
        this.#apply();
      });
    });
  }

  #takeIfDue(): void {
    if (this.#dueAfterBytes === undefined || this.#dueAfterBytes > 0 || this.isRestoring) return;
    if (this.#taking !== undefined || this.#appliedToken === undefined) return;
    if (this.#copy !== undefined) {
      if (-this.#dueAfterBytes < this.#againAfterBytes) return;
      this.#endCopy();
    }
    let writer: SnapshotWriter;
    try {
      writer = this.#parts.log.snapshot(this.#appliedIndex, this.#appliedToken);
    } catch (error) {
      // A node that is overloaded now is asked again after the next entries.
      if (!(error instanceof QuorateError)) throw error;
      return;
    }
    this.#dueAfterBytes = undefined;
    this.#taking = { view: this.#parts.sessioned.view(), writer };
    this.#writeNext(this.#taking);
  }

  #writeNext(taking: Taking): void {
    const part = taking.view.next(partBytes);
    if (part === undefined) {
      taking.writer.finish((error) => {
        if (this.#taking !== taking) return;
        if (error === undefined) this.#taking = undefined;
        else this.#giveUpSnapshot();
      });
      return;
    }
    taking.writer.write(part, (error) => {
      if (this.#taking !== taking || this.#isClosed) return;
      if (error === undefined) this.#guarded(() => this.#writeNext(taking));
      else this.#giveUpSnapshot();
    });
  }

  /** The disk had no room, or failed: the next one is tried when the log has grown further. */
  #giveUpSnapshot(): void {
    this.#abandonSnapshot();
    this.#dueAfterBytes = this.#againAfterBytes;
  }

  #endCopy(): void {
    this.#copied?.release();
    this.#copied = undefined;
    this.#copy = undefined;
  }

  #abandonSnapshot(): void {
    this.#endCopy();
    this.#taking?.view.release();
    this.#taking?.writer.abandon();
    this.#taking = undefined;
  }

  #guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#parts.fail(error);
    }
  }
}

/** All parts of a state that has not grown yet. */
function wholeOf(view: StateView): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let part = view.next(partBytes); part !== undefined; part = view.next(partBytes)) parts.push(part);
  return parts;
}
