/** Actors in an app: two nodes in one process, each of which watches the other with `fault-detector.ts`. */

import { waitFor } from 'xstate';
import {
  addressOf,
  createMemoryJournal,
  createMemoryNetwork,
  createNode,
  type Environment,
  systemEnvironment,
} from '../src/index.ts';
import { faultDetector } from './fault-detector.ts';

/** Starts n1 and n2, stops n2, and tells what n1 makes of it. */
export async function watchEachOther(environment: Environment = systemEnvironment(), print = console.log) {
  const network = createMemoryNetwork(environment);
  const start = (id: string, peer: string) => {
    const journal = createMemoryJournal({ node: id, ...environment });
    const node = createNode({ id, bus: network.join(id), journal, environment });
    const input = { peer: addressOf(peer, faultDetector.name, id) };
    return { node, detector: node.start(faultDetector, { key: peer, input }) };
  };
  const n1 = start('n1', 'n2');
  const n2 = start('n2', 'n1');

  // What an actor delivers is emitted by its handle; the roles that it plays are tags of the handle's snapshots.
  n1.detector.on('suspected', ({ peer }) => print(`n1 suspects ${peer}`));
  n1.detector.on('trusted', ({ peer }) => print(`n1 trusts ${peer} again`));

  await n2.node.stop();
  await waitFor(n1.detector, (snapshot) => snapshot.hasTag('suspecting'));
  const again = start('n2', 'n1');
  await waitFor(n1.detector, (snapshot) => snapshot.hasTag('trusting'));
  await Promise.all([n1.node.stop(), again.node.stop()]);
}

if (process.argv[1] === import.meta.filename) await watchEachOther();
