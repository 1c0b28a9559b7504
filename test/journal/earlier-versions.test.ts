/**
 * Data directories that earlier versions wrote, kept as they were: three nodes of a store with snapshots, sessions and
 * idempotency keys, and transactions over two embedded stores on the first of them. From `0.1.0+lives` on also the lives of
 * nodes, places of directories, snapshots in files, and entries that carry the time of the log; from `0.1.0+sessions` on also
 * sessions under ids that no client can guess.
 */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { createMemoryNetwork, createNode, systemEnvironment } from '../../src/index.ts';
import { openFileJournal } from '../../src/journal/file-journal.ts';
import { openEmbeddedStore } from '../../src/resources.ts';
import { createWitness } from '../../src/services/lives/witness.ts';
import { createDurablePeerMemory } from '../../src/services/peer-journals.ts';
import { beginLifeIn } from '../../src/services/start-node.ts';
import { createKeyValueMachine, keyValueStore, raft, startReplicatedStore } from '../../src/services/store.ts';
import { createTransactionManager } from '../../src/services/transactions.ts';

const fixtures = path.join(import.meta.dirname, '../fixtures/journals');
const voters = ['n1', 'n2', 'n3'];

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** Unpacks what was kept of one version and state. */
function unpacked(version: string, state: string): string {
  const root = mkdtempSync(path.join(tmpdir(), 'quorate-earlier-'));
  directories.push(root);
  for (const node of voters) {
    const from = path.join(fixtures, version, state, node);
    for (const file of readdirSync(from, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.gz')) continue;
      const to = path.join(root, node, file.replace(/\.gz$/, ''));
      mkdirSync(path.dirname(to), { recursive: true });
      writeFileSync(to, gunzipSync(readFileSync(path.join(from, file))));
    }
  }
  return root;
}

async function opened(root: string) {
  const environment = systemEnvironment();
  const network = createMemoryNetwork(environment);
  return Promise.all(
    voters.map(async (id) => {
      const journal = await openFileJournal({ directory: path.join(root, id), node: id, ...environment });
      const peers = voters.filter((it) => it !== id);
      const isPeer = (it: string) => peers.includes(it);
      const life = beginLifeIn(path.join(root, id), { journal, isPeer, ...environment });
      createDurablePeerMemory(journal);
      const { clock } = environment;
      const witness = createWitness({ ...life, bus: network.join(id), clock, peers: () => peers });
      const store = (name: string) => openEmbeddedStore({ journal, clock: environment.clock, name });
      const resources = { checking: store('checking'), savings: store('savings') };
      const node = createNode({ id, bus: witness.bus, journal, environment, resources });
      const kv = startReplicatedStore({ node, machine: createKeyValueMachine(), log: raft({ voters }), environment });
      return { node, kv, standing: witness.standing, lives: life.memory.claim().lives };
    }),
  );
}

describe.each(readdirSync(fixtures))('a data directory that version %s wrote', (version) => {
  test.each(readdirSync(path.join(fixtures, version)))(
    'opens with all its data, after its node had %s',
    async (state) => {
      const nodes = await opened(unpacked(version, state));
      const [first] = nodes;
      if (first === undefined) throw new Error('expected three nodes');
      const text = async (key: string) => {
        const found = await keyValueStore(first.kv).get(key);
        return found && new TextDecoder().decode(found.value).trim();
      };
      expect(await text('last')).toBe('after the snapshot');
      expect(await text('key-00')).toBe('value 160');
      expect(await text('key-39')).toBe('value 199');
      expect(await text('key-03')).toBeUndefined();

      // It was unpacked from an archive, so it is a copy of what it was; all three are, and know each other.
      const lived = version === '0.1.0' ? [1] : [1, 2];
      for (const { lives, standing } of nodes) {
        expect(lives.map(({ number }) => number)).toEqual(lived);
        expect(standing.now).toEqual({ isSuspended: false, refusedBy: {}, awaiting: [] });
      }

      const manager = await createTransactionManager({ node: first.node });
      const { value } = await manager.transact(async ({ checking, savings }) => {
        const balances = [await checking.get('alice'), await savings.get('alice')];
        await savings.put('seen', true);
        return balances;
      });
      expect(value).toEqual([-200, 200]);
      manager.close();
      await Promise.all(nodes.map(({ node }) => node.stop()));
    },
  );
});
