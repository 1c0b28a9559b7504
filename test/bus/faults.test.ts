import { Subject } from 'rxjs';
import { expect, test } from 'vitest';
import type { Envelope } from '../../src/bus/bus.ts';
import {
  delaying,
  dropping,
  duplicating,
  type Fault,
  partitioned,
  reordering,
  withFaults,
} from '../../src/bus/faults.ts';
import { createMemoryNetwork } from '../../src/bus/memory.ts';
import { systemClock } from '../../src/environment/clock.ts';
import { seededRandomness } from '../../src/environment/random.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';
import { busConformance, numbered, record } from './conformance.ts';
import { startTcpCluster } from './tcp-cluster.ts';

const random = (seed = 1) => seededRandomness(seed).stream('network');
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** What comes out, as numbers, when envelopes 0, 1, 2, ... go into a fault. */
function through(fault: Fault) {
  const source = new Subject<Envelope>();
  const numbers: number[] = [];
  let completed = false;
  const subscription = source.pipe(fault).subscribe({
    next: ({ message }) => 'number' in message && typeof message.number === 'number' && numbers.push(message.number),
    complete: () => {
      completed = true;
    },
  });
  return {
    source,
    numbers,
    subscription,
    completed: () => completed,
    put: (number: number, from = 'n1', to = 'n2') => source.next(numbered(from, to, number)),
  };
}

const nothing = { minMs: 0, maxMs: 0 };
busConformance('a bus with faults that never happen', async ({ nodes, queueLimit = 10_000 }) => {
  const clock = createVirtualClock();
  const network = createMemoryNetwork({ clock, queueLimit });
  const join = (node: string) =>
    withFaults(network.join(node), {
      outgoing: (source) => source.pipe(dropping(0, random()), duplicating(0, random())),
      incoming: (source) =>
        source.pipe(
          partitioned(() => false),
          reordering(0, nothing, clock, random()),
        ),
    });
  const buses = new Map(nodes.map((node) => [node, join(node)]));
  while (clock.runNext());
  const bus = (node: string) => buses.get(node) ?? network.join(node);
  return {
    bus,
    async restart(node) {
      buses.set(node, join(node));
      return bus(node);
    },
    client: () => withFaults(network.join('client-1', { kind: 'client' }), {}),
    until: async (condition) => clock.runUntil(condition, 10_000),
    async close() {
      for (const it of buses.values()) await it.close();
    },
  };
});

test('dropping loses about as many as its probability says, and never or always at its ends', () => {
  const { put, numbers } = through(dropping(0.3, random()));
  for (const number of upTo(10_000)) put(number);
  expect(numbers.length).toBeGreaterThan(6_700);
  expect(numbers.length).toBeLessThan(7_300);
  const never = through(dropping(0, random()));
  const always = through(dropping(1, random()));
  for (const number of upTo(100)) {
    never.put(number);
    always.put(number);
  }
  expect(never.numbers).toEqual(upTo(100));
  expect(always.numbers).toEqual([]);
});

test('duplicating repeats an envelope right behind itself', () => {
  const { put, numbers } = through(duplicating(1, random()));
  for (const number of upTo(3)) put(number);
  expect(numbers).toEqual([0, 0, 1, 1, 2, 2]);
});

test('partitioned cuts one way or both, as long as it is asked to', () => {
  const cut = new Set(['n1 n2']);
  const { put, numbers } = through(partitioned((from, to) => cut.has(`${from} ${to}`)));
  put(1, 'n1', 'n2');
  put(2, 'n2', 'n1');
  put(3, 'n1', 'n3');
  cut.clear();
  put(4, 'n1', 'n2');
  expect(numbers).toEqual([2, 3, 4]);
});

test('delaying holds each envelope within its range and lets nobody overtake between two nodes', () => {
  const clock = createVirtualClock();
  const { put, numbers, source, completed } = through(delaying({ minMs: 10, maxMs: 50 }, clock, random()));
  for (const number of upTo(100)) put(number);
  clock.advance(9);
  expect(numbers).toEqual([]);
  source.complete();
  expect(completed()).toBe(false);
  clock.advance(41);
  expect(numbers).toEqual(upTo(100));
  expect(completed()).toBe(true);
});

