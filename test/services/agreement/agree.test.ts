import { describe, expect, test } from 'vitest';
import {
  AcceptorsDifferError,
  type AgreeOptions,
  agree,
  DecisionKeyError,
  DecisionUnknownError,
  DecisionValueError,
  DecisionValueLimitError,
  type Json,
  learn,
} from '../../../src/services/agreement.ts';
import { AcceptorsError, proposer } from '../../../statecharts/paxos.ts';
import { type Cluster, createCluster } from './cluster.ts';

const acceptors = ['n1', 'n2', 'n3'];
const asking =
  (cluster: Cluster) =>
  (id: string, value: Json, more: Partial<AgreeOptions> = {}) =>
    agree(cluster.node(id), { key: 'owner', value, acceptors, clock: cluster.clock, ...more });
const learning =
  (cluster: Cluster) =>
  (id: string, deadlineMs = 1_000) =>
    learn(cluster.node(id), { key: 'owner', acceptors, clock: cluster.clock, deadlineMs });

describe('agreement', () => {
  test('resolves to what was proposed, where one call alone proposes', async () => {
    const cluster = createCluster();
    const value = { leader: 'n1', since: [1, 2.5, null, true] };
    expect(await cluster.value(asking(cluster)('n1', value))).toEqual(value);
  });

  test.each(Array.from({ length: 20 }, (_, seed) => seed + 1))(
    'resolves to one and the same value for callers of all nodes at once (seed %i)',
    async (seed) => {
      const cluster = createCluster(seed);
      const ask = asking(cluster);
      const all = await cluster.value(Promise.all(acceptors.map((id) => ask(id, id))));
      expect(new Set(all).size).toBe(1);
      expect(acceptors).toContain(all[0]);
    },
  );

  test('gives a late caller with another value the chosen one, on every node, and again after all have crashed', async () => {
    const cluster = createCluster();
    const ask = asking(cluster);
    expect(await cluster.value(ask('n1', 'first'))).toBe('first');
    expect(await cluster.value(ask('n2', 'second'))).toBe('first');
    expect(await cluster.value(ask('n1', 'third'))).toBe('first');
    for (const id of acceptors) cluster.crash(id);
    for (const id of acceptors) cluster.restart(id);
    expect(await cluster.value(ask('n3', 'fourth'))).toBe('first');
    expect(await cluster.value(ask('n1', 'fifth'))).toBe('first');
  });

  test('joins a call that is under way on the same node, whatever that proposes', async () => {
    const cluster = createCluster();
    const ask = asking(cluster);
    expect(await cluster.value(Promise.all([ask('n1', 'one'), ask('n1', 'another')]))).toEqual(['one', 'one']);
  });

  test('needs a majority of the acceptors, and no more', async () => {
    const cluster = createCluster();
    cluster.crash('n3');
    expect(await cluster.value(asking(cluster)('n1', 'v'))).toBe('v');
  });

  test('adopts what a caller that crashed has had accepted', async () => {
    const cluster = createCluster();
    // n1 reaches n2 and itself until both have accepted; nobody hears of it.
    cluster.cut('n1', 'n3');
    void asking(cluster)('n1', 'hers').catch(() => undefined);
    cluster.clock.runUntil(
      () => cluster.node('n2').peek('n2/paxos.acceptor/agree/owner')?.state.snapshot.hasTag('accepted') === true,
      1_000,
    );
    cluster.crash('n1');
    cluster.heal();
    expect(await cluster.value(asking(cluster)('n3', 'his'))).toBe('hers');
  });

  test('decides keys apart from each other', async () => {
    const cluster = createCluster();
    const ask = asking(cluster);
    expect(await cluster.value(Promise.all([ask('n1', 'a'), ask('n1', 'b', { key: 'other' })]))).toEqual(['a', 'b']);
  });
});

describe('a deadline', () => {
  test('that passes leaves unknown what is chosen, and the same call tells once acceptors answer', async () => {
    const cluster = createCluster();
    cluster.crash('n2');
    cluster.crash('n3');
    const late = asking(cluster)('n1', 'v', { deadlineMs: 700 });
    await expect(cluster.value(late)).rejects.toThrow(DecisionUnknownError);
    expect(cluster.clock.nowMs()).toBeCloseTo(700, -1);
    // Nobody waits, so nobody asks.
    expect(cluster.node('n1').view(proposer, 'agree/owner')?.chosen).toBeNull();
    expect(cluster.node('n1').peek('n1/paxos.proposer/agree/owner')?.state.snapshot.value).toBe('idle');
    cluster.restart('n2');
    expect(await cluster.value(asking(cluster)('n1', 'w'))).toBe('w');
  });

  test('of one call does not end another one for the same key', async () => {
    const cluster = createCluster();
    cluster.crash('n2');
    cluster.crash('n3');
    const short = asking(cluster)('n1', 'short', { deadlineMs: 100 });
    const long = asking(cluster)('n1', 'long', { deadlineMs: 5_000 });
    await expect(cluster.value(short)).rejects.toThrow('not known to be');
    cluster.restart('n3');
    expect(await cluster.value(long)).toBe('short');
  });

  test('is not waited for when the node stops', async () => {
    const cluster = createCluster();
    cluster.crash('n2');
    cluster.crash('n3');
    const call = asking(cluster)('n1', 'v');
    cluster.clock.advance(50);
    void cluster.node('n1').stop();
    await expect(cluster.value(call)).rejects.toThrow(DecisionUnknownError);
    expect(cluster.clock.nowMs()).toBeLessThan(1_000);
  });
});

