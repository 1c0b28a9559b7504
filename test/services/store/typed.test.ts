import { expect, test } from 'vitest';
import { MalformedValueError } from '../../../src/services/store/errors.ts';
import { jsonCodec, textCodec, typedStore } from '../../../src/services/store/key-value/typed.ts';
import { createCluster } from './cluster.ts';

const numberIn = (value: unknown): number => {
  if (typeof value === 'number') return value;
  throw new TypeError('expected a number');
};

test('values are of one type, as text or as JSON, and others are refused by name', async () => {
  const cluster = createCluster();
  cluster.elect();
  const { keys } = cluster.leader();
  const texts = typedStore(keys, textCodec);
  const numbers = typedStore(keys, jsonCodec(numberIn));

  const { version } = await cluster.value(numbers.put('n/1', 7));
  expect(await cluster.value(numbers.get('n/1'))).toEqual({ value: 7, version });
  expect(await cluster.value(texts.get('n/1'))).toEqual({ value: '7', version });
  expect(await cluster.value(numbers.compareAndSet('n/1', version, 8))).toMatchObject({ swapped: true });
  expect(await cluster.value(numbers.get('absent'))).toBeUndefined();

  await cluster.value(texts.put('n/2', 'seven'));
  await cluster.value(keys.put('n/3', new Uint8Array([0xff])));
  for (const get of [numbers.get('n/2'), numbers.get('n/3'), texts.get('n/3')]) {
    expect(await cluster.failure(get)).toBeInstanceOf(MalformedValueError);
  }
  const listed = (async () => {
    const all: unknown[] = [];
    for await (const { key, value } of texts.entries({ prefix: 'n/', to: 'n/3' })) all.push([key, value]);
    return all;
  })();
  expect(await cluster.value(listed)).toEqual([
    ['n/1', '8'],
    ['n/2', 'seven'],
  ]);
  const functions = typedStore(
    keys,
    jsonCodec((value) => value),
  );
  expect(await cluster.failure(functions.put('f', () => 1))).toBeInstanceOf(MalformedValueError);
});
