/** Reads by the lease of a leader, as they are tried over each log that has leases. */

import { describe, expect, test } from 'vitest';
import { type Cluster, createCluster } from './cluster.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
export const byLease = { consistency: 'lease', deadlineMs: 60 } as const;

/** What differs from a cluster whose clocks keep the bound. */
export interface Clocks {
  readonly leaseDriftPpm?: number;
  readonly rates?: Readonly<Record<string, number>>;
}

/** A cluster of three nodes, of which n1 leads. The key x is `old`. */
export async function ledByFirst(options: Parameters<typeof createCluster>[0]): Promise<Cluster> {
  const cluster = createCluster(options);
  cluster.elect();
  if (cluster.leader().id !== 'n1') {
    await cluster.value(cluster.leader().store.handOver('n1'));
    cluster.elect();
  }
  await cluster.value(cluster.member('n1').keys.put('x', encoder.encode('old')));
  await cluster.value(cluster.member('n1').keys.get('x'));
  return cluster;
}

/** What n1 answers by its lease once another leader has acknowledged that x is `new`; undefined where it does not. */
export async function answerAfterTheOther(cluster: Cluster): Promise<string | undefined> {
  await cluster.until(() => cluster.members().some(({ id, store }) => id !== 'n1' && store.status().role === 'leader'));
  const other = cluster.members().find(({ id, store }) => id !== 'n1' && store.status().role === 'leader');
  if (other === undefined) throw new Error('no other node leads');
  await cluster.value(other.keys.put('x', encoder.encode('new')));
  const read = await cluster.settled(cluster.member('n1').keys.get('x', byLease));
  return read.status === 'rejected' || read.value === undefined ? undefined : decoder.decode(read.value.value);
}

/**
 * What n1 answers by its lease once n2 alone has answered it, has crashed and started again, and n3 has stood: n3 waits for
 * about 500 ms, and n2 for longer.
 *
 * @param beforeTheStart what is told n2 otherwise then
 */
export async function answerAfterARestart(
  cluster: Cluster,
  beforeTheStart = (): void => {},
): Promise<string | undefined> {
  // For so long that n3 is loyal no more, while n2 is.
  cluster.isolate('n3');
  cluster.clock.advance(850);
  await cluster.value(cluster.member('n1').keys.get('x'));
  cluster.heal();
  cluster.isolate('n1');
  cluster.crash('n2');
  beforeTheStart();
  cluster.restart('n2');
  return answerAfterTheOther(cluster);
}

/** As `answerAfterTheOther`, of a leader that is cut off. */
export async function answerAfterACut(cluster: Cluster): Promise<string | undefined> {
  cluster.isolate('n1');
  return answerAfterTheOther(cluster);
}

/** The clock of the leader is too slow, and those of the others too fast. */
const apart = (drift: number) => ({ n1: 1 - drift, n2: 1 + drift, n3: 1 + drift });

/** @param led makes a cluster whose leader n1 has a lease @param unleased makes one without leases */
export function readsByLease(led: (clocks: Clocks) => Promise<Cluster>, unleased: () => Cluster): void {
  describe('a read by lease', () => {
    test('is answered without the other nodes, as long as the lease lasts', async () => {
      const cluster = await led({});
      cluster.isolate('n1');
      const found = await cluster.value(cluster.member('n1').keys.get('x', byLease));
      expect(decoder.decode(found?.value)).toBe('old');
      const linearizable = cluster.member('n1').keys.get('x', { deadlineMs: 60 });
      expect(await cluster.failure(linearizable)).toMatchObject({ code: 'UNAVAILABLE' });
    });

    test('asks the other nodes where there are no leases, or none is held', async () => {
      const cluster = unleased();
      cluster.elect();
      await cluster.value(cluster.leader().keys.put('x', encoder.encode('old')));
      expect(await cluster.value(cluster.follower().keys.get('x', byLease))).toBeDefined();
      cluster.isolate(cluster.leader().id);
      const [cut] = cluster.members().filter(({ store }) => store.status().role === 'leader');
      const read = cut?.keys.get('x', byLease) ?? Promise.resolve();
      expect(await cluster.failure(read)).toMatchObject({ code: 'UNAVAILABLE' });
    });
  });

  describe('no read by lease is stale', () => {
    const afterACut = async (clocks: Clocks) => answerAfterACut(await led(clocks));

    test('where clocks drift as far as the bound', async () => {
      expect(await afterACut({ leaseDriftPpm: 100_000, rates: apart(0.1) })).toBeUndefined();
      expect(await afterACut({ leaseDriftPpm: 50_000, rates: apart(0.05) })).toBeUndefined();
      expect(await afterACut({ leaseDriftPpm: 0, rates: apart(0) })).toBeUndefined();
    });

    test('but where they drift further, which no rule can help', async () => {
      expect(await afterACut({ leaseDriftPpm: 0, rates: apart(0.1) })).toBe('old');
    });
  });
}
