/**
 * Reads by the lease of a leader of Multi-Paxos, with clocks that drift: each of these schedules is the shortest way to a
 * stale answer where one rule of leases is broken, and must not lead to one where all hold.
 */

import { describe, expect, test } from 'vitest';
import { paxos } from '../../../src/services/store/log/paxos.ts';
import { fixed } from '../../../statecharts/actor.ts';
import type { ServerContext } from '../../../statecharts/paxos/log/context.ts';
import { type PaxosRules, paxosRules } from '../../../statecharts/paxos/log/rules.ts';
import { definePaxosServer } from '../../../statecharts/paxos/server.ts';
import { type Cluster, createCluster } from './cluster.ts';

const first = 'n1/paxos.server/kv';
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const byLease = { consistency: 'lease', deadlineMs: 60 } as const;

interface Given {
  readonly leaseDriftPpm?: number;
  readonly rates?: Readonly<Record<string, number>>;
  readonly broken?: Partial<PaxosRules>;
  /** The nodes that were told of leases; all by default. */
  readonly granting?: readonly string[];
  /** How long each node waits for a leader, by its clock. */
  readonly patience?: Readonly<Record<string, number>>;
}

/** Shorter than a grant, so that no more than that keeps n2 from standing. */
const secondFirst = { n1: 510, n2: 260, n3: 300 };

/** Three nodes, of which n1 leads; n2 stands first when it does not, unless told otherwise. The key x is `old`. */
async function ledByFirst({
  leaseDriftPpm = 1_000,
  rates = {},
  broken = {},
  granting = ['n1', 'n2', 'n3'],
  patience = secondFirst,
}: Given): Promise<Cluster> {
  const server = definePaxosServer({ ...paxosRules, ...broken });
  const cluster = createCluster({
    rates,
    log: (voters, id) =>
      paxos({
        voters,
        server,
        timing: granting.includes(id) ? { leaseDriftPpm } : {},
        delays: { electionRound: fixed(patience[id] ?? 0), leaseGrant: fixed(500) },
      }),
  });
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
async function answerAfterTheOther(cluster: Cluster): Promise<string | undefined> {
  await cluster.until(() => cluster.members().some(({ id, store }) => id !== 'n1' && store.status().role === 'leader'));
  const other = cluster.members().find(({ id, store }) => id !== 'n1' && store.status().role === 'leader');
  if (other === undefined) throw new Error('no other node leads');
  await cluster.value(other.keys.put('x', encoder.encode('new')));
  const read = await cluster.settled(cluster.member('n1').keys.get('x', byLease));
  return read.status === 'rejected' || read.value === undefined ? undefined : decoder.decode(read.value.value);
}

describe('a read by lease', () => {
  test('is answered without the other nodes, as long as the lease lasts', async () => {
    const cluster = await ledByFirst({});
    cluster.isolate('n1');
    const found = await cluster.value(cluster.member('n1').keys.get('x', byLease));
    expect(decoder.decode(found?.value)).toBe('old');
    const linearizable = cluster.member('n1').keys.get('x', { deadlineMs: 60 });
    expect(await cluster.failure(linearizable)).toMatchObject({ code: 'UNAVAILABLE' });
  });

  test('asks the other nodes where there are no leases, or none is held', async () => {
    const cluster = createCluster();
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
  /** The clock of the leader is too slow, and those of the others too fast. */
  const apart = (drift: number) => ({ n1: 1 - drift, n2: 1 + drift, n3: 1 + drift });
  const afterACut = async (given: Given): Promise<string | undefined> => {
    const cluster = await ledByFirst(given);
    cluster.isolate('n1');
    return answerAfterTheOther(cluster);
  };

  test('where clocks drift as far as the bound', async () => {
    expect(await afterACut({ leaseDriftPpm: 100_000, rates: apart(0.1) })).toBeUndefined();
    expect(await afterACut({ leaseDriftPpm: 50_000, rates: apart(0.05) })).toBeUndefined();
    expect(await afterACut({ leaseDriftPpm: 0, rates: apart(0) })).toBeUndefined();
  });

  test('but where they drift further, which no rule can help', async () => {
    expect(await afterACut({ leaseDriftPpm: 0, rates: apart(0.1) })).toBe('old');
  });

  test('where the other nodes were not told of leases, as while those are switched on node by node', async () => {
    const granting = ['n1'];
    expect(await afterACut({ granting })).toBeUndefined();
    const countsAll: PaxosRules['noteAccepted'] = (context, answer) =>
      paxosRules.noteAccepted(context, { ...answer, grantsMs: 1_000 });
    expect(await afterACut({ granting, broken: { noteAccepted: countsAll } })).toBe('old');
  });

  test('where another leader was elected at the wish of this one, which was not heard of it', async () => {
    const afterAHandOver = async (broken: Partial<PaxosRules>): Promise<string | undefined> => {
      const cluster = await ledByFirst({ broken });
      const handedOver = cluster.member('n1').store.handOver('n2', { deadlineMs: 100 });
      const handsOver = (): boolean => {
        const context: ServerContext | undefined = cluster.member('n1').node.peek(first)?.state.snapshot.context;
        return context?.handOver != null;
      };
      await cluster.until(handsOver);
      for (const other of ['n2', 'n3']) cluster.cut(other, 'n1');
      const answer = await answerAfterTheOther(cluster);
      await cluster.settled(handedOver);
      return answer;
    };
    expect(await afterAHandOver({})).toBeUndefined();
    const keepsIt: PaxosRules['sendStandNow'] = (context) => ({ ...paxosRules.sendStandNow(context), context: {} });
    expect(await afterAHandOver({ sendStandNow: keepsIt })).toBe('old');
  });

  test('where a node that granted the lease has crashed and started again', async () => {
    const afterARestart = async (broken: Partial<PaxosRules>): Promise<string | undefined> => {
      const cluster = await ledByFirst({ broken, patience: { n1: 510, n2: 900, n3: 501 } });
      // For so long that n3 is loyal no more, while n2 is.
      cluster.isolate('n3');
      cluster.clock.advance(850);
      await cluster.value(cluster.member('n1').keys.get('x'));
      cluster.heal();
      cluster.isolate('n1');
      cluster.crash('n2');
      cluster.restart('n2');
      return answerAfterTheOther(cluster);
    };
    expect(await afterARestart({})).toBeUndefined();
    const forgets: PaxosRules['begin'] = (context) => {
      const { context: patch, ...ruling } = paxosRules.begin(context);
      return { ...ruling, context: { ...patch, isBound: false } };
    };
    expect(await afterARestart({ begin: forgets })).toBe('old');
  });
});
