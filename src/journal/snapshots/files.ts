/** The room of snapshots on a disk, real, simulated or in memory. */

import { ownerOf, type SnapshotFile } from '../../../statecharts/transfer.ts';
import type { Clock } from '../../environment/clock.ts';
import { type Disk, DiskError } from '../disk.ts';
import type { Crc32 } from '../segmented/checksum.ts';
import { framed, PartsParser } from './parts.ts';
import { SnapshotError, type SnapshotFileWriter, type SnapshotPartsReader, type SnapshotRoom } from './room.ts';
import { createFileWriter, snapshotError } from './writer.ts';

const suffix = '.snapshot';
/** Bytes that are read at once. */
const readBytes = 256 * 1_024;
/** A file that another node reads is not removed for so long after the last time, in milliseconds. */
const readingMs = 10_000;

export interface SnapshotRoomOptions {
  /** Holds nothing but snapshots. */
  readonly disk: Disk;
  readonly clock: Clock;
  readonly crc32: Crc32;
}

/** Opens the room, and removes what an interrupted step has left. @throws DiskError */
export function openSnapshotRoom({ disk, clock, crc32 }: SnapshotRoomOptions): SnapshotRoom {
  const lastReadMs = new Map<string, number>();
  const fileOf = (name: string): string => `${encodeURIComponent(name)}${suffix}`;
  const names = (): readonly string[] =>
    disk
      .list()
      .flatMap((it) => nameIn(it) ?? [])
      .sort();
  for (const leftover of disk.list()) if (leftover.endsWith('.tmp')) disk.removeSync(leftover);

  const create = (name: string): SnapshotFileWriter =>
    createFileWriter({ name, fileName: fileOf(name), disk, clock, crc32 });
  const read: SnapshotRoom['read'] = (name, offsetBytes, lengthBytes, onDone) => {
    disk.readPart(fileOf(name), offsetBytes, lengthBytes, (result) => {
      if (!(result instanceof DiskError)) {
        // Only now, or names of which others ask and that are not here would be kept for ever.
        lastReadMs.set(name, clock.nowMs());
        onDone(result);
      } else if (names().includes(name)) onDone(snapshotError(name, result));
      else onDone(new SnapshotError('absent', `expected the snapshot '${name}', which is not here any more`));
    });
  };
  /** By owner, what must stay. */
  const needed = new Map<string, readonly string[]>();
  const removeUnread = (name: string): void => {
    if (needed.get(ownerOf(name))?.includes(name) === true) return;
    const idleMs = clock.nowMs() - (lastReadMs.get(name) ?? Number.NEGATIVE_INFINITY);
    if (idleMs < readingMs) {
      clock.setTimeout(() => removeUnread(name), readingMs - idleMs);
      return;
    }
    lastReadMs.delete(name);
    // A file that could not be removed is found again when the next snapshot is there.
    disk.remove(fileOf(name), () => undefined);
  };

  return {
    names,
    create,
    createParts(name) {
      const writer = create(name);
      let offset = 0;
      return {
        ...writer,
        write(part, onTaken) {
          const bytes = framed(part, offset, crc32);
          offset += bytes.length;
          writer.write(bytes, onTaken);
        },
      };
    },
    open: (file) => partsReader(file, disk, clock, fileOf(file.name), crc32),
    read,
    keep(owner, kept) {
      needed.set(owner, kept);
      for (const name of names()) if (ownerOf(name) === owner && !kept.includes(name)) removeUnread(name);
    },
    putSync(name, part) {
      const bytes = framed(part, 0, crc32);
      disk.createSync(fileOf(name), bytes, bytes.length);
      return { name, sizeBytes: bytes.length, checksum: crc32(bytes, 0) };
    },
  };
}

/** The name of the snapshot in a file; undefined where the file is none of the room's. */
function nameIn(fileName: string): string | undefined {
  if (!fileName.endsWith(suffix)) return undefined;
  try {
    return decodeURIComponent(fileName.slice(0, -suffix.length));
  } catch {
    return undefined;
  }
}

function partsReader(
  file: SnapshotFile,
  disk: Disk,
  clock: Clock,
  fileName: string,
  crc32: Crc32,
): SnapshotPartsReader {
  const parser = new PartsParser(file, crc32);
  let isReleased = false;
  const next: SnapshotPartsReader['next'] = (onPart) => {
    const missing = missingOf(parser);
    if (missing instanceof SnapshotError || missing === 0) {
      // A part that is here already comes in a later turn, too: a turn is what each part may take.
      clock.enqueue(() => {
        if (!isReleased) onPart(missing === 0 ? nextOf(parser) : missing);
      });
      return;
    }
    const wanted = Math.min(Math.max(missing, readBytes), file.sizeBytes - parser.readBytes);
    disk.readPart(fileName, parser.readBytes, wanted, (result) => {
      if (isReleased) return;
      if (result instanceof DiskError) {
        onPart(snapshotError(file.name, result));
        return;
      }
      if (result.length < wanted || wanted < missing) {
        onPart(parser.short());
        return;
      }
      parser.add(result);
      const still = missingOf(parser);
      if (still instanceof SnapshotError) onPart(still);
      else if (still > 0) next(onPart);
      else onPart(nextOf(parser));
    });
  };
  return {
    next,
    release() {
      isReleased = true;
    },
  };
}

const guarded = <T>(act: () => T): T | SnapshotError => {
  try {
    return act();
  } catch (error) {
    if (error instanceof SnapshotError) return error;
    throw error;
  }
};
const missingOf = (parser: PartsParser): number | SnapshotError => guarded(() => parser.missingBytes);
const nextOf = (parser: PartsParser): Uint8Array | undefined | SnapshotError => guarded(() => parser.next());
