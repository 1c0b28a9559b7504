/**
 * The disk as the journal sees it: what a real directory and a simulated one have in common. What a node does while it
 * runs completes by callback, because a disk may take its time; what it does while it opens is synchronous, because
 * nothing else can happen before.
 */

import { QuorateError } from '../../statecharts/actor.ts';

/** The disk refused. `full`: there is no room; `failed`: everything else. */
export class DiskError extends QuorateError {
  readonly code = 'DISK';
  readonly reason: 'full' | 'failed';

  constructor(reason: 'full' | 'failed', message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.reason = reason;
  }
}

/**
 * A flat set of named files, for one user at a time. Everything that reports success is durable: it is there after the
 * machine loses its power.
 *
 * A write that a crash interrupts touches no other byte of the file, and leaves of its own bytes those up to some
 * byte, or all but some sectors: stretches of 512 bytes or more, less only at the start and the end of the write.
 * Creating and removing are atomic, except that an interrupted `create` may leave a file whose name
 * ends in `.tmp`. Callbacks are called in a turn of their own of the clock's queue, never within the call.
 */
export interface Disk {
  /** The names of all files, in no particular order. */
  list(): readonly string[];
  /** @throws DiskError */
  readSync(name: string): Uint8Array;
  /** As `create`. @throws DiskError */
  createSync(name: string, start: Uint8Array, sizeBytes: number): void;
  /** As `write`. @throws DiskError */
  writeSync(name: string, offsetBytes: number, bytes: Uint8Array): void;
  /** As `remove`. @throws DiskError */
  removeSync(name: string): void;

  /** Reads a whole file. */
  read(name: string, onDone: (result: DiskError | Uint8Array) => void): void;
  /** Reads a part of a file; fewer bytes come where it ends before. */
  readPart(
    name: string,
    offsetBytes: number,
    lengthBytes: number,
    onDone: (result: DiskError | Uint8Array) => void,
  ): void;
  /**
   * Makes a file of `sizeBytes` that starts with `start` and is zero from there on. The room is taken at once, so that
   * writing within it needs none. An existing file of that name is replaced.
   *
   * @param isUrgent whether a caller waits for it; otherwise the disk leaves most of its time to other writes. Asked
   *   again and again; by default it is
   */
  create(
    name: string,
    start: Uint8Array,
    sizeBytes: number,
    onDone: (error?: DiskError) => void,
    isUrgent?: () => boolean,
  ): void;
  /**
   * Writes `bytes` within an existing file, or up to behind its end, which makes it longer. Each user has at most one write at a time under way in a file. `bytes`
   * belong to the disk until `onDone`.
   */
  write(name: string, offsetBytes: number, bytes: Uint8Array, onDone: (error?: DiskError) => void): void;
  /** Removes a file; one that is not there is no error. */
  remove(name: string, onDone: (error?: DiskError) => void): void;
  /** Releases everything once what is under way is done. */
  close(onDone: () => void): void;
}
