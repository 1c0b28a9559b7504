/** Locks and elections over a cluster, as actors of an application. */

import { expect, test } from 'vitest';
import { type Actor, createActor } from 'xstate';
import { election, holderOf, leaderOf, lock } from '../../../src/services/store/coordination/coordination.ts';
import { keptLease } from '../../../src/services/store/coordination/kept-lease.ts';
import { prefixOf } from '../../../src/services/store/coordination/queue.ts';
import {
  LeaseEndedError,
  OverloadedError,
  RevisionForgottenError,
  UnavailableError,
} from '../../../src/services/store/errors.ts';
import type { KeyValueStore } from '../../../src/services/store/key-value/contract.ts';
import { type Cluster, createCluster } from './cluster.ts';

const ttlMs = 5_000;

const elected = (): Cluster => {
  const cluster = createCluster();
  cluster.elect();
  return cluster;
};
const started = (cluster: Cluster, store: KeyValueStore, holder: string, name = 'reports'): Actor<typeof lock> =>
  createActor(lock, { input: { store, name, holder, ttlMs, clock: cluster.clock } }).start();
const holds = (actor: Actor<typeof lock>): boolean => actor.getSnapshot().hasTag('held');
const tokenOf = (actor: Actor<typeof lock>): number => actor.getSnapshot().context.token;

test('a lock is held by one at a time, in the order in which they came, with ever greater tokens', async () => {
  const cluster = elected();
  const client = cluster.client();
  const actors: Actor<typeof lock>[] = [];
  for (const holder of ['a', 'b', 'c']) {
    const actor = started(cluster, client, holder);
    actors.push(actor);
    await cluster.until(() => tokenOf(actor) > 0);
  }
  const tokens: number[] = [];
  for (const actor of actors) {
    await cluster.until(() => holds(actor));
    expect(actors.filter(holds)).toEqual([actor]);
    tokens.push(tokenOf(actor));
    actor.send({ type: 'release' });
    expect(actor.getSnapshot().output).toEqual({ reason: 'released' });
  }
  expect(tokens).toEqual([...tokens].sort((x, y) => x - y));
  await cluster.until(() => client.inFlight === 0);
  expect(await cluster.value(client.count({ prefix: 'lock/' }))).toMatchObject({ count: 0 });
});

test('one that waits and is stopped makes room; one behind it does not come before its turn', async () => {
  const cluster = elected();
  const client = cluster.client();
  const first = started(cluster, client, 'a');
  await cluster.until(() => holds(first));
  const second = started(cluster, client, 'b');
  await cluster.until(() => tokenOf(second) > 0);
  const third = started(cluster, client, 'c');
  await cluster.until(() => tokenOf(third) > 0);
  second.stop();
  const untilMs = cluster.clock.nowMs() + 2_000;
  await cluster.until(() => cluster.clock.nowMs() > untilMs);
  expect([first, third].map(holds)).toEqual([true, false]);
  first.stop();
  await cluster.until(() => holds(third));
});

test('a holder that is cut off has lost the lock before the next one has it, which is soon after its time', async () => {
  const cluster = elected();
  const [cut, near] = [cluster.client(), cluster.client()];
  const holder = started(cluster, cut, 'a');
  await cluster.until(() => holds(holder));
  const next = started(cluster, near, 'b');
  await cluster.until(() => tokenOf(next) > 0);
  const cutAtMs = cluster.clock.nowMs();
  cluster.isolate('client-1');
  await cluster.until(() => !holds(holder));
  expect(holds(next)).toBe(false);
  expect(holder.getSnapshot().output).toEqual({ reason: 'lost', message: expect.stringContaining('kept within') });
  await cluster.until(() => holds(next));
  expect(cluster.clock.nowMs() - cutAtMs).toBeLessThan(ttlMs + 1_000);
  expect(tokenOf(next)).toBeGreaterThan(tokenOf(holder));
});

test('a lock outlives a crash of the leader', async () => {
  const cluster = elected();
  const client = cluster.client();
  const holder = started(cluster, client, 'a');
  await cluster.until(() => holds(holder));
  const next = started(cluster, client, 'b');
  await cluster.until(() => tokenOf(next) > 0);
  cluster.crash(cluster.leader().id);
  const untilMs = cluster.clock.nowMs() + 3 * ttlMs;
  await cluster.until(() => cluster.clock.nowMs() > untilMs);
  expect([holder, next].map(holds)).toEqual([true, false]);
});