describe('learning', () => {
  test('tells what is chosen, on a node that never proposed, and proposes nothing', async () => {
    const cluster = createCluster();
    await cluster.value(asking(cluster)('n1', 'v'));
    expect(await cluster.value(learning(cluster)('n3'))).toBe('v');
    expect(await cluster.value(learning(cluster)('n1'))).toBe('v');
    expect(cluster.node('n3').actors()).toEqual(['n3/paxos.acceptor/agree/owner']);
  });

  test('tells nothing while nothing is chosen, and leaves nothing behind', async () => {
    const cluster = createCluster();
    expect(await cluster.value(learning(cluster)('n2', 300))).toBeUndefined();
    expect(cluster.node('n2').actors()).toEqual([]);
    expect(cluster.node('n1').actors()).toEqual([]);
  });

  test('waits for what is about to be chosen', async () => {
    const cluster = createCluster();
    const learned = learning(cluster)('n3', 1_000);
    cluster.clock.advance(250);
    expect(await cluster.value(asking(cluster)('n2', 'v'))).toBe('v');
    expect(await cluster.value(learned)).toBe('v');
  });
});

describe('other acceptors than those of the key', () => {
  test.each<[string, Partial<AgreeOptions>]>([
    ['fewer', { acceptors: ['n1', 'n2'] }],
    ['others', { acceptors: ['n1', 'n2', 'n4'] }],
    ['the same, with other quorums', { quorums: { phase1Size: 3, phase2Size: 1 } }],
  ])('are refused by name: %s', async (_which, other) => {
    const cluster = createCluster(1, ['n1', 'n2', 'n3', 'n4']);
    const ask = asking(cluster);
    await cluster.value(ask('n1', 'v'));
    for (const id of ['n1', 'n3']) {
      const error = await cluster.value(ask(id, 'w', other).catch((thrown: unknown) => thrown));
      expect(error).toBeInstanceOf(AcceptorsDifferError);
      expect(error).toMatchObject({ code: 'DECISION_ACCEPTORS_DIFFER', acceptors });
    }
    await expect(
      cluster.value(learn(cluster.node('n4'), { key: 'owner', acceptors, clock: cluster.clock, ...other })),
    ).rejects.toThrow("expected the acceptors that decide 'agree/owner', n1, n2, n3 (2 to promise, 2 to accept)");
    expect(await cluster.value(ask('n3', 'w'))).toBe('v');
  });
});

describe('bad input', () => {
  test.each<[string, Partial<AgreeOptions>, abstract new (...args: never[]) => Error]>([
    ['no acceptors', { acceptors: [] }, AcceptorsError],
    ['an acceptor named twice', { acceptors: ['n1', 'n2', 'n1'] }, AcceptorsError],
    ['quorums that need not meet', { quorums: { phase1Size: 1, phase2Size: 2 } }, AcceptorsError],
    ['an empty key', { key: '' }, DecisionKeyError],
    ['a key of 513 bytes', { key: `${'k'.repeat(511)}ü` }, DecisionKeyError],
    ['half a character', { key: '\ud800' }, DecisionKeyError],
    ['a number that is not finite', { value: [1, { at: Number.POSITIVE_INFINITY }] }, DecisionValueError],
    ['no number', { value: Number.NaN }, DecisionValueError],
    ['text with half a character', { value: { name: 'a\udc00' } }, DecisionValueError],
    ['a name with half a character', { value: { '\ud800': 1 } }, DecisionValueError],
    ['a value of more than 64 KiB', { value: 'v'.repeat(64 * 1_024 - 1) }, DecisionValueLimitError],
  ])('is refused before anything is proposed: %s', async (_what, wrong, kind) => {
    const cluster = createCluster();
    await expect(asking(cluster)('n1', 'v', wrong)).rejects.toThrow(kind);
    expect(cluster.node('n1').actors()).toEqual([]);
  });

  test('a value may have its limit, which is counted in bytes of JSON, and a higher one where asked for', async () => {
    const cluster = createCluster();
    const ask = asking(cluster);
    const largest = 'ü'.repeat(32 * 1_024 - 1);
    expect(await cluster.value(ask('n1', largest))).toBe(largest);
    const larger = `${largest}!`;
    expect(await cluster.value(ask('n1', larger, { key: 'large', valueLimitBytes: 100_000 }))).toBe(larger);
  });
});
