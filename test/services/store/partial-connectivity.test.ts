/**
 * Partial connectivity, as Ng, Haridi & Carbone 2023 (Omni-Paxos, §2) describe it: no node is down, and yet not all see each
 * other. A log that is kept by Multi-Paxos goes on in all three scenarios within a stated number of election rounds.
 */

import { describe, expect, test } from 'vitest';
import { paxosDelays } from '../../../statecharts/paxos.ts';
import type { Limits } from '../../../statecharts/replication/limits.ts';
import { type Cluster, createCluster } from './cluster.ts';

const electionRoundMs = paxosDelays.electionRound.maxMs;
const value = (text: string): Uint8Array => new TextEncoder().encode(text);

function startCluster(nodes: readonly string[], seed = 1, logLimits: Partial<Limits> = {}): Cluster {
  const cluster = createCluster({ nodes, seed, protocol: 'paxos', logLimits });
  cluster.elect();
  return cluster;
}

function cutBoth(cluster: Cluster, one: string, other: string): void {
  cluster.cut(one, other);
  cluster.cut(other, one);
}

/** Cuts all links but those of `centre`. */
function makeStar(cluster: Cluster, nodes: readonly string[], centre: string): void {
  for (const one of nodes) {
    for (const other of nodes) if (one < other && one !== centre && other !== centre) cutBoth(cluster, one, other);
  }
}

const leaders = (cluster: Cluster): readonly string[] =>
  cluster.members().flatMap(({ id, store }) => (store.status().role === 'leader' ? [id] : []));

/** How long it takes until `id` leads, in election rounds. */
async function roundsUntilLeads(cluster: Cluster, id: string): Promise<number> {
  const sinceMs = cluster.clock.nowMs();
  await cluster.until(() => leaders(cluster).join() === id);
  return (cluster.clock.nowMs() - sinceMs) / electionRoundMs;
}

const five = ['n1', 'n2', 'n3', 'n4', 'n5'] as const;

describe('the log goes on', () => {
  test.each([1, 2, 3])(
    'within four rounds when the leader has lost its quorum, and sees one that has one (seed %i)',
    async (seed) => {
      const cluster = startCluster(five, seed);
      const leader = cluster.leader().id;
      const centre = five.find((id) => id !== leader) ?? 'n1';
      makeStar(cluster, five, centre);
      expect(await roundsUntilLeads(cluster, centre)).toBeLessThan(4);
      await cluster.value(cluster.member(centre).keys.put('k', value('after')));
    },
  );

  test.each<[string, Partial<Limits>]>([
    ['', {}],
    [', and what it lacks is compacted', { compactBeyondBytes: 400, retainBytes: 0 }],
  ])(
    'within four rounds when the only one that sees a quorum has an old log (constrained election)%s',
    async (_, limits) => {
      const cluster = startCluster(five, 1, limits);
      const leader = cluster.leader().id;
      const centre = five.find((id) => id !== leader) ?? 'n1';
      cluster.isolate(centre);
      for (let count = 0; count < 20; count += 1)
        await cluster.value(cluster.member(leader).keys.put(`k${count}`, value('x')));
      const lastIndex = cluster.member(leader).store.status().commitIndex;
      expect(cluster.member(centre).store.status().commitIndex).toBeLessThan(lastIndex);
      cluster.heal();
      makeStar(cluster, five, centre);
      cutBoth(cluster, leader, centre);
      expect(await roundsUntilLeads(cluster, centre)).toBeLessThan(4);
      expect(cluster.member(centre).store.status().commitIndex).toBeGreaterThanOrEqual(lastIndex);
      expect(await cluster.value(cluster.member(centre).keys.get('k19'))).toMatchObject({ value: value('x') });
      const { names } = cluster.member(centre).node.journal.snapshots;
      expect(names().some((name) => !name.endsWith(`-${centre}`))).toBe('retainBytes' in limits);
    },
  );

  test('within four rounds when leadership is handed over to one that sees the leader alone', async () => {
    const cluster = startCluster(five);
    const leader = cluster.leader();
    const end = five.find((id) => id !== leader.id) ?? 'n1';
    for (const id of five) if (id !== end && id !== leader.id) cutBoth(cluster, end, id);
    const sinceMs = cluster.clock.nowMs();
    expect(await cluster.failure(leader.store.handOver(end))).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    await cluster.value(leader.keys.put('k', value('after'), { deadlineMs: 20_000 }));
    expect((cluster.clock.nowMs() - sinceMs) / electionRoundMs).toBeLessThan(4);
  });

  test('without another leader when the ends of a chain do not see each other', async () => {
    const nodes = ['n1', 'n2', 'n3'];
    const cluster = startCluster(nodes);
    const leader = cluster.leader();
    const round = leader.store.status().details.round;
    const end = nodes.find((id) => id !== leader.id) ?? 'n1';
    cutBoth(cluster, leader.id, end);
    cluster.clock.advance(20 * electionRoundMs);
    expect(leaders(cluster)).toEqual([leader.id]);
    expect(leader.store.status().details.round).toBe(round);
    await cluster.value(leader.keys.put('k', value('after')));
    cluster.heal();
    await cluster.until(() => cluster.member(end).store.status().leader === leader.id);
  });

  test.each(['is heard and hears nobody', 'hears and is not heard'])(
    'within three rounds when the leader %s, and without another leader afterwards',
    async (how) => {
      const cluster = startCluster(five);
      const last = cluster.leader().id;
      const others = five.filter((id) => id !== last);
      for (const other of others) {
        if (how === 'hears and is not heard') cluster.cut(last, other);
        else cluster.cut(other, last);
      }
      const sinceMs = cluster.clock.nowMs();
      await cluster.until(() => leaders(cluster).some((id) => id !== last));
      expect((cluster.clock.nowMs() - sinceMs) / electionRoundMs).toBeLessThan(3);
      cluster.clock.advance(20 * electionRoundMs);
      const next = cluster.leader();
      const { round } = next.store.status().details;
      await cluster.value(next.keys.put('k', value('after')));
      cluster.heal();
      cluster.clock.advance(5 * electionRoundMs);
      expect(next.store.status()).toMatchObject({ role: 'leader', details: { round } });
    },
  );

  test.each(['hears nobody', 'is not heard'])('without another leader when a follower %s', (how) => {
    const cluster = startCluster(five);
    const leader = cluster.leader();
    const { round } = leader.store.status().details;
    const odd = five.find((id) => id !== leader.id) ?? 'n1';
    for (const other of five) {
      if (other === odd) continue;
      if (how === 'hears nobody') cluster.cut(other, odd);
      else cluster.cut(odd, other);
    }
    cluster.clock.advance(20 * electionRoundMs);
    cluster.heal();
    cluster.clock.advance(5 * electionRoundMs);
    expect(leader.store.status()).toMatchObject({ role: 'leader', details: { round } });
  });

  test('within three rounds when the leader crashes', async () => {
    const cluster = startCluster(five);
    const last = cluster.leader().id;
    const sinceMs = cluster.clock.nowMs();
    cluster.crash(last);
    await cluster.until(() => leaders(cluster).length === 1);
    expect((cluster.clock.nowMs() - sinceMs) / electionRoundMs).toBeLessThan(3);
  });
});
