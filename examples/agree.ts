/**
 * Agreement with one call: three nodes, each of which wants to run the migration. They agree on one of them, by Paxos, and
 * whoever asks later hears the same - also after all of them were stopped and started again.
 *
 *     npm run example:agree
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClusterSecret, type HostPort } from '../src/bus/tcp.ts';
import { agree, agreementDefinitions } from '../src/services/agreement.ts';
import { type RunningNode, startNode } from '../src/services/start-node.ts';

const ids = ['n1', 'n2', 'n3'];
const secret = createClusterSecret();

/** Starts the nodes over TCP, each with its data in `directory`, and tells them where the others listen. */
async function startAll(directory: string): Promise<readonly RunningNode[]> {
  const running = await Promise.all(
    ids.map((id) => startNode({ id, directory: join(directory, id), secret, definitions: agreementDefinitions })),
  );
  const places: [string, HostPort][] = running.map(({ node, bus }) => [node.id, bus.address()]);
  for (const { node, bus } of running) bus.setPeers(Object.fromEntries(places.filter(([id]) => id !== node.id)));
  return running;
}

/** All nodes propose themselves at once, stop, start again, and ask once more. */
export async function agreeOnOwner(print = console.log): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-agree-'));
  try {
    for (const wish of ['be it', 'be it after all']) {
      const running = await startAll(directory);
      const owners = await Promise.all(
        running.map(({ node }) => agree(node, { key: 'migration-7', value: node.id, acceptors: ids })),
      );
      for (const [index, owner] of owners.entries()) {
        print(`${ids[index]} wants to ${wish}, and hears that the migration is run by ${owner}`);
      }
      await Promise.all(running.map((it) => it.stop()));
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
}

if (process.argv[1] === import.meta.filename) await agreeOnOwner();
