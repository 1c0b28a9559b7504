/**
 * A node that is removed while it hears of nobody, and so never learns of it, goes on standing for election, and asks
 * nobody beforehand: the rudest that a removed server may be (Raft §4.2.3). Those who stay go on as if it were not there.
 */

import { describe, expect, test } from 'vitest';
import { withoutPreVotes } from '../../../src/proof/raft/model-variants.ts';
import { paxos } from '../../../src/services/store/log/paxos.ts';
import { raft } from '../../../src/services/store/log/raft.ts';
import type { LogStarter } from '../../../src/services/store/log/replicated-log.ts';
import { votesIn } from '../../../statecharts/paxos/log/configuration.ts';
import { definePaxosServer, type PaxosRules, paxosRules } from '../../../statecharts/paxos.ts';
import { defineServer, type RaftRules, raftRules } from '../../../statecharts/raft.ts';
import { createCluster } from './cluster.ts';

const voters = ['n1', 'n2', 'n3', 'n4'];
const removed = 'n4';
const staying = voters.filter((id) => id !== removed);
const value = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A log by Raft, with other rules than the true ones. */
const raftWith = (rules: Partial<RaftRules>): LogStarter =>
  raft({ voters, server: defineServer({ ...raftRules, ...rules }) });
const paxosWith = (rules: Partial<PaxosRules>): LogStarter =>
  paxos({ voters, server: definePaxosServer({ ...paxosRules, ...rules }) });

interface Protocol {
  readonly name: string;
  /** The log of those who stay. */
  readonly log: LogStarter;
  /** The log of the one that is removed, which stands whenever it hears no leader. */
  readonly rude: LogStarter;
  /** The log of those who stay, without the rules by which they do not hear it. */
  readonly hearing: LogStarter;
}

const protocols: readonly Protocol[] = [
  {
    name: 'raft',
    log: raftWith({}),
    rude: raftWith(withoutPreVotes),
    hearing: raftWith({
      isRetired: () => false,
      isUninvited: () => false,
      isNewerTerm: ({ term }, message) => message.term > term,
    }),
  },
  {
    name: 'paxos',
    log: paxosWith({}),
    rude: paxosWith({ mayStand: ({ configuration, self }) => votesIn(configuration, self) }),
    hearing: paxosWith({ isRetired: () => false }),
  },
];

/** Removes the node while it is cut off, lets it hear the others again, and tells who led at what term since. */
async function remove({ log, rude }: Pick<Protocol, 'log' | 'rude'>) {
  const cluster = createCluster({ nodes: voters, log: (_nodes, id) => (id === removed ? rude : log) });
  const passing = async (ms: number): Promise<void> => {
    const untilMs = cluster.clock.nowMs() + ms;
    await cluster.until(() => cluster.clock.nowMs() >= untilMs);
  };
  const standing = (): readonly string[] =>
    staying.flatMap((id) => {
      const { role, remark } = cluster.member(id).store.status();
      return role === 'leader' ? [`${id} ${remark}`] : [];
    });
  cluster.isolate(removed);
  await cluster.until(() => standing().length === 1);
  const client = cluster.client({ reaches: staying });
  const members = await cluster.value(client.changeMember({ kind: 'remove', node: removed }));
  expect(members).toMatchObject({ voters: staying, retired: [removed], isSettled: true });
  // It stands again and again, alone.
  await passing(15_000);
  const rudeBefore = cluster.member(removed).store.status().remark;
  const before = standing();
  cluster.heal();
  const seen = new Set<string>();
  const untilMs = cluster.clock.nowMs() + 15_000;
  await cluster.until(() => {
    for (const it of standing()) seen.add(it);
    return cluster.clock.nowMs() >= untilMs;
  });
  const askedAtMs = cluster.clock.nowMs();
  await cluster.value(client.put('k', value('after')));
  return {
    before,
    seen: [...seen],
    putMs: cluster.clock.nowMs() - askedAtMs,
    hasGoneOnStanding: cluster.member(removed).store.status().remark !== rudeBefore,
  };
}

describe.each(protocols)('over $name, a node that was removed and does not know it', (protocol) => {
  test('unseats no leader, however often it stands for election', async () => {
    const { before, seen, putMs, hasGoneOnStanding } = await remove(protocol);
    expect(hasGoneOnStanding).toBe(true);
    expect(seen).toEqual(before);
    expect(putMs).toBeLessThan(100);
  });

  test('would unseat it, if those who stay heard it', async () => {
    const { before, seen } = await remove({ ...protocol, log: protocol.hearing });
    expect(seen.length).toBeGreaterThan(before.length);
  });
});
