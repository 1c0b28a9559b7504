/** `quorate txn` in this process: what it said, and its exit code. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import pc from 'picocolors';
import { onTestFinished } from 'vitest';
import { txnCommand } from '../../src/cli/txn.ts';

/** A directory that is gone after the test. */
export const temporary = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-txn-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
};

export interface Said {
  readonly out: string;
  readonly err: string;
  readonly code: unknown;
}

/** Runs the command in this process. */
export async function txn(...args: string[]): Promise<Said> {
  const said = { out: '', err: '' };
  const colours = pc.createColors(false);
  const terminal = {
    out(text: string) {
      said.out += `${text}\n`;
    },
    err(text: string) {
      said.err += `${text}\n`;
    },
    outColours: colours,
    errColours: colours,
  };
  await new Command().addCommand(txnCommand(terminal)).parseAsync(['txn', ...args], { from: 'user' });
  const code = process.exitCode;
  process.exitCode = undefined;
  return { ...said, code };
}

/** Writes the configuration of node n1. @returns its path */
export const configure = (directory: string, config: object): string => {
  const file = join(directory, 'txn.json');
  writeFileSync(file, JSON.stringify({ node: 'n1', ...config }));
  return file;
};
