/** What following changes keeps in memory, and listens to, over a store that always has one more to tell. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { systemEnvironment } from '../../../src/environment/environment.ts';
import { updatesOf } from '../../../src/services/store/key-value/watching.ts';
import type { Executor } from '../../../src/services/store/requests/requester.ts';

const kibibyte = 1_024;

/** Answers each question for changes with one value of so many bytes. */
const endless = (valueBytes: number): Executor => ({
  execute: () => Promise.reject(new Error('expected no command')),
  query: (question) => {
    const { after }: { after?: unknown } = Object(question);
    if (typeof after !== 'number') return Promise.resolve({ type: 'revision', revision: 0 });
    const change = { key: 'a', revision: after + 1, value: new Uint8Array(valueBytes) };
    return Promise.resolve({ type: 'changes', after: after + 1, changes: [change] });
  },
});

/** Bytes of values that something still holds. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new TypeError('expected a collector to call');
  collect();
  return process.memoryUsage().arrayBuffers;
}

test('a watch keeps nothing of what it has told', async () => {
  const { clock } = systemEnvironment();
  const before = heldBytes();
  let told = 0;
  for await (const { revision } of updatesOf(
    endless(64 * kibibyte),
    clock,
    {},
    { signal: new AbortController().signal },
  )) {
    told = revision;
    if (told === 1_000) expect(heldBytes() - before).toBeLessThan(16 * kibibyte * kibibyte);
    if (told === 1_000) break;
  }
  expect(told).toBe(1_000);
});

test('a watch that is over listens to its signal no more', async () => {
  const { clock } = systemEnvironment();
  const ending = new AbortController();
  const { signal } = ending;
  let listening = 0;
  const counted: AbortSignal = Object.create(signal, {
    aborted: { get: () => signal.aborted },
    addEventListener: {
      value: () => {
        listening += 1;
      },
    },
    removeEventListener: {
      value: () => {
        listening -= 1;
      },
    },
  });
  for (let watch = 0; watch < 20; watch += 1) {
    for await (const _update of updatesOf(endless(1), clock, {}, { signal: counted })) break;
  }
  expect(listening).toBe(0);
});
