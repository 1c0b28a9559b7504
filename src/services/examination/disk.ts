/** How a disk does: how long it takes until some bytes are durable, and how much room it has. */

import { constants } from 'node:fs';
import { open, readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../environment/clock.ts';

/** How a disk was found. */
export interface DiskFindings {
  /** How long each of some writes took until it was durable, in milliseconds, sorted. */
  readonly writeMs: readonly number[];
  /** Room that is left to the node, in bytes. */
  readonly freeBytes: number;
  /** What the directory of the node takes. */
  readonly usedBytes: number;
}

const probeWrites = 8;
/** As large as a flush of a few requests. */
const probe = new Uint8Array(4_096);
/** Of which no node reads anything; one that a crash leaves behind is written anew. */
const probeName = 'examination.probe';

/** Looks at the disk of `directory`. Takes no longer than some writes. @throws Error of the system */
export async function examineDisk(directory: string, clock: Clock): Promise<DiskFindings> {
  const [writeMs, { bavail, bsize }, usedBytes] = await Promise.all([
    timedWrites(join(directory, probeName), clock),
    statfs(directory),
    bytesIn(directory),
  ]);
  return { writeMs, freeBytes: bavail * bsize, usedBytes };
}

async function timedWrites(file: string, clock: Clock): Promise<readonly number[]> {
  const { O_CREAT, O_TRUNC, O_WRONLY } = constants;
  const handle = await open(file, O_CREAT | O_TRUNC | O_WRONLY, 0o600);
  try {
    const writeMs: number[] = [];
    for (let write = 0; write < probeWrites; write += 1) {
      const beganMs = clock.nowMs();
      await handle.write(probe, 0, probe.length, 0);
      await handle.datasync();
      writeMs.push(clock.nowMs() - beganMs);
    }
    return writeMs.sort((a, b) => a - b);
  } finally {
    await handle.close();
    await rm(file, { force: true });
  }
}

/** Of the files in it, which are segments and snapshots: few, and none below. */
async function bytesIn(directory: string): Promise<number> {
  const entries = await readdir(directory, { withFileTypes: true });
  const sizes = entries.map(async (entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return await bytesIn(path);
    // A segment may be gone by now.
    return await stat(path).then(
      ({ size }) => size,
      () => 0,
    );
  });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
