/** Whatever is durable is its owner's alone: every way in which this project makes a directory or a file. */

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSecretFile } from '../../src/bus/tcp/secret/file.ts';
import { claimDataDirectory } from '../../src/cli/up/data-directory.ts';
import { systemEnvironment } from '../../src/environment/environment.ts';
import { openFileJournal } from '../../src/journal/file-journal.ts';
import { holdToFounding } from '../../src/services/failover/group-file.ts';
import { openRotatingFile } from '../../src/services/rotating-file.ts';
import { a, entry } from './conformance.ts';

let parent = '';
beforeEach(() => {
  parent = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-private-'));
});
afterEach(() => {
  fs.rmSync(parent, { recursive: true, force: true });
});

const modeOf = (at: string): number => fs.statSync(at).mode & 0o777;

/** All below `directory`, itself included, by what others may do. */
function openToOthers(directory: string): readonly string[] {
  const all = fs.readdirSync(directory, { recursive: true, encoding: 'utf8' });
  expect(all.length).toBeGreaterThan(0);
  return ['', ...all].filter((name) => (modeOf(path.join(directory, name)) & 0o077) !== 0);
}

test('a journal and its snapshots', async () => {
  const directory = path.join(parent, 'new', 'n1');
  const journal = await openFileJournal({ directory, node: 'n1', ...systemEnvironment() });
  await new Promise<void>((resolve, reject) =>
    journal.append([entry(a, 'x')], (error) => (error === undefined ? resolve() : reject(error))),
  );
  const writer = journal.snapshots.createParts('kv/1-n1');
  await new Promise<void>((resolve) => writer.write(new Uint8Array(100_000), () => resolve()));
  await new Promise<void>((resolve) => writer.finish(() => resolve()));
  expect(fs.readdirSync(path.join(directory, 'snapshots')).length).toBeGreaterThan(0);
  expect(openToOthers(path.join(parent, 'new'))).toEqual([]);
  await journal.close();
});

test('a directory that was there, and was open to others', async () => {
  const directory = path.join(parent, 'there');
  fs.mkdirSync(directory, { mode: 0o755 });
  const journal = await openFileJournal({ directory, node: 'n1', ...systemEnvironment() });
  expect(modeOf(directory)).toBe(0o700);
  await journal.close();
});

test('the data of a cluster on one machine, and its secret', () => {
  const directory = path.join(parent, 'data');
  claimDataDirectory(directory, { cluster: 'quorate', nodes: ['n1'] });
  openSecretFile(path.join(directory, 'secret'));
  openSecretFile(path.join(directory, 'elsewhere', 'secret'));
  expect(openToOthers(directory)).toEqual([]);
});

test('what a manager of a failover group keeps', async () => {
  const directory = path.join(parent, 'm1');
  holdToFounding(directory, { group: 'orders', mode: 'durable', confirmations: 1, maxFlaps: 3 });
  const { file } = await openRotatingFile({ path: path.join(directory, 'audit', 'log'), onLost: () => undefined });
  file.write('line\n');
  await file.close();
  expect(openToOthers(directory)).toEqual([]);
});
