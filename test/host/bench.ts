/** What host tests stand on: nodes on one virtual clock and one network in memory, and bare peers that talk to them. */

import { createMemoryNetwork } from '../../src/bus/memory.ts';
import { seededIds } from '../../src/environment/ids.ts';
import { seededRandomness } from '../../src/environment/random.ts';
import { createNode, type NodeOptions } from '../../src/host/node.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';
import type { Address, Tagged } from '../../statecharts/actor.ts';
import { createManualJournal } from './manual-journal.ts';

/** Nodes on one virtual clock and one network in memory. */
export function bench() {
  const clock = createVirtualClock();
  const network = createMemoryNetwork({ clock });
  const randomness = seededRandomness(1);
  const environment = { clock, randomness, ids: seededIds(randomness.stream('ids')) };
  return {
    clock,
    network,
    settle: () => clock.advance(0),
    /** A node that runs `test.counter`, and what its bus peer `peer` hears. */
    node(id: string, { bus = network.join(id), ...options }: Partial<NodeOptions> = {}) {
      const journal = createManualJournal(id);
      const node = createNode({ id, bus, journal, environment, development: true, ...options });
      return { node, journal };
    },
    /** A bare end of the bus that collects what it is sent. */
    peer(id: string) {
      const bus = network.join(id);
      const heard: Tagged[] = [];
      bus.envelopes().subscribe(({ message }) => heard.push(message));
      const from: Address = `${id}/test.peer/`;
      return { heard, bus, say: (to: Address, message: Tagged) => bus.send({ from, to, message }) };
    },
  };
}

/** What a handle hears its actor deliver, from now on. */
export const outputsOf = (handle: { on(type: '*', handler: (output: Tagged) => void): unknown }): Tagged[] => {
  const outputs: Tagged[] = [];
  handle.on('*', (output) => outputs.push(output));
  return outputs;
};

/** Where the counter of `n1` lives. */
export const address: Address = 'n1/test.counter/';
export const add = (amount: number): Tagged => ({ type: 'add', ...{ amount } });
