/**
 * Where a node keeps snapshots: files of their own beside the journal, so that no flush waits behind one. A snapshot is
 * written in parts, is whole and durable before anybody hears of it, and is known by its name, size and checksum, which
 * its actor writes into the journal. What no actor claims any more is removed.
 */

import { QuorateError } from '../../../statecharts/actor.ts';
import type { SnapshotFile } from '../../../statecharts/transfer.ts';

/** A snapshot cannot be written or read. `reason`: no room on the disk, the disk failed, not what was written, or gone. */
export class SnapshotError extends QuorateError {
  readonly code = 'SNAPSHOT';
  readonly reason: 'full' | 'failed' | 'damaged' | 'absent';

  constructor(reason: SnapshotError['reason'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.reason = reason;
  }
}

/** A file in the making. */
export interface SnapshotFileWriter {
  /**
   * Adds bytes, which belong to the writer from now on. `onTaken` is called in a later turn, when the next may come: not
   * before the disk has had time for other things. After an error nothing may come but `abandon`.
   */
  write(bytes: Uint8Array, onTaken: (error?: SnapshotError) => void): void;
  /** Everything was written, and taken. `onDone` is called when it is durable. */
  finish(onDone: (result: SnapshotFile | SnapshotError) => void): void;
  /** Removes what was written. Idempotent; without effect after `finish` was answered with a file. */
  abandon(): void;
}

/** Reads the parts of a snapshot in their order. */
export interface SnapshotPartsReader {
  /** As of a log's `SnapshotReader`: undefined at the end. */
  next(onPart: (part: Uint8Array | undefined | SnapshotError) => void): void;
  /** Nothing more is read. Idempotent. */
  release(): void;
}

export interface SnapshotRoom {
  /** Begins a file. One of that name that is there is replaced. */
  create(name: string): SnapshotFileWriter;
  /** The same in parts, each with its length and checksum, as `open` reads them. */
  createParts(name: string): SnapshotFileWriter;
  open(file: SnapshotFile): SnapshotPartsReader;
  /** Reads bytes as they are, to hand them to another node. Fewer come at the end of the file. */
  read(
    name: string,
    offsetBytes: number,
    lengthBytes: number,
    onDone: (result: Uint8Array | SnapshotError) => void,
  ): void;
  /** Removes the files of `owner` other than `names`; one that is being read by another node a little later. */
  keep(owner: string, names: readonly string[]): void;
  /** Writes a snapshot of one part at once, before anything runs: for what an earlier version kept elsewhere. */
  putSync(name: string, part: Uint8Array): SnapshotFile;
  /** The names of all files, whole or not, sorted. */
  names(): readonly string[];
}
