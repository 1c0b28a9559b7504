/** Transactions that acceptors decide: whichever one node dies, coordinator or acceptor, nobody waits for it. */

import { describe, expect, test } from 'vitest';
import { acceptorsDigest, partsOfTransactionId, transactionIdOf } from '../../../src/services/transactions/ids.ts';
import { paxosCommit } from '../../../src/services/transactions.ts';
import type { Effect } from '../../../statecharts/actor.ts';
import { defaultAcceptorTimes } from '../../../statecharts/two-phase-commit/acceptor/context.ts';
import { acceptorAddress } from '../../../statecharts/two-phase-commit.ts';
import { createBank } from './bank.ts';
import { createCluster } from './cluster.ts';

/** What is asked of databases and said to others, by type. */
const crossings = (effects: readonly Effect[]): string[] =>
  effects.flatMap((it) => {
    if (it.type === 'perform') return it.operation.type;
    return it.type === 'send' ? it.message.type : [];
  });

/** How long an outcome is remembered by default. */
const retentionMs = 3_600_000;
const { reminderIntervalMs } = defaultAcceptorTimes;

type Cluster = Awaited<ReturnType<typeof createCluster>>;

/** Resolves when an actor of the node has said or asked `moment`. @returns the transaction */
async function reach(cluster: Cluster, node: string, moment: string): Promise<string> {
  let transaction: string | undefined;
  cluster.member(node).node.inspection.subscribe((event) => {
    if (event.type !== 'step' || !crossings(event.effects).includes(moment)) return;
    transaction ??= event.actor.split('/')[2];
  });
  await cluster.until(() => transaction !== undefined);
  return transaction ?? '';
}

const isSettled = async (cluster: Cluster): Promise<boolean> => {
  const { checking, savings } = cluster.balances();
  const prepared = await Promise.all(
    [cluster.checking, cluster.savings].map((store) => cluster.value(store.prepared('n1', { timeoutMs: 1_000 }))),
  );
  return checking + savings === 0 && prepared.flat().length === 0;
};

