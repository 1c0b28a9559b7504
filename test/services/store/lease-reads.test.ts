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
import { answerAfterTheOther, type Clocks, ledByFirst, readsByLease } from './lease-reads.ts';

const first = 'n1/raft.server/kv';

interface Given extends Clocks {
  readonly broken?: Partial<RaftRules>;
  /** How long each node waits for a leader, by its clock. */
  readonly patience?: Readonly<Record<string, number>>;
}

const secondFirst = { n1: 510, n2: 520, n3: 900 };

/** Three nodes, of which n1 leads; n2 stands first when it does not, unless told otherwise. The key x is `old`. */
function led({ leaseDriftPpm = 1_000, rates = {}, broken = {}, patience = secondFirst }: Given = {}): Promise<Cluster> {
  const server = defineServer({ ...raftRules, ...broken });
  return ledByFirst({
    rates,
    log: (voters, id) =>
      raft({
        voters,
        server,
        timing: { leaseDriftPpm },
        delays: { electionTimeout: fixed(patience[id] ?? 0), minElectionTimeout: fixed(500) },
      }),
  });
}

readsByLease(led, createCluster);

describe('no read by lease is stale', () => {
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
    expect(await afterARestart({ isBound: () => false })).toBe('old');
  });
});

describe('leases', () => {
  test.each([-1, 100_001, Number.NaN])('are of clocks that drift within reason, and not by %d ppm', (leaseDriftPpm) => {
    expect(() => raft({ voters: ['n1'], timing: { leaseDriftPpm } })).toThrow(LogTimingError);
  });

  test('are refused where a protocol has none', () => {
    expect(() => primaryBackup({ voters: ['n1'], timing: { leaseDriftPpm: 1_000 } })).toThrow(LogTimingError);
  });
});
