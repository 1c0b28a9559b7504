/**
 * Watching a node in the Stately Inspector. `serveInspector` serves a page and a WebSocket; `showNode` feeds any adapter
 * of `@statelyai/inspect`. A node that nobody watches does no work for it.
 *
 *     node dist/examples/inspector.js [--dashboard PORT]
 */

import {
  addressOf,
  createMemoryJournal,
  createMemoryNetwork,
  createNode,
  type Environment,
  systemEnvironment,
} from '../src/index.ts';
import { serveInspector } from '../src/inspector/server.ts';
import type { StatelyAdapter } from '../src/inspector.ts';
import { showNode } from '../src/inspector.ts';
import { askedPort, showing } from './dashboard.ts';
import { faultDetector } from './fault-detector.ts';

/** Two nodes to look at. With an `adapter` they are shown to it from their first moment on. */
export function startWatched(environment: Environment = systemEnvironment(), adapter?: StatelyAdapter) {
  const network = createMemoryNetwork(environment);
  const start = (id: string, peer: string) => {
    const node = createNode({
      id,
      bus: network.join(id),
      journal: createMemoryJournal({ node: id, ...environment }),
      environment,
      inspect: (node) => adapter && showNode(node, adapter),
    });
    node.start(faultDetector, { key: peer, input: { peer: addressOf(peer, faultDetector.name, id) } });
    return node;
  };
  return [start('n1', 'n2'), start('n2', 'n1')] as const;
}

if (process.argv[1] === import.meta.filename) {
  const nodes = startWatched();
  await showing(nodes, askedPort());
  for (const node of nodes) {
    const { url } = await serveInspector(node);
    console.log(`${node.id}: open ${url}; Ctrl-C ends it`);
  }
}
