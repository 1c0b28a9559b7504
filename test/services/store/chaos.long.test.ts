/**
 * Clusters that lose links, leaders and whole nodes at random, while clients add to counters by compare-and-set. Each
 * acknowledged addition must be there once; each that did not happen must not; those of unknown outcome may be.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NotHappenedError, OutcomeUnknownError } from '../../../src/services/store/errors.ts';
import { paxos } from '../../../src/services/store/log/paxos.ts';
import { raft } from '../../../src/services/store/log/raft.ts';
import { createCluster } from './cluster.ts';

const text = (value: Uint8Array | undefined): string => (value === undefined ? '' : new TextDecoder().decode(value));

type Fault =
  | { readonly type: 'crash'; readonly node: number }
  | { readonly type: 'isolate'; readonly node: number }
  | { readonly type: 'cut'; readonly from: number; readonly to: number }
  | { readonly type: 'heal' };

const place = fc.nat({ max: 2 });
const faults: fc.Arbitrary<Fault> = fc.oneof(
  place.map((node): Fault => ({ type: 'crash', node })),
  place.map((node): Fault => ({ type: 'isolate', node })),
  fc.tuple(place, place).map(([from, to]): Fault => ({ type: 'cut', from, to })),
  fc.constant<Fault>({ type: 'heal' }),
);
const steps = fc.array(fc.record({ fault: faults, forMs: fc.integer({ min: 1, max: 2_500 }) }), {
  minLength: 2,
  maxLength: 6,
});

const nodes = ['n1', 'n2', 'n3'] as const;

const limits = { compactBeyondBytes: 3_000, retainBytes: 200 };
const logs = {
  Raft: (voters: readonly string[]) => raft({ voters, limits }),
  'Multi-Paxos': (voters: readonly string[]) => paxos({ voters, limits }),
};

test.each(Object.entries(logs))(
  'acknowledged writes are there once, and linearizable reads never go back, by %s',
  { timeout: 600_000 },
  async (_, log) => {
    const totals = { acknowledged: 0, unknown: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 10_000 }), steps, async (seed, plan) => {
        const cluster = createCluster({
          seed,
          log,
        });
        cluster.elect();
        const acknowledged: string[] = [];
        const unknown: string[] = [];
        const refused: string[] = [];
        let latestVersion = 0;
        const failures: unknown[] = [];
        let isOver = false;
        let running = 0;
        let names = 0;

        const pause = (ms: number): Promise<void> =>
          new Promise((resolve) => void cluster.clock.setTimeout(resolve, ms));
        /** Appends a name of its own to a list, again and again, by way of compare-and-set. */
        const work = async (client: ReturnType<typeof cluster.client>): Promise<void> => {
          running += 1;
          while (!isOver) {
            await pause(20);
            names += 1;
            const name = `w${names}`;
            try {
              const acknowledgedVersion = latestVersion;
              const present = await client.get('list', { deadlineMs: 1_000 });
              expect(present?.version ?? 0).toBeGreaterThanOrEqual(acknowledgedVersion);
              await pause(20);
              const value = new TextEncoder().encode(`${text(present?.value)} ${name}`);
              const swap = await client.compareAndSet('list', present?.version, value, { deadlineMs: 400 });
              (swap.swapped ? acknowledged : refused).push(name);
              if (swap.swapped) latestVersion = Math.max(latestVersion, swap.version);
            } catch (error) {
              if (error instanceof OutcomeUnknownError) unknown.push(name);
              else if (error instanceof NotHappenedError) refused.push(name);
              else failures.push(error);
            }
          }
          running -= 1;
        };
        const clients = [cluster.client(), cluster.client({ reaches: ['n2'] })];
        for (const client of clients) void work(client);

        for (const { fault, forMs } of plan) {
          const living = cluster.members().map(({ id }) => id);
          if (fault.type === 'heal') cluster.heal();
          else if (fault.type === 'cut') cluster.cut(nodes[fault.from] ?? '', nodes[fault.to] ?? '');
          else if (fault.type === 'isolate') cluster.isolate(nodes[fault.node] ?? '');
          else if (living.length === 3) cluster.crash(nodes[fault.node] ?? '');
          else for (const id of nodes) if (!living.includes(id)) cluster.restart(id);
          const untilMs = cluster.clock.nowMs() + forMs;
          await cluster.until(() => cluster.clock.nowMs() >= untilMs);
        }
        cluster.heal();
        for (const id of nodes) if (!cluster.members().some((member) => member.id === id)) cluster.restart(id);
        isOver = true;
        await cluster.until(() => running === 0);
        cluster.elect();

        const final = await cluster.value(cluster.leader().keys.get('list', { deadlineMs: 20_000 }));
        const written = text(final?.value)
          .split(' ')
          .filter((name) => name !== '');
        expect(new Set(written).size).toBe(written.length);
        for (const name of acknowledged) expect(written).toContain(name);
        for (const name of refused) expect(written).not.toContain(name);
        for (const name of written) expect([...acknowledged, ...unknown]).toContain(name);
        const { revision } = cluster.leader().store.status();
        await cluster.until(() => cluster.members().every(({ store }) => store.status().revision === revision));
        for (const { keys } of cluster.members()) {
          const answer = await cluster.value(keys.get('list', { consistency: 'stale' }));
          expect(text(answer?.value)).toBe(text(final?.value));
        }
        expect(acknowledged.length + unknown.length + refused.length).toBe(names);
        expect(failures).toEqual([]);
        totals.acknowledged += acknowledged.length;
        totals.unknown += unknown.length;
        totals.refused += refused.length;
      }),
      { numRuns: 20, seed: 20_260_101 },
    );
    // The faults must have been felt, and the clusters must have done something all the same.
    expect(totals.acknowledged).toBeGreaterThan(500);
    expect(totals.unknown).toBeGreaterThan(0);
    expect(totals.refused).toBeGreaterThan(0);
  },
);
