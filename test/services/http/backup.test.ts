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

test('while the state is copied there is no other backup; once that is over, or its reader is gone, there is', async () => {
  const { url, store } = await startWith(10);
  const copy = store.copy();
  const refused = await fetch(`${url}/backup`);
  expect([refused.status, await refused.json()]).toMatchObject([503, { code: 'BACKUP_BUSY' }]);
  expect(store.copy()).toBeUndefined();
  copy?.release();

  const ending = new AbortController();
  expect((await fetch(`${url}/backup`, { signal: ending.signal })).status).toBe(200);
  ending.abort();
  await until('room for another', async () => {
    const next = await fetch(`${url}/backup`);
    if (next.ok) for await (const _ of framesIn(bytesOf(next)));
    else await next.arrayBuffer();
    return next.ok;
  });
});
