/** What following changes keeps in memory, and listens to, over a store that always has one more to tell. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { systemEnvironment } from '../../../src/environment/environment.ts';
import { createWatching, updatesOf } from '../../../src/services/store/key-value/watching.ts';
import type { Executor } from '../../../src/services/store/requests/requester.ts';

/** Answers each question for changes with one value. */
const endless: Executor = {
  execute: () => Promise.reject(new Error('expected no command')),
  query: (question) => {
    const { after }: { after?: unknown } = Object(question);
    if (typeof after !== 'number') return Promise.resolve({ type: 'revision', revision: 0 });
    const change = { key: 'a', revision: after + 1, value: new Uint8Array(1) };
    return Promise.resolve({ type: 'changes', after: after + 1, changes: [change] });
  },
};

/** Collects what nothing holds. A weak reference holds its target for the rest of the turn in which it was made. */
async function collectGarbage(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new TypeError('expected a collector to call');
  collect();
}

test('a watch keeps nothing of what it has told', async () => {
  const { clock } = systemEnvironment();
  const told: WeakRef<object>[] = [];
  let held = Number.NaN;
  for await (const { changes } of updatesOf(
    createWatching(endless, clock),
    {},
    { signal: new AbortController().signal },
  )) {
    for (const change of changes) told.push(new WeakRef(change));
    if (told.length < 1_000) continue;
    await collectGarbage();
    held = told.filter((it) => it.deref() !== undefined).length;
    break;
  }
  expect(held).toBeLessThan(10);
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
    for await (const _update of updatesOf(createWatching(endless, clock), {}, { signal: counted })) break;
  }
  expect(listening).toBe(0);
});
