import { expect, test } from 'vitest';
import { createLinkFaults } from '../../src/bus/link-faults.ts';
import { createMemoryNetwork } from '../../src/bus/memory.ts';
import { seededRandomness } from '../../src/environment/random.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';
import { busConformance, numbered } from './conformance.ts';

const random = () => seededRandomness(1).stream('network');

busConformance('a bus with links that may become faulty', async ({ nodes, queueLimit = 10_000 }) => {
  const clock = createVirtualClock();
  const network = createMemoryNetwork({ clock, queueLimit });
  const join = (node: string) => createLinkFaults({ clock, random: random() }).on(network.join(node));
  const buses = new Map(nodes.map((node) => [node, join(node)]));
  while (clock.runNext());
  const bus = (node: string) => buses.get(node) ?? network.join(node);
  return {
    bus,
    async restart(node) {
      buses.set(node, join(node));
      return bus(node);
    },
    client: () => network.join('client-1', { kind: 'client' }),
    until: async (condition) => clock.runUntil(condition, 10_000),
    async close() {
      for (const it of buses.values()) await it.close();
    },
  };
});

/** Node n1, whose links may become faulty, and what n2 and n3 hear. */
function linked() {
  const clock = createVirtualClock();
  const network = createMemoryNetwork({ clock });
  const links = createLinkFaults({ clock, random: random() });
  const bus = links.on(network.join('n1'));
  const heard: string[] = [];
  for (const node of ['n2', 'n3']) {
    network
      .join(node)
      .envelopes()
      .subscribe(({ message }) => {
        if ('number' in message) heard.push(`${node} ${message.number}`);
      });
  }
  const lost: unknown[] = [];
  links.lost.subscribe(({ message }) => lost.push('number' in message && message.number));
  clock.advance(0);
  const send = (node: string, number: number): void => bus.send(numbered('n1', node, number));
  return { clock, links, heard, lost, send };
}

test('a link that is cut loses what is sent over it, and says so, until it is healed', () => {
  const { clock, links, heard, lost, send } = linked();
  links.set('n2', { lossProbability: 1 });
  send('n2', 1);
  send('n3', 2);
  links.heal();
  send('n2', 3);
  clock.advance(0);
  expect(heard).toEqual(['n3 2', 'n2 3']);
  expect(lost).toEqual([1]);
});

test('a link that is slow holds each envelope up, in order, and other links none', () => {
  const { clock, links, heard, send } = linked();
  links.set('n2', { delayMs: 100 });
  send('n2', 1);
  send('n2', 2);
  send('n3', 3);
  clock.advance(99);
  expect(heard).toEqual(['n3 3']);
  clock.advance(1);
  expect(heard).toEqual(['n3 3', 'n2 1', 'n2 2']);
});

test('another fault takes the place of the one before', () => {
  const { clock, links, heard, send } = linked();
  links.set('n2', { lossProbability: 1 });
  links.set('n2', { delayMs: 10 });
  send('n2', 1);
  clock.advance(10);
  expect(heard).toEqual(['n2 1']);
});

test('what could never be carried is lost on a faulty link, and harms nothing else', () => {
  const { clock, links, heard, lost, send } = linked();
  const refusing = createLinkFaults({ clock, random: random() });
  refusing.lost.subscribe(() => lost.push('refused'));
  const bus = refusing.on({
    ...createMemoryNetwork({ clock }).join('n9'),
    send() {
      throw new RangeError('too large');
    },
  });
  refusing.set('n2', { delayMs: 1 });
  bus.send(numbered('n9', 'n2', 1));
  links.set('n2', { delayMs: 2 });
  send('n2', 5);
  clock.advance(2);
  expect(lost).toEqual(['refused']);
  expect(heard).toEqual(['n2 5']);
});