test.each<[string, () => Error]>([
  ['does not know any more', () => new RevisionForgottenError('forgotten', 1)],
  ['cannot read now', () => new UnavailableError('no leader')],
  ['is too busy to say', () => new OverloadedError('busy')],
])('one that waits keeps its place where the store for once %s', async (_what, error) => {
  const cluster = elected();
  const client = cluster.client();
  const holder = started(cluster, client, 'a');
  await cluster.until(() => holds(holder));
  let failures = 0;
  const failing = <Asked extends readonly unknown[], Answer>(ask: (...asked: Asked) => Promise<Answer>) => {
    return (...asked: Asked): Promise<Answer> => {
      failures += 1;
      return failures % 3 === 0 ? ask(...asked) : Promise.reject(error());
    };
  };
  const shaky: KeyValueStore = { ...client, put: failing(client.put), revision: failing(client.revision) };
  const next = started(cluster, shaky, 'b');
  await cluster.until(() => tokenOf(next) > 0 && failures >= 6);
  expect(holds(next)).toBe(false);
  holder.send({ type: 'release' });
  await cluster.until(() => holds(next));
});

test('locks of names that hold each other are apart', async () => {
  const cluster = elected();
  const client = cluster.client();
  const actors = ['a', 'a/b', 'a%2Fb'].map((name) => started(cluster, client, name, name));
  await cluster.until(() => actors.every(holds));
  expect(prefixOf('lock', 'a/b')).toBe('lock/a%2Fb/');
});

test('an election has one leader at a time, of which others hear', async () => {
  const cluster = elected();
  const client = cluster.client();
  const leaders: (string | undefined)[] = [];
  const subscription = leaderOf(client, 'jobs').subscribe((first) => leaders.push(first?.holder));
  await cluster.until(() => leaders.length === 1);
  const candidates = ['a', 'b'].map((holder) =>
    createActor(election, { input: { store: client, name: 'jobs', holder, ttlMs, clock: cluster.clock } }),
  );
  for (const candidate of candidates) {
    candidate.start();
    await cluster.until(() => candidate.getSnapshot().context.token > 0);
  }
  const leads = () => candidates.map((candidate) => candidate.getSnapshot().hasTag('leading'));
  await cluster.until(() => leads()[0] === true);
  expect(leads()).toEqual([true, false]);
  candidates[0]?.send({ type: 'release' });
  await cluster.until(() => leads()[1] === true && leaders.length === 3);
  candidates[1]?.stop();
  await cluster.until(() => leaders.length === 4);
  expect(leaders).toEqual([undefined, 'a', 'b', undefined]);
  subscription.unsubscribe();
});

test('who holds a lock is told to others', async () => {
  const cluster = elected();
  const client = cluster.client();
  const actor = started(cluster, client, 'a');
  await cluster.until(() => holds(actor));
  let told: unknown;
  holderOf(client, 'reports').subscribe((first) => {
    told = first;
  });
  await cluster.until(() => told !== undefined);
  expect(told).toEqual({ holder: 'a', token: tokenOf(actor) });
});

test('a lease is kept through a time without a leader, and given up in time when that is too long', async () => {
  const cluster = elected();
  const client = cluster.client();
  let [lease, error]: [number, unknown] = [0, undefined];
  keptLease(client, { ttlMs, clock: cluster.clock }).subscribe({
    next: (it) => {
      lease = it;
    },
    error: (it: unknown) => {
      error = it;
    },
  });
  await cluster.until(() => lease > 0);
  cluster.crash(cluster.leader().id);
  const untilMs = cluster.clock.nowMs() + 2 * ttlMs;
  await cluster.until(() => cluster.clock.nowMs() > untilMs);
  expect(error).toBeUndefined();
  const lostAfterMs = cluster.clock.nowMs();
  cluster.isolate('n1', 'n2', 'n3');
  await cluster.until(() => error !== undefined);
  expect(error).toBeInstanceOf(LeaseEndedError);
  expect(cluster.clock.nowMs() - lostAfterMs).toBeLessThanOrEqual(ttlMs);
});
