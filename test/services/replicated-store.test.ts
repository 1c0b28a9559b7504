import { expect, test } from 'vitest';
import { createCluster } from './cluster.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined): string => new TextDecoder().decode(value);

test('a single node stores, reads, and deletes', async () => {
  const cluster = createCluster({ nodes: ['n1'] });
  const { keys } = cluster.member('n1');
  const { version } = await cluster.value(keys.put('greeting', bytes('hello')));
  const read = await cluster.value(keys.get('greeting'));
  expect(text(read?.value)).toBe('hello');
  expect(read?.version).toBe(version);
  expect(await cluster.value(keys.delete('greeting'))).toEqual({ version });
  expect(await cluster.value(keys.get('greeting'))).toBeUndefined();
});

test('every node of three takes writes and linearizable reads', async () => {
  const cluster = createCluster();
  cluster.elect();
  for (const { id, keys } of cluster.members()) await cluster.value(keys.put(id, bytes(`from ${id}`)));
  for (const { keys } of cluster.members()) {
    for (const { id } of cluster.members()) {
      expect(text((await cluster.value(keys.get(id)))?.value)).toBe(`from ${id}`);
    }
  }
});
