/** `GET /backup`: one at a time, as of one moment, and over when its reader is gone. */

import { expect, onTestFinished, test } from 'vitest';
import { systemEnvironment } from '../../../src/environment/environment.ts';
import { framesIn } from '../../../src/services/backup/format.ts';
import { createKeyValueMachine } from '../../../src/services/store/key-value/machine.ts';
import { keyValueStore } from '../../../src/services/store/key-value/store.ts';
import { createSessionedMachine } from '../../../src/services/store/sessions/machine.ts';
import { until } from '../../fixtures/until.ts';
import { startHttpNode } from './http-node.ts';

const value = new Uint8Array(500_000).fill(7);

async function startWith(values: number) {
  const served = await startHttpNode();
  onTestFinished(() => served.stop());
  const kv = keyValueStore(served.store, systemEnvironment().clock);
  for (let index = 0; index < values; index += 1) await kv.put(`key/${index}`, value);
  return { ...served, kv };
}

async function* bytesOf({ body }: Response): AsyncGenerator<Uint8Array> {
  if (body !== null) yield* body;
}

test('what is written while it is read is not in it', async () => {
  const { url, kv, store } = await startWith(20);
  const before = store.status();
  const response = await fetch(`${url}/backup`);
  for (let index = 0; index < 20; index += 1) await kv.put(`key/${index}`, Uint8Array.of(1));
  const machine = createKeyValueMachine();
  const sessioned = createSessionedMachine(machine);
  const restoring = sessioned.restoring();
  for await (const frame of framesIn(bytesOf(response))) {
    if (frame.type === 'part') restoring.take(frame.part);
    else
      expect(frame.head).toMatchObject({ cluster: 'quorate', node: 'n1', protocol: 'raft', revision: before.revision });
  }
  restoring.finish();
  expect([sessioned.revision, machine.sizeBytes]).toEqual([before.revision, before.stateBytes]);
});

test('while one is read there is no other; when its reader is gone there is', async () => {
  // More than sockets hold, so that the first one is not at its end, and less than makes the log ask for a snapshot.
  const { url } = await startWith(31);
  const ending = new AbortController();
  const first = await fetch(`${url}/backup`, { signal: ending.signal });
  const second = await fetch(`${url}/backup`);
  expect([first.status, second.status, await second.json()]).toMatchObject([200, 503, { code: 'BACKUP_BUSY' }]);
  ending.abort();
  await until('room for another', async () => {
    const third = await fetch(`${url}/backup`);
    if (third.ok) for await (const _ of framesIn(bytesOf(third)));
    else await third.arrayBuffer();
    return third.ok;
  });
});