describe('transactions that acceptors decide', () => {
  test('commit, and end everywhere', async () => {
    const cluster = await createCluster('acceptors');
    const { transaction } = await cluster.value(cluster.transfer('n1', { idempotencyKey: 'k' }));
    await cluster.until(() => cluster.manager('n1').list().length === 0);
    expect(cluster.balances()).toEqual({ checking: -10, savings: 10 });
    expect(await cluster.value(cluster.manager('n1').outcome(transaction))).toMatchObject({ outcome: 'committed' });
    expect(await cluster.value(cluster.manager('n2').outcome(transaction))).toMatchObject({ outcome: 'unknown' });
    expect(await cluster.value(cluster.transfer('n1', { idempotencyKey: 'k' }))).toMatchObject({ isRepeated: true });
    // The acceptors keep the outcome alone; the third one was not asked, and has heard of nothing.
    const stateAt = (id: string): unknown =>
      cluster.member(id).node.peek(acceptorAddress(id, transaction))?.state.snapshot.value;
    await cluster.until(() => ['n1', 'n2'].every((id) => stateAt(id) === 'ended'));
    expect(stateAt('n3')).toBeUndefined();
  });

  test('abort when the function throws', async () => {
    const cluster = await createCluster('acceptors');
    const failed = await cluster.settled(
      cluster.manager('n1').transact(async ({ checking, savings }) => {
        await checking.put('balance', 1);
        await savings.put('balance', 1);
        throw new Error('no');
      }),
    );
    expect(failed).toMatchObject({
      status: 'rejected',
      reason: { code: 'TRANSACTION_ABORTED', cause: { message: 'no' } },
    });
    expect(await isSettled(cluster)).toBe(true);
  });

  test.each(['prepare', 'phase-2a', 'phase-2b', 'decision', 'commit', 'end'])(
    'are finished by another node when the coordinator and the acceptor beside it pause at %s, and both agree afterwards',
    async (moment) => {
      const cluster = await createCluster('acceptors');
      const result = cluster.transfer('n1');
      result.catch(() => undefined);
      const transaction = await reach(cluster, 'n1', moment);
      const old = cluster.member('n1');
      old.clock.pause();
      const survivor = cluster.manager('n2');
      const report = await cluster.value(survivor.takeOver('n1'));
      expect(report).toMatchObject({ unfenced: [], elsewhere: [] });
      await cluster.until(() => survivor.list().length === 0);
      expect(await isSettled(cluster)).toBe(true);
      const { savings } = cluster.balances();
      // Nothing is locked: the next transfer gets through, with the two acceptors that are left.
      expect(await cluster.value(cluster.transfer('n2'))).toMatchObject({ outcome: 'committed' });
      await cluster.until(() => survivor.list().length === 0);

      // The old coordinator wakes up, and learns what was decided.
      old.clock.resume();
      await cluster.until(() => cluster.manager('n1').list().length === 0);
      const settled = await cluster.settled(result);
      const outcome = await cluster.value(cluster.manager('n1').outcome(transaction.split('/')[0] ?? ''));
      expect(outcome.outcome).toBe(savings === 10 ? 'committed' : 'aborted');
      if (settled.status === 'fulfilled') expect(savings).toBe(10);
      else if (settled.reason.code === 'TRANSACTION_ABORTED') expect(savings).toBe(0);
      expect(cluster.balances()).toEqual({ checking: -10 - savings, savings: 10 + savings });
    },
  );

  test.each(['n2', 'n3'])('commit while the acceptor on %s is dead, asked first or not', async (dead) => {
    const cluster = await createCluster('acceptors');
    cluster.crash(dead);
    const beganMs = cluster.time.nowMs();
    await cluster.value(cluster.transfer('n1'));
    // The others are asked after one retry.
    expect(cluster.time.nowMs() - beganMs).toBeLessThan(500);
    await cluster.until(() => cluster.manager('n1').list().length === 0);
    expect(cluster.balances()).toEqual({ checking: -10, savings: 10 });
  });

  test('commit while an acceptor dies at any of its steps, and it comes back and forgets them', async () => {
    for (const moment of ['phase-2b', 'never']) {
      const cluster = await createCluster('acceptors');
      const result = cluster.transfer('n1');
      if (moment !== 'never') await reach(cluster, 'n2', moment);
      cluster.crash('n2');
      expect(await cluster.value(result)).toMatchObject({ outcome: 'committed' });
      cluster.boot('n2');
      await cluster.until(() => cluster.manager('n1').list().length === 0);
      expect(await isSettled(cluster)).toBe(true);
    }
  });

  test.each(['phase-2a', 'phase-2b', 'decision', 'commit'])(
    'are recovered by the node that began them when it crashes at %s, and not run again under their key',
    async (moment) => {
      const cluster = await createCluster('acceptors');
      cluster.transfer('n1', { idempotencyKey: 'k' }).catch(() => undefined);
      const transaction = await reach(cluster, 'n1', moment);
      cluster.crash('n1');
      cluster.boot('n1');
      await cluster.until(() => cluster.member('n1').manager !== undefined);
      const recovered = cluster.manager('n1');
      await cluster.until(() => recovered.list().length === 0);
      expect(await isSettled(cluster)).toBe(true);
      const { savings } = cluster.balances();
      const outcome = await cluster.value(recovered.outcome(transaction.split('/')[0] ?? ''));
      expect(outcome.outcome).toBe(savings === 10 ? 'committed' : 'aborted');
      const again = await cluster.value(cluster.transfer('n1', { idempotencyKey: 'k' }));
      expect(again.isRepeated).toBe(savings === 10);
      await cluster.until(() => recovered.list().length === 0);
      expect(cluster.balances()).toEqual({ checking: -10, savings: 10 });
    },
  );

  test('are taken over from a node that never comes back, with an acceptor that never comes back', async () => {
    const cluster = await createCluster('acceptors');
    cluster.transfer('n1').catch(() => undefined);
    await reach(cluster, 'n1', 'phase-2b');
    cluster.crash('n1');
    const survivor = cluster.manager('n3');
    const { claimed } = await cluster.value(survivor.takeOver('n1'));
    expect(claimed).toHaveLength(1);
    await cluster.until(() => survivor.list().length === 0);
    expect(cluster.balances()).toEqual({ checking: -10, savings: 10 });
    // Whoever has taken over knows the outcome.
    expect(await cluster.value(survivor.outcome(claimed[0] ?? ''))).toMatchObject({ outcome: 'committed' });
  });

  test('are forgotten by their acceptors, votes as they end and outcomes after the retention, in their journals, too', async () => {
    const cluster = await createCluster('acceptors');
    const transactions: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      transactions.push((await cluster.value(cluster.transfer('n1'))).transaction);
    }
    const heldAt = (id: string): unknown[] =>
      transactions.flatMap((it) => cluster.member(id).node.peek(acceptorAddress(id, it))?.state.snapshot.context ?? []);
    const outcome = { votes: [], branches: [], accepted: null, promised: null, outcome: 'committed' };
    const outcomes = transactions.map(() => expect.objectContaining(outcome));
    const haveEnded = (id: string): boolean =>
      transactions.every(
        (it) => cluster.member(id).node.peek(acceptorAddress(id, it))?.state.snapshot.value === 'ended',
      );
    await cluster.until(() => haveEnded('n1') && haveEnded('n2'));
    const endedMs = cluster.time.nowMs();
    for (const id of ['n1', 'n2']) expect(heldAt(id)).toEqual(outcomes);

    // An end is not flushed by itself: one that comes back may hold votes again, and asks for the end a minute later.
    cluster.crash('n2');
    cluster.boot('n2');
    await cluster.until(() => haveEnded('n2'), 2 * reminderIntervalMs);
    expect(heldAt('n2')).toEqual(outcomes);
    await cluster.until(() => heldAt('n1').length === 0, 2 * retentionMs);
    expect(cluster.time.nowMs() - endedMs).toBeGreaterThan(retentionMs - 1_000);
    await cluster.until(() => heldAt('n2').length === 0, retentionMs);
    // With the next vote that is written down, the journal has forgotten them, too.
    await cluster.value(cluster.transfer('n1'));
    cluster.crash('n2');
    cluster.boot('n2');
    expect(heldAt('n2')).toEqual([]);
  });

  test('are left alone by a manager that was given other acceptors, which says so', async () => {
    const cluster = await createCluster('acceptors');
    cluster.transfer('n1').catch(() => undefined);
    await reach(cluster, 'n1', 'phase-2b');
    cluster.crash('n1');
    cluster.boot('n1', ['n1', 'n2']);
    await cluster.until(() => cluster.member('n1').manager !== undefined);
    const reports = await cluster.value(cluster.manager('n1').recover());
    expect(reports[0]).toMatchObject({ state: 'unready', problem: expect.stringMatching(/other acceptors.*`former`/) });
    cluster.crash('n1');
    cluster.boot('n1');
    await cluster.until(() => cluster.member('n1').manager?.list().length === 0);
    expect(cluster.balances()).toEqual({ checking: -10, savings: 10 });
  });
});

