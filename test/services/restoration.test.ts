/** What the journal of a restored node says of its cluster. */

import { expect, test } from 'vitest';
import { systemEnvironment } from '../../src/environment/environment.ts';
import { openFileJournal } from '../../src/journal/file-journal.ts';
import { createMemoryStorage } from '../../src/journal/memory.ts';
import { clusterOf, OtherClusterError, recordRestoration, restoredIn } from '../../src/services/restoration.ts';
import { startNode } from '../../src/services/start-node.ts';
import { at, temporaryDirectory } from './kv-nodes.ts';

const { clock, ids } = systemEnvironment();
const restored = { cluster: 'new', from: 'old', index: 7, revision: 5 };

test('it is kept, and gives the cluster its name', async () => {
  const storage = createMemoryStorage({ node: 'n1', clock, ids });
  const journal = storage.open();
  expect(clusterOf(restoredIn(journal), undefined)).toBe('quorate');
  expect(clusterOf(restoredIn(journal), 'another')).toBe('another');
  await recordRestoration(journal, restored);
  await journal.close();
  const found = restoredIn(storage.open());
  expect(found).toEqual(restored);
  expect([clusterOf(found, undefined), clusterOf(found, 'new')]).toEqual(['new', 'new']);
  for (const wanted of ['old', 'another', 'quorate']) {
    expect(() => clusterOf(found, wanted)).toThrow(OtherClusterError);
  }
});

test('a node is of the cluster that its directory was restored for, and of no other', async () => {
  const directory = temporaryDirectory();
  const journal = await openFileJournal({ directory, node: 'n1', clock, ids });
  await recordRestoration(journal, restored);
  await journal.close();
  const options = { id: 'n1', directory, listen: at(0) };
  await expect(startNode({ ...options, cluster: 'old' })).rejects.toThrow(OtherClusterError);
  const running = await startNode(options);
  expect(running).toMatchObject({ cluster: 'new', restoration: restored });
  await running.stop();
});
