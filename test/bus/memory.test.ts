import { expect, test } from 'vitest';
import { createMemoryNetwork } from '../../src/bus/memory.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';
import { busConformance, numbered, record } from './conformance.ts';

busConformance('the network in memory', async ({ nodes, queueLimit = 10_000 }) => {
  const clock = createVirtualClock();
  const network = createMemoryNetwork({ clock, queueLimit });
  const buses = new Map(nodes.map((node) => [node, network.join(node)]));
  while (clock.runNext());
  const bus = (node: string) => {
    const found = buses.get(node);
    if (found === undefined) throw new Error(`no node ${node} in this test`);
    return found;
  };
  return {
    bus,
    async restart(node) {
      buses.set(node, network.join(node));
      return bus(node);
    },
    client: () => network.join('client-1', { kind: 'client' }),
    until: async (condition) => clock.runUntil(condition, 10_000),
    async close() {
      for (const node of nodes) await bus(node).close();
    },
  };
});

test('one turn of the queue delivers everything that was sent before it, and no more', () => {
  const clock = createVirtualClock();
  const network = createMemoryNetwork({ clock });
  const n1 = network.join('n1');
  const n2 = network.join('n2');
  while (clock.runNext());
  const { envelopes } = record(n2);
  n2.envelopes().subscribe((envelope) => {
    if (envelopes.length < 200) n1.send(envelope);
  });
  for (let number = 0; number < 100; number += 1) n1.send(numbered('n1', 'n2', number));
  expect(envelopes).toHaveLength(0);
  clock.runNext();
  expect(envelopes).toHaveLength(100);
  clock.runNext();
  expect(envelopes).toHaveLength(200);
  expect(clock.nowMs()).toBe(0);
});

test('what was on its way to a node that closed is lost and reported, also when it came back at once', async () => {
  const clock = createVirtualClock();
  const network = createMemoryNetwork({ clock });
  const sender = network.join('n1');
  const { losses, lost } = record(sender);
  const first = network.join('n2');
  sender.send(numbered('n1', 'n2', 1));
  await first.close();
  const successor = record(network.join('n2'));
  while (clock.runNext());
  expect(successor.envelopes).toEqual([]);
  expect(lost('n2', 'disconnected')).toBe(1);
  expect(losses.every(({ node }) => node === 'n2')).toBe(true);
});

test('a node id that is alive cannot join again', async () => {
  const network = createMemoryNetwork({ clock: createVirtualClock() });
  const first = network.join('n1');
  expect(() => network.join('n1')).toThrow(expect.objectContaining({ code: 'NODE_ID_TAKEN' }));
  await first.close();
  expect(network.nodes()).toEqual([]);
  expect(network.join('n1').node).toBe('n1');
});
