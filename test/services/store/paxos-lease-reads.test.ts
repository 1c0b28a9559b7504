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
import {
  answerAfterACut,
  answerAfterARestart,
  answerAfterTheOther,
  type Clocks,
  ledByFirst,
  readsByLease,
} from './lease-reads.ts';

const first = 'n1/paxos.server/kv';

interface Given extends Clocks {
  readonly broken?: Partial<PaxosRules>;
  /** The nodes that were told of leases; all by default. */
  readonly granting?: readonly string[];
  /** How long each node promises nothing to others, where that differs from 500 ms. */
  readonly loyalty?: Readonly<Record<string, number>>;
  /** How long each node waits for a leader, by its clock. */
  readonly patience?: Readonly<Record<string, number>>;
}

/** Shorter than a grant, so that no more than that keeps n2 from standing. */
const secondFirst = { n1: 510, n2: 260, n3: 300 };

/** Three nodes, of which n1 leads; n2 stands first when it does not, unless told otherwise. The key x is `old`. */
function led({
  leaseDriftPpm = 1_000,
  rates = {},
  broken = {},
  granting = ['n1', 'n2', 'n3'],
  loyalty = {},
  patience = secondFirst,
}: Given = {}): Promise<Cluster> {
  const server = definePaxosServer({ ...paxosRules, ...broken });
  return ledByFirst({
    rates,
    log: (voters, id) =>
      paxos({
        voters,
        server,
        timing: granting.includes(id) ? { leaseDriftPpm } : {},
        delays: { electionRound: fixed(patience[id] ?? 0), leaseGrant: fixed(loyalty[id] ?? 500) },
      }),
  });
}

readsByLease(led, () => createCluster({ log: (voters) => paxos({ voters }) }));

describe('no read by lease is stale', () => {
  const afterACut = async (given: Given) => answerAfterACut(await led(given));

  test('where the other nodes were not told of leases, as while those are switched on node by node', async () => {
    const granting = ['n1'];
    expect(await afterACut({ granting })).toBeUndefined();
    const countsAll: PaxosRules['noteAccepted'] = (context, answer) =>
      paxosRules.noteAccepted(context, { ...answer, grantsMs: 1_000 });
    expect(await afterACut({ granting, broken: { noteAccepted: countsAll } })).toBe('old');
  });

  test('where another leader was elected at the wish of this one, which was not heard of it', async () => {
    const afterAHandOver = async (broken: Partial<PaxosRules>): Promise<string | undefined> => {
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
    const keepsIt: PaxosRules['sendStandNow'] = (context) => ({ ...paxosRules.sendStandNow(context), context: {} });
    expect(await afterAHandOver({ sendStandNow: keepsIt })).toBe('old');
  });

  test('where a node that granted the lease has crashed and started again', async () => {
    const afterARestart = async (broken: Partial<PaxosRules>): Promise<string | undefined> => {
      const cluster = await led({ broken, patience: { n1: 510, n2: 900, n3: 501 } });
      return answerAfterARestart(cluster);
    };
    expect(await afterARestart({})).toBeUndefined();
    const forgets: PaxosRules['begin'] = (context) => {
      const { context: patch, ...ruling } = paxosRules.begin(context);
      return { ...ruling, context: { ...patch, isBound: false } };
    };
    expect(await afterARestart({ begin: forgets })).toBe('old');
  });

  test.each([
    ['of no leases', [], undefined],
    ['of shorter ones', ['n2'], 10],
  ] as const)('where a node that granted the lease starts again, and is told %s', async (_, granting, loyalty) => {
    const afterARestart = async (broken: Partial<PaxosRules>): Promise<string | undefined> => {
      const patience = { n1: 510, n2: 900, n3: 501 };
      const told = { granting: ['n1', 'n2', 'n3'], loyalty: {} as Record<string, number> };
      const cluster = await led({ broken, patience, ...told });
      return answerAfterARestart(cluster, () => {
        told.granting.splice(0, 3, 'n1', 'n3', ...granting);
        if (loyalty !== undefined) told.loyalty.n2 = loyalty;
      });
    };
    expect(await afterARestart({})).toBeUndefined();
    const forgets: PaxosRules['begin'] = (context) => {
      const { context: patch, ...ruling } = paxosRules.begin(context);
      return { ...ruling, context: { ...patch, grantedMs: 0, isBound: context.leaseMs !== null } };
    };
    expect(await afterARestart({ begin: forgets })).toBe('old');
  });
});
