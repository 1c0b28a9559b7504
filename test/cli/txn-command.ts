/** `quorate txn` in this process: what it said, and its exit code. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Ended, quorate } from './commands.ts';

/** A directory that is gone after the test. */
export const temporary = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-txn-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
};

/** Runs the command in this process. */
export const txn = (...args: string[]): Promise<Ended> => quorate('txn', ...args);

/** Writes the configuration of node n1. @returns its path */
export const configure = (directory: string, config: object): string => {
  const file = join(directory, 'txn.json');
  writeFileSync(file, JSON.stringify({ node: 'n1', ...config }));
  return file;
};
