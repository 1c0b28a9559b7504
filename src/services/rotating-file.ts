/**
 * A file of lines that only grows, up to a size: then it is set aside under the next number, and the oldest of those goes. Lines
 * wait their turn in memory, and nothing waits for them; of too many, the newest are dropped and counted.
 */

import { appendFile, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { privateDirectoryMode, privateFileMode } from '../environment/private-files.ts';

export interface RotatingFileOptions {
  readonly path: string;
  /** Beyond it, the file is set aside. Default 8 MiB. */
  readonly sizeBytes?: number;
  /** How many are kept beside the current one, `path.1` the latest. Default 4. */
  readonly kept?: number;
  /** Hears that lines could not be written: how many, and why. */
  readonly onLost: (lines: number, why: unknown) => void;
}

export interface RotatingFile {
  /** Adds a line, which ends with a line break. */
  write(line: string): void;
  /** Writes what waits. Idempotent. */
  close(): Promise<void>;
}

/** Lines that wait at once. */
const waitingLimit = 10_000;

/** Opens the file, and makes its directory. Returns it with its last line, if it has one. */
export async function openRotatingFile(
  options: RotatingFileOptions,
): Promise<{ readonly file: RotatingFile; readonly lastLine: string | undefined }> {
  const { path, sizeBytes = 8 * 1_024 * 1_024, kept = 4, onLost } = options;
  await mkdir(dirname(path), { recursive: true, mode: privateDirectoryMode });
  const lastLine = (await lastLineOf(path)) ?? (await lastLineOf(`${path}.1`));
  let size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  // What a crash has cut short stays a line of its own.
  let waiting: string[] = (await isCutShort(path)) ? ['\n'] : [];
  let writing: Promise<void> | undefined;

  const setAside = async (): Promise<void> => {
    await rm(`${path}.${kept}`, { force: true });
    for (let number = kept - 1; number >= 1; number -= 1) {
      await rename(`${path}.${number}`, `${path}.${number + 1}`).catch(() => undefined);
    }
    if (kept > 0) await rename(path, `${path}.1`);
    else await rm(path);
    size = 0;
  };
  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      const lines = waiting;
      waiting = [];
      const text = lines.join('');
      try {
        if (size > 0 && size + Buffer.byteLength(text) > sizeBytes) await setAside();
        await appendFile(path, text, { mode: privateFileMode });
        size += Buffer.byteLength(text);
      } catch (error) {
        onLost(lines.length, error);
      }
    }
    writing = undefined;
  };
  return {
    lastLine,
    file: {
      write(line) {
        if (waiting.length >= waitingLimit) {
          onLost(1, `${waitingLimit} lines wait already`);
          return;
        }
        waiting.push(line);
        writing ??= drain();
      },
      close: async () => {
        await writing;
      },
    },
  };
}

const textOf = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');

const isCutShort = async (path: string): Promise<boolean> => /[^\n]$/.test(await textOf(path));

/** A line that a crash has cut short is none. */
async function lastLineOf(path: string): Promise<string | undefined> {
  const text = await textOf(path);
  return (
    text
      .slice(0, Math.max(0, text.lastIndexOf('\n')))
      .split('\n')
      .at(-1) || undefined
  );
}