describe('the acceptors of a manager', () => {
  test('are refused when there are none, or one is named twice', () => {
    expect(() => paxosCommit({ acceptors: [] })).toThrow(expect.objectContaining({ code: 'PAXOS_ACCEPTORS' }));
    expect(() => paxosCommit({ acceptors: ['n1', 'n2', 'n1'] })).toThrow(/twice/);
    expect(() => paxosCommit({ acceptors: ['n1'], former: [['n2', 'n2']] })).toThrow(/twice/);
  });

  test('have no place beside a last resource', async () => {
    const bank = await createBank();
    bank.crash();
    bank.boot({ last: 'savings', decisions: paxosCommit({ acceptors: ['n1'] }) });
    await expect(bank.ready()).rejects.toThrow();
  });

  test('are told apart by the ids of their transactions, whatever their order', () => {
    const acceptors = acceptorsDigest(['n1', 'n2', 'n3']);
    expect(acceptors).toBe(acceptorsDigest(['n3', 'n1', 'n2']));
    expect(acceptors).not.toBe(acceptorsDigest(['n1', 'n2']));
    const parts = { kind: 'acceptors' as const, acceptors, origin: 'journal', incarnation: 3, sequence: 40 };
    expect(partsOfTransactionId(transactionIdOf(parts))).toEqual(parts);
    const long = { ...parts, origin: 'o'.repeat(12), incarnation: 36 ** 8 - 1, sequence: 36 ** 10 - 1 };
    expect(transactionIdOf(long)).toHaveLength(39);
    expect(partsOfTransactionId('p.journal.1.1')).toBeUndefined();
  });
});
