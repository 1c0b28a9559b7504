/**
 * Large values on clusters that lose links, leaders and nodes at random, while several put and read them: each that is read is one
 * that was put, and whole; the history is linearizable; and once it is calm no part stays that no manifest has.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkHistory, createHistoryRecorder, modelNamed, readHistory } from '../../../src/history.ts';
import { NotHappenedError, OutcomeUnknownError } from '../../../src/services/store/errors.ts';
import { largeValues } from '../../../src/services/store/large-values/large-values.ts';
import type { LogProtocolName } from '../../../src/services/store/log/protocol-names.ts';
import { type Cluster, createCluster } from './cluster.ts';

const nodes = ['n1', 'n2', 'n3'] as const;
const ttlMs = 1_500;
const partBytes = 8;
const names = ['a', 'b'];

type Fault = { readonly type: 'crash' | 'isolate' | 'restart' | 'heal'; readonly node: number; readonly forMs: number };
const faults: fc.Arbitrary<readonly Fault[]> = fc.array(
  fc.record({
    type: fc.constantFrom('crash', 'isolate', 'restart', 'heal'),
    node: fc.nat({ max: 4 }),
    forMs: fc.integer({ min: 100, max: 2_500 }),
  }),
  { minLength: 3, maxLength: 6 },
);

/** Nodes are lost, and so are two of the clients. */
function strike(cluster: Cluster, { type, node }: Fault): void {
  const id = nodes[node];
  const living = cluster.members().map((member) => member.id);
  if (type === 'heal') cluster.heal();
  else if (type === 'isolate') cluster.isolate(id ?? `client-${node - 2}`);
  else if (type === 'crash' && id !== undefined && living.length === 3) cluster.crash(id);
  else if (type === 'restart') restart(cluster);
}

function restart(cluster: Cluster): void {
  for (const id of nodes) if (!cluster.members().some((member) => member.id === id)) cluster.restart(id);
}

const bytesOf = (write: number): Uint8Array => Buffer.from(`w${write};`.repeat((write % 9) + 1));
/** The write that a value is of. */
function writeIn(value: Uint8Array): number {
  const text = Buffer.from(value).toString();
  const write = Number(/^w(\d+);/.exec(text)?.[1]);
  expect(text).toBe(Buffer.from(bytesOf(write)).toString());
  return write;
}

const protocols: readonly LogProtocolName[] = ['raft', 'paxos'];

test.each(protocols)('large values are whole and linearizable, by %s', { timeout: 600_000 }, async (protocol) => {
  const totals = { put: 0, unknown: 0, failed: 0, read: 0 };
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 10_000 }), faults, async (seed, plan) => {
      const cluster = createCluster({ seed, protocol });
      cluster.elect();
      const { clock } = cluster;
      const recorder = createHistoryRecorder({ clock });
      const failures: unknown[] = [];
      let [writes, running, isOver] = [0, 0, false];
      const work = async (process: number): Promise<void> => {
        running += 1;
        const files = largeValues(cluster.client(), { prefix: 'files/', partBytes, ttlMs, clock });
        for (let turn = process; !isOver; turn += 1) {
          await new Promise<void>((resolve) => void clock.setTimeout(resolve, 30));
          const key = names[turn % names.length] ?? '';
          const isPut = process < 2 || turn % 5 === 0;
          writes += 1;
          const write = writes;
          const call = recorder.invoke(process, isPut ? { f: 'put', key, value: write } : { f: 'get', key });
          try {
            if (isPut) {
              await files.put(key, bytesOf(write), { deadlineMs: 400 });
              totals.put += 1;
              call.ok();
            } else {
              const found = await files.get(key, { deadlineMs: 400 });
              totals.read += 1;
              call.ok(found === undefined ? null : writeIn(found.value));
            }
          } catch (error) {
            if (error instanceof OutcomeUnknownError) {
              totals.unknown += 1;
              call.info();
            } else {
              if (!(error instanceof NotHappenedError)) failures.push(error);
              totals.failed += 1;
              call.fail();
            }
          }
        }
        running -= 1;
      };
      for (let process = 0; process < 4; process += 1) void work(process);
      for (const fault of plan) {
        strike(cluster, fault);
        const untilMs = clock.nowMs() + fault.forMs;
        await cluster.until(() => clock.nowMs() >= untilMs);
      }
      cluster.heal();
      restart(cluster);
      isOver = true;
      await cluster.until(() => running === 0);
      expect(failures).toEqual([]);

      const model = modelNamed('kv');
      const { verdict } = checkHistory(readHistory(recorder.lines(), model), model, { clock, budgetMs: 60_000 });
      expect(verdict).toBe('linearizable');

      cluster.elect();
      const calmMs = clock.nowMs() + 3 * ttlMs;
      await cluster.until(() => clock.nowMs() >= calmMs);
      const store = cluster.client();
      const files = largeValues(store, { prefix: 'files/', partBytes, ttlMs, clock });
      await cluster.value(files.removeAbandoned({ deadlineMs: 20_000 }));
      let keys = 0;
      for (const name of names) {
        const found = await cluster.value(files.get(name, { deadlineMs: 20_000 }));
        if (found === undefined) continue;
        writeIn(found.value);
        keys += 1 + Math.ceil(found.value.length / partBytes);
      }
      expect(await cluster.value(store.count({ prefix: 'files/' }))).toMatchObject({ count: keys });
    }),
    { numRuns: 12, seed: 20_261_128 },
  );
  // The faults must have been felt, and much have been done all the same.
  expect(totals.put).toBeGreaterThan(50);
  expect(totals.read).toBeGreaterThan(50);
  expect(totals.failed).toBeGreaterThan(0);
});
