/**
 * The place of a data directory: its inode and birth time, and those of the file that says so, written into it when it is
 * first used. A copy has others, so a directory that was copied, moved or restored is known as such. What changes the
 * directory where it is, such as a snapshot of the whole volume that is put back, is not seen here.
 */

import fs from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { privateFileMode } from '../environment/private-files.ts';
import { JournalDirectoryError } from './errors.ts';

const fileName = 'place.json';
const mark = v.object({ inode: v.string(), birthTimeNs: v.nullable(v.string()) });
const place = v.object({ version: v.literal(1), directory: mark, file: mark });
type Mark = v.InferOutput<typeof mark>;

/** What a data directory says of its place. */
export interface DirectoryPlace {
  /** `unmarked`: it says nothing; `other`: it says that it is somewhere else, so this is a copy. */
  readonly state: 'same' | 'other' | 'unmarked';
  /** Makes this its place, durably. */
  adopt(): void;
}

/** @throws JournalDirectoryError when what the directory says of its place does not read */
export function placeOf(directory: string): DirectoryPlace {
  const file = path.join(directory, fileName);
  return { state: stateOf(directory, file), adopt: () => adopt(directory, file) };
}

function stateOf(directory: string, file: string): DirectoryPlace['state'] {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch {
    return 'unmarked';
  }
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), place), text);
  if (!read.success) {
    throw new JournalDirectoryError(
      `expected '${file}' to say where the directory is, got: ${read.issues[0].message}; remove the file, and the node starts as from a copy`,
    );
  }
  return isSame(read.output.directory, directory) && isSame(read.output.file, file) ? 'same' : 'other';
}

function isSame(known: Mark, at: string): boolean {
  const { ino, birthtimeNs } = fs.statSync(at, { bigint: true });
  return known.inode === String(ino) && (known.birthTimeNs === null || known.birthTimeNs === String(birthtimeNs));
}

function adopt(directory: string, file: string): void {
  const temporary = `${file}.tmp`;
  const handle = fs.openSync(temporary, 'w', privateFileMode);
  try {
    fs.writeSync(handle, JSON.stringify({ version: 1, directory: markOf(directory), file: markOf(temporary) }));
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
  fs.renameSync(temporary, file);
  if (process.platform === 'win32') return;
  const above = fs.openSync(directory, 'r');
  try {
    fs.fsyncSync(above);
  } finally {
    fs.closeSync(above);
  }
}

/** Where a file system keeps no birth times, the time of the last change, which is no mark, stands in their place. */
function markOf(at: string): Mark {
  const { ino, birthtimeNs, ctimeNs } = fs.statSync(at, { bigint: true });
  const isKept = birthtimeNs > 0n && birthtimeNs !== ctimeNs;
  return { inode: String(ino), birthTimeNs: isKept ? String(birthtimeNs) : null };
}