test('delaying keeps the order even on a clock whose timers fire out of turn', () => {
  const due: (() => void)[] = [];
  const clock = { ...createVirtualClock(), setTimeout: (run: () => void) => due.push(run) };
  const { put, numbers } = through(delaying({ minMs: 0, maxMs: 10 }, clock, random()));
  for (const number of upTo(5)) put(number);
  for (const run of due.reverse()) run();
  expect(numbers).toEqual(upTo(5));
});

test('delaying does not make one pair of nodes wait for another', () => {
  const clock = createVirtualClock();
  const draws = [1, 0];
  const { put, numbers } = through(delaying({ minMs: 0, maxMs: 100 }, clock, { next: () => draws.shift() ?? 0 }));
  put(1, 'n1', 'n2');
  put(2, 'n1', 'n3');
  clock.advance(0);
  expect(numbers).toEqual([2]);
  clock.advance(100);
  expect(numbers).toEqual([2, 1]);
});

test('reordering lets others pass, and loses nothing', () => {
  const clock = createVirtualClock();
  const { put, numbers } = through(reordering(0.5, { minMs: 1, maxMs: 5 }, clock, random()));
  for (const number of upTo(100)) put(number);
  clock.advance(5);
  expect(numbers).not.toEqual(upTo(100));
  expect([...numbers].sort((a, b) => a - b)).toEqual(upTo(100));
});

test('what a fault holds is gone when nobody wants it any more', () => {
  const clock = createVirtualClock();
  const { put, numbers, subscription } = through(delaying({ minMs: 10, maxMs: 10 }, clock, random()));
  put(1);
  subscription.unsubscribe();
  expect(clock.nextAtMs()).toBeUndefined();
  clock.advance(100);
  expect(numbers).toEqual([]);
});

test('the same seed gives the same faults', () => {
  const run = (seed: number): number[] => {
    const clock = createVirtualClock();
    const { put, numbers } = through((source) =>
      source.pipe(
        dropping(0.2, random(seed)),
        duplicating(0.2, random(seed)),
        reordering(0.5, { minMs: 0, maxMs: 9 }, clock, random(seed)),
      ),
    );
    for (const number of upTo(200)) put(number);
    clock.advance(10);
    return numbers;
  };
  expect(run(7)).toEqual(run(7));
  expect(run(7)).not.toEqual(run(8));
});

test('faults on the way in happen once, however many listen', () => {
  const clock = createVirtualClock();
  const network = createMemoryNetwork({ clock });
  const sender = network.join('n1');
  const bus = withFaults(network.join('n2'), { incoming: dropping(0.5, random()) });
  const whole = record(bus);
  const addressed = record(bus, 'n2/receiver/');
  for (const number of upTo(100)) sender.send(numbered('n1', 'n2', number));
  while (clock.runNext());
  expect(whole.envelopes.length).toBeGreaterThan(0);
  expect(whole.envelopes.length).toBeLessThan(100);
  expect(addressed.envelopes).toEqual(whole.envelopes);
});

test('a real cluster can be shaken too, and says about too large an envelope what it says without faults', async () => {
  const cluster = await startTcpCluster(['n1', 'n2'], () => ({ limits: { frameLimitBytes: 10_000 } }));
  try {
    const cut = new Set<string>();
    const shaken = withFaults(cluster.bus('n1'), {
      outgoing: (source) =>
        source.pipe(
          partitioned((_, to) => cut.has(to)),
          duplicating(1, random()),
        ),
    });
    const receiver = record(cluster.bus('n2'));
    shaken.send(numbered('n1', 'n2', 1));
    cut.add('n2');
    shaken.send(numbered('n1', 'n2', 2));
    cut.clear();
    shaken.send(numbered('n1', 'n2', 3));
    await cluster.until(() => receiver.envelopes.length === 4);
    expect(receiver.numbersFrom('n1')).toEqual([1, 1, 3, 3]);
    const large: Envelope = {
      ...numbered('n1', 'n2', 4),
      message: Object.assign({ type: 'large' }, { bytes: new Uint8Array(20_000) }),
    };
    expect(() => shaken.send(large)).toThrow(expect.objectContaining({ code: 'ENVELOPE_TOO_LARGE' }));
    const clock = systemClock();
    const slow = withFaults(cluster.bus('n1'), { outgoing: delaying({ minMs: 1, maxMs: 1 }, clock, random()) });
    const { losses } = record(slow);
    slow.send(large);
    await cluster.until(() => losses.length > 0);
    expect(losses).toEqual([{ node: 'n2', reason: 'dropped', count: 1 }]);
  } finally {
    await cluster.close();
  }
});
