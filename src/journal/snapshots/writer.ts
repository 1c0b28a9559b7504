/** Writing a snapshot's file at the pace that leaves the disk, and the processor, to others. */

import type { SnapshotFile } from '../../../statecharts/transfer.ts';
import type { Clock } from '../../environment/clock.ts';
import type { Disk, DiskError } from '../disk.ts';
import type { Crc32 } from '../segmented/checksum.ts';
import { SnapshotError, type SnapshotFileWriter } from './room.ts';

/** What goes to the disk in one write; small parts wait for each other. */
const writeBytes = 256 * 1_024;
/** For each millisecond that a write took, and the making of what is in it, so many are left to others. */
const restFactor = 3;
const longestRestMs = 1_000;

export interface FileWriterParts {
  readonly name: string;
  readonly fileName: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly crc32: Crc32;
}

/** The error of a snapshot for one of its disk. */
export const snapshotError = (name: string, error: DiskError): SnapshotError =>
  new SnapshotError(
    error.reason,
    `could not keep snapshot '${name}': ${error.message}; ${error.reason === 'full' ? 'make room' : 'check the disk'}`,
    { cause: error },
  );

export function createFileWriter({ name, fileName, disk, clock, crc32 }: FileWriterParts): SnapshotFileWriter {
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let offset = 0;
  let checksum = 0;
  let sinceMs = clock.nowMs();
  let isOver = false;
  let isCreated = false;

  const create = (onCreated: (error?: DiskError) => void): void => {
    if (isCreated) onCreated();
    else {
      isCreated = true;
      disk.create(fileName, new Uint8Array(), 0, onCreated);
    }
  };
  /** Writes what waits, and rests. */
  const flush = (onFlushed: (error?: SnapshotError) => void): void => {
    const bytes = joinedBytes(waiting, waitingBytes);
    waiting = [];
    waitingBytes = 0;
    checksum = crc32(bytes, checksum);
    create((failure) => {
      if (isOver) return;
      if (failure !== undefined) {
        onFlushed(snapshotError(name, failure));
        return;
      }
      const place = offset;
      offset += bytes.length;
      disk.write(fileName, place, bytes, (error) => {
        if (isOver) return;
        if (error !== undefined) {
          onFlushed(snapshotError(name, error));
          return;
        }
        const restMs = Math.min(longestRestMs, restFactor * Math.max(0, clock.nowMs() - sinceMs));
        clock.setTimeout(() => {
          if (isOver) return;
          sinceMs = clock.nowMs();
          onFlushed();
        }, restMs);
      });
    });
  };
  return {
    write(bytes, onTaken) {
      waiting.push(bytes);
      waitingBytes += bytes.length;
      if (waitingBytes >= writeBytes) flush(onTaken);
      else
        clock.enqueue(() => {
          if (!isOver) onTaken();
        });
    },
    finish(onDone) {
      flush((error) => {
        if (error === undefined) isOver = true;
        const file: SnapshotFile = { name, sizeBytes: offset, checksum };
        onDone(error ?? file);
      });
    },
    abandon() {
      if (isOver) return;
      isOver = true;
      waiting = [];
      if (isCreated) disk.remove(fileName, () => undefined);
    },
  };
}

function joinedBytes(pieces: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  const [first] = pieces;
  if (pieces.length === 1 && first !== undefined) return first;
  const bytes = new Uint8Array(sizeBytes);
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
  }
  return bytes;
}
