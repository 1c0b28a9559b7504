import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { recordFigures } from '../../../src/cli/prove/figures.ts';

const small = { states: 1, transitions: 2, depth: 3 };
const large = { states: 10, transitions: 20, depth: 30 };
let directory: string;
let file: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quorate-figures-'));
  file = join(directory, 'figures.json');
});
afterEach(() => rm(directory, { recursive: true }));

const recorded = async (): Promise<unknown> => JSON.parse(await readFile(file, 'utf8'));

test('figures of one protocol leave those of the others', async () => {
  await recordFigures(file, { raft: { 'a system': small }, paxos: { 'a system': small } });
  await recordFigures(file, { paxos: { 'another system': large } });
  expect(await recorded()).toEqual({ raft: { 'a system': small }, paxos: { 'another system': large } });
});

test('a file that holds something else is left as it is', async () => {
  await writeFile(file, '{"raft": 1}');
  await expect(recordFigures(file, { paxos: {} })).rejects.toThrow(/figures into '.*'.*; name another file/);
  expect(await recorded()).toEqual({ raft: 1 });
});
