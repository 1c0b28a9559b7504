import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { countTogether, increment } from '../../examples/replicated-store.ts';
import { keyValueStore, OutcomeUnknownError, UnavailableError } from '../../src/services/store.ts';
import { freePorts } from '../fixtures/ports.ts';

test('nodes and a client count together, and go on counting after a restart of all', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-example-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const lines: string[] = [];
  const run = async (): Promise<void> => {
    const [n1 = 0, n2 = 0, n3 = 0] = await freePorts(3);
    await countTogether({ n1, n2, n3 }, directory, (line: string) => lines.push(line));
  };
  await run();
  await run();
  expect(lines).toEqual([
    'n1 counts 1',
    'n2 counts 2',
    'n3 counts 3',
    'a client counts 4',
    'n1 counts 5',
    'n2 counts 6',
    'n3 counts 7',
    'a client counts 8',
  ]);
});

test('the counter says what is known when a request fails', async () => {
  const failing = (error: Error) =>
    keyValueStore({ execute: () => Promise.reject(error), query: () => Promise.resolve(null) });
  expect(await increment(failing(new UnavailableError('no leader')), 'visits')).toBe('not now');
  expect(await increment(failing(new OutcomeUnknownError('no answer')), 'visits')).toBe('nobody knows');
  await expect(increment(failing(new TypeError('a bug')), 'visits')).rejects.toThrow('a bug');
});
