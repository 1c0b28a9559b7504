/**
 * Reads by a leader's lease, with clocks that drift: each of these schedules is the shortest way to a stale answer where one
 * rule of leases is broken, and must not lead to one where all hold.
 */

import { describe, expect, test } from 'vitest';
import { primaryBackup } from '../../../src/services/store/log/primary-backup.ts';
import { raft } from '../../../src/services/store/log/raft.ts';
import { LogTimingError } from '../../../src/services/store.ts';
import { fixed } from '../../../statecharts/actor.ts';
import { defineServer, type RaftRules, raftRules, type ServerContext } from '../../../statecharts/raft.ts';
import { type Cluster, createCluster } from './cluster.ts';
import {
  answerAfterACut,
  answerAfterARestart,
  answerAfterTheOther,
  type Clocks,
  ledByFirst,
  readsByLease,
} from './lease-reads.ts';

const first = 'n1/raft.server/kv';

interface Given extends Clocks {
  readonly broken?: Partial<RaftRules>;
  /** The nodes that were told of leases; all by default. */
  readonly granting?: readonly string[];
  /** How long each node is loyal, where that differs from 500 ms. */
  readonly loyalty?: Readonly<Record<string, number>>;
  /** How long each node waits for a leader, by its clock. */
  readonly patience?: Readonly<Record<string, number>>;
}

const secondFirst = { n1: 510, n2: 520, n3: 900 };

/** Three nodes, of which n1 leads; n2 stands first when it does not, unless told otherwise. The key x is `old`. */
function led({
  leaseDriftPpm = 1_000,
  rates = {},
  broken = {},
  granting = ['n1', 'n2', 'n3'],
  loyalty = {},
  patience = secondFirst,
}: Given = {}): Promise<Cluster> {
  const server = defineServer({ ...raftRules, ...broken });
  return ledByFirst({
    rates,
    log: (voters, id) =>
      raft({
        voters,
        server,
        timing: granting.includes(id) ? { leaseDriftPpm } : {},
        delays: { electionTimeout: fixed(patience[id] ?? 0), minElectionTimeout: fixed(loyalty[id] ?? 500) },
      }),
  });
}

readsByLease(led, createCluster);

/** Counts every answer as a grant, whatever it says. */
const countsAll: RaftRules['noteAppended'] = (context, answer) =>
  raftRules.noteAppended(context, { ...answer, grantsMs: 1_000 });

describe('no read by lease is stale', () => {
  test('where the other nodes wait for less, as while that is changed node by node', async () => {
    const brief = { loyalty: { n2: 200, n3: 200 }, patience: { n1: 510, n2: 220, n3: 300 } };
    expect(await answerAfterACut(await led(brief))).toBeUndefined();
    expect(await answerAfterACut(await led({ ...brief, broken: { noteAppended: countsAll } }))).toBe('old');
  });

  test('where a node that was told of none has crashed and started again, as while leases are switched on', async () => {
    const afterARestart = async (broken: Partial<RaftRules>): Promise<string | undefined> => {
      const granting = ['n1', 'n3'];
      const cluster = await led({ granting, broken, patience: { n1: 510, n2: 900, n3: 501 } });
      return answerAfterARestart(cluster);
    };
    expect(await afterARestart({})).toBeUndefined();
    expect(await afterARestart({ noteAppended: countsAll })).toBe('old');
  });

  test('where another leader was elected at the wish of this one, which was not heard of it', async () => {
    const afterAHandOver = async (broken: Partial<RaftRules>): Promise<string | undefined> => {
      const cluster = await led({ broken });
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
    const keepsIt: RaftRules['sendTimeoutNow'] = (context) => ({ ...raftRules.sendTimeoutNow(context), context: {} });
    expect(await afterAHandOver({ sendTimeoutNow: keepsIt })).toBe('old');
  });

  test('where a node that granted the lease has crashed and started again', async () => {
    const afterARestart = async (broken: Partial<RaftRules>): Promise<string | undefined> => {
      const cluster = await led({ broken, patience: { n1: 510, n2: 900, n3: 501 } });
      return answerAfterARestart(cluster);
    };
    expect(await afterARestart({})).toBeUndefined();
    expect(await afterARestart({ isBound: () => false })).toBe('old');
  });

  test.each([
    ['of no leases', [], undefined],
    ['of shorter ones', ['n2'], 10],
  ] as const)('where a node that granted the lease starts again, and is told %s', async (_, granting, loyalty) => {
    const afterARestart = async (broken: Partial<RaftRules>): Promise<string | undefined> => {
      const patience = { n1: 510, n2: 900, n3: 501 };
      const told = { granting: ['n1', 'n2', 'n3'], loyalty: {} as Record<string, number> };
      const cluster = await led({ broken, patience, ...told });
      return answerAfterARestart(cluster, () => {
        told.granting.splice(0, 3, 'n1', 'n3', ...granting);
        if (loyalty !== undefined) told.loyalty.n2 = loyalty;
      });
    };
    expect(await afterARestart({})).toBeUndefined();
    const forgets: RaftRules['begin'] = (context) => {
      const { context: patch, ...ruling } = raftRules.begin(context);
      return { ...ruling, context: { ...patch, grantedMs: 0, isBound: context.leaseMs !== null } };
    };
    expect(await afterARestart({ begin: forgets })).toBe('old');
  });
});

describe('leases', () => {
  test('are granted by so many as the status says', async () => {
    const grantors = (cluster: Cluster, id: string): unknown => cluster.member(id).store.status().details.leaseGrantors;
    const all = await led();
    await all.until(() => grantors(all, 'n1') === 2);
    expect(grantors(all, 'n2')).toBe(0);
    const alone = await led({ granting: ['n1'] });
    expect(grantors(alone, 'n1')).toBe(0);
    expect(grantors(alone, 'n2')).toBeUndefined();
  });

  test.each([-1, 100_001, Number.NaN])('are of clocks that drift within reason, and not by %d ppm', (leaseDriftPpm) => {
    expect(() => raft({ voters: ['n1'], timing: { leaseDriftPpm } })).toThrow(LogTimingError);
  });

  test('are refused where a protocol has none', () => {
    expect(() => primaryBackup({ voters: ['n1'], timing: { leaseDriftPpm: 1_000 } })).toThrow(LogTimingError);
  });
});
