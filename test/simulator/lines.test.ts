import { describe, expect, test } from 'vitest';
import { seededIds } from '../../src/environment/ids.ts';
import { seededRandomness } from '../../src/environment/random.ts';
import { connectDatabase, createDatabaseServer, type DatabaseWitness } from '../../src/simulator/database.ts';
import { createSimulatedDisk } from '../../src/simulator/disk.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';

const silent: DatabaseWitness = {
  wrote: () => {},
  prepared: () => {},
  ended: () => {},
  gone: () => {},
  found: () => {},
  refusedLate: () => {},
  refused: () => {},
};

/** A machine's connection to a database over a line on which `cut` is lost, and what was sent over it. */
function connected(cut: 'request' | 'answer' | undefined) {
  const time = createVirtualClock();
  const random = seededRandomness(1).stream('lines');
  const server = createDatabaseServer({
    name: 'db',
    balances: new Map([['a', 10]]),
    ties: false,
    time,
    random,
    witness: silent,
    pace: 'steady',
  });
  const sent = { request: 0, answer: 0 };
  const line = {
    isCut: (way: 'request' | 'answer') => way === cut,
    sent(way: 'request' | 'answer') {
      sent[way] += 1;
    },
  };
  const client = { machine: 'n1', life: seededIds(random).next(), bornMs: 0 };
  const database = connectDatabase({ server, clock: time, time, random, client, line });
  const begun = database.begin({ manager: 'n1', transaction: 'tx-1', branch: 'b' }, { timeoutMs: 1_000 });
  return { time, begun, sent };
}

describe('the line between a machine and a database', () => {
  test('carries requests and answers, and counts them', async () => {
    const { time, begun, sent } = connected(undefined);
    time.advance(10);
    await expect(begun).resolves.toBeDefined();
    expect(sent).toEqual({ request: 1, answer: 1 });
  });

  test('loses what goes the way that is cut, of which none is told', async () => {
    for (const cut of ['request', 'answer'] as const) {
      const { time, begun, sent } = connected(cut);
      const outcome = begun.catch((error: unknown) => String(error));
      time.advance(2_000);
      expect(await outcome).toMatch(/1000 ms/);
      expect(sent).toEqual({ request: 1, answer: cut === 'answer' ? 1 : 0 });
    }
  });
});

test('a simulated disk tells of each write once it is durable', () => {
  const time = createVirtualClock();
  let flushed = 0;
  const disk = createSimulatedDisk(seededRandomness(1).stream('disk'), () => {
    flushed += 1;
  });
  const attached = disk.attach(time);
  attached.createSync('file', new Uint8Array(), 16);
  attached.write('file', 0, Uint8Array.of(1), () => {});
  expect(flushed).toBe(0);
  time.advance(5);
  expect(flushed).toBe(1);
  disk.setCondition({ latencyMs: { min: 1, max: 1 }, isStalled: false, refuses: 'full' });
  attached.write('file', 0, Uint8Array.of(2), () => {});
  time.advance(5);
  expect(flushed).toBe(1);
});
