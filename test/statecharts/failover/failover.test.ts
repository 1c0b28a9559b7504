/** Whole groups on virtual time: managers, standbys and servers together. */

import { describe, expect, test } from 'vitest';
import type { GivenGroupPlan } from '../../../statecharts/failover.ts';
import { createGroup } from './group.ts';

const three: GivenGroupPlan = {
  group: 'g',
  mode: 'durable',
  servers: [{ server: 'a', priority: 1 }, { server: 'b' }, { server: 'c' }],
};

async function founded() {
  const group = createGroup(three);
  group.lead('m1');
  await group.pass(8_000);
  expect(group.standing()).toMatchObject({ phase: 'monitoring', epoch: 1, primary: { server: 'a' } });
  return group;
}
const inSync = (group: Awaited<ReturnType<typeof founded>>) => group.standing().inSync.map(({ server }) => server);

test('a group of empty servers gets its first primary by priority, and the others in sync', async () => {
  const group = await founded();
  expect(inSync(group)).toEqual(['b', 'c']);
  expect(['a', 'b', 'c'].map((it) => group.roleOf('m1', it))).toEqual(['active', 'ready', 'ready']);
  expect(['a', 'b', 'c'].map((it) => group.roleOf('m2', it))).toEqual(['cold', 'cold', 'cold']);
});

test('a dead primary is replaced within a few round trips, and becomes a standby when it is back', async () => {
  const group = await founded();
  group.crash('a');
  group.judge('a', 'suspected');
  group.judge('a', 'confirmed');
  await group.pass(10);
  expect(group.standing()).toMatchObject({ phase: 'redirecting', epoch: 2, primary: { server: 'b' } });
  expect(inSync(group)).toEqual(['c']);
  group.restart('a');
  group.judge('a', 'trusted');
  await group.pass(8_000);
  expect(group.standing()).toMatchObject({ phase: 'monitoring', epoch: 2 });
  expect(inSync(group)).toEqual(['a', 'c']);
});

test('a switchover stops the primary first, and makes the target primary', async () => {
  const group = await founded();
  group.operations.length = 0;
  group.ask('m1', { type: 'switchover', id: 7, target: 'c' });
  // A few round trips, and not until standbys are looked at the next time.
  await group.pass(20);
  expect(group.told).toContainEqual({ type: 'accepted', id: 7 });
  expect(group.standing()).toMatchObject({ epoch: 2, primary: { server: 'c' } });
  expect(group.operations[0]).toBe('m1 fence a');
});

test('another manager goes on, under a term of its own', async () => {
  const group = await founded();
  group.lead('m2');
  await group.pass(1_000);
  expect(group.standing()).toMatchObject({ phase: 'monitoring', epoch: 1, term: 2, manager: 'm2' });
  expect(['a', 'b', 'c'].map((it) => group.roleOf('m2', it))).toEqual(['active', 'ready', 'ready']);
});

/** Looks and retries that are short, so that less time has to pass. */
const quick: GivenGroupPlan = { ...three, settings: { lookIntervalMs: 20, retryIntervalMs: 20, settleAfter: 2 } };

/** A group with data that were acknowledged, and what they are. */
async function written(plan = quick, options = {}) {
  const group = createGroup(plan, options);
  group.lead('m1');
  await group.pass(300);
  expect(group.standing()).toMatchObject({ phase: 'monitoring', version: 3 });
  const outcomes = ['x', 'y'].map((value) => group.write('a', value, 100));
  await group.pass(5);
  expect(await Promise.all(outcomes)).toEqual(['acknowledged', 'acknowledged']);
  return group;
}

describe('a failover in whose middle', () => {
  test.each(Array.from({ length: 12 }, (_, at) => at))(
    'another manager takes office, %i ms after it began, is gone on with, and loses nothing',
    async (afterMs) => {
      const group = await written();
      group.crash('a');
      group.judge('a', 'confirmed');
      await group.pass(afterMs);
      group.lead('m2');
      await group.pass(1_000);
      const { phase, primary } = group.standing();
      expect({ phase, primary: primary?.server }).toEqual({ phase: 'monitoring', primary: 'b' });
      expect(group.contents('b')).toEqual(['x', 'y']);
      const outcome = group.write('b', 'z', 100);
      await group.pass(10);
      expect(await outcome).toBe('acknowledged');
    },
  );

  test.each(Array.from({ length: 10 }, (_, at) => at))(
    'the candidate dies, %i ms after it began, goes to another one, and loses nothing',
    async (afterMs) => {
      const group = await written(quick, { isDurable: true });
      group.crash('a');
      group.judge('a', 'confirmed');
      await group.pass(afterMs);
      group.crash('b');
      group.judge('b', 'confirmed');
      await group.pass(1_000);
      // What b has confirmed, c need not hold: without b nothing is chosen, unless it was known before that c holds everything.
      const isServed = group.standing().primary?.server === 'c';
      expect(isServed || group.standing().phase === 'degraded').toBe(true);
      if (isServed) expect(group.contents('c')).toEqual(['x', 'y']);
      group.restart('b');
      group.judge('b', 'trusted');
      await group.pass(1_000);
      const { phase, primary } = group.standing();
      expect(phase).toBe('monitoring');
      expect(group.contents(primary?.server ?? '')).toEqual(['x', 'y']);
    },
  );

  test('the old primary wakes up: it confirms nothing more, and becomes a standby', async () => {
    const group = await written();
    group.pause('a');
    const late = group.write('a', 'late', 2_000);
    group.judge('a', 'confirmed');
    await group.pass(100);
    expect(group.standing().primary?.server).toBe('b');
    const next = group.write('b', 'next', 100);
    await group.pass(10);
    expect(await next).toBe('acknowledged');
    group.resume('a');
    group.judge('a', 'trusted');
    await group.pass(3_000);
    expect(await late).not.toBe('acknowledged');
    expect(group.contents('a')).toEqual(['x', 'y', 'next']);
    expect(group.roleOf('m1', 'a')).toBe('ready');
  });
});

test('a primary that has forgotten its data is replaced, though no detector has noticed', async () => {
  const group = await written();
  group.crash('a');
  group.restart('a', Number.POSITIVE_INFINITY);
  await group.pass(1_000);
  expect(group.standing()).toMatchObject({ phase: 'monitoring', primary: { server: 'b' } });
  expect(group.contents('a')).toEqual(['x', 'y']);
});

test('a standby that has forgotten its data is in sync again only when it holds them again', async () => {
  const group = await written();
  group.crash('b');
  group.restart('b', Number.POSITIVE_INFINITY);
  await group.pass(1_000);
  expect(group.standing().inSync.map(({ incarnation }) => incarnation)).toEqual(['b/2', 'c/1']);
  expect(group.contents('b')).toEqual(['x', 'y']);
});

test('without those who could tell what was acknowledged the group is degraded, until one of them is back', async () => {
  const group = await written();
  for (const server of ['a', 'b']) {
    group.crash(server);
    group.judge(server, 'confirmed');
  }
  await group.pass(1_000);
  expect(group.standing().phase).toBe('degraded');
  expect(group.told).toContainEqual({ type: 'raised', alarm: 'no-candidate', epoch: 2 });
  expect(group.operations.some((it) => it.includes('promote c'))).toBe(false);
  group.ask('m1', { type: 'allowLoss', id: 1, epoch: 2, off: ['a'] });
  await group.pass(100);
  expect(group.told).toContainEqual({ type: 'refused', id: 1, reason: 'NOT_OFF' });
  expect(group.standing().phase).toBe('degraded');
  group.ask('m1', { type: 'allowLoss', id: 2, epoch: 2, off: ['a', 'b'] });
  await group.pass(100);
  // The old primary may have written on since it was seen last.
  expect(group.standing()).toMatchObject({ primary: { server: 'c' }, loss: { epoch: 2, bytes: null, seenBytes: 0 } });
});

test('in maintenance nothing fails over, and the in-sync set is kept up', async () => {
  const group = await written();
  group.ask('m1', { type: 'maintain', id: 1, isOn: true });
  await group.pass(50);
  expect(group.standing().phase).toBe('manual');
  group.crash('c');
  group.judge('c', 'confirmed');
  await group.pass(500);
  expect(group.standing().inSync.map(({ server }) => server)).toEqual(['b']);
  group.crash('a');
  group.judge('a', 'confirmed');
  await group.pass(500);
  expect(group.standing()).toMatchObject({ phase: 'manual', epoch: 1 });
  expect(group.told).toContainEqual({ type: 'raised', alarm: 'operator-needed', epoch: 1 });
  group.ask('m1', { type: 'maintain', id: 2, isOn: false });
  await group.pass(500);
  expect(group.standing().primary?.server).toBe('b');
});

test('a cold standby is made ready in the place of one that is used', async () => {
  const servers = [...three.servers, { server: 'd', standby: 'cold' as const, canStart: true }];
  const group = await written({ ...quick, servers });
  expect(group.roleOf('m1', 'd')).toBe('cold');
  group.crash('a');
  group.judge('a', 'confirmed');
  await group.pass(1_000);
  expect(group.roleOf('m1', 'd')).toBe('ready');
  expect(group.standing().inSync.map(({ server }) => server)).toEqual(['c', 'd']);
});

test('an old primary that stands still is stopped, where it can be, and comes back as a standby', async () => {
  const stoppable = quick.servers.map((it) => ({ ...it, canStart: true, canStop: true }));
  const group = await written({ ...quick, servers: stoppable });
  group.operations.length = 0;
  group.pause('a');
  group.judge('a', 'confirmed');
  await group.pass(5_000);
  expect(group.operations.filter((it) => it.endsWith('stop a'))).toHaveLength(1);
  expect(group.operations.some((it) => /stop [bc]/.test(it))).toBe(false);
  group.judge('a', 'trusted');
  await group.pass(2_000);
  expect(group.standing()).toMatchObject({ epoch: 2, primary: { server: 'b' } });
  expect(inSync(group)).toEqual(['a', 'c']);
});

describe('zones', () => {
  const at = (server: string, zone: string, standby: 'hot' | 'cold' = 'hot') => ({
    server,
    zone,
    standby,
    canStart: standby === 'cold',
  });

  test('the next primary is of another zone than the one that died', async () => {
    const group = await written({ ...quick, servers: [{ ...at('a', 'x'), priority: 1 }, at('b', 'x'), at('c', 'y')] });
    group.crash('a');
    group.judge('a', 'confirmed');
    await group.pass(500);
    expect(group.standing().primary?.server).toBe('c');
  });

  test('a cold standby elsewhere is made ready where all that are ready would fail with the primary', async () => {
    const servers = [
      { ...at('a', 'x'), priority: 1 },
      at('b', 'x'),
      at('c', 'y'),
      at('d', 'x', 'cold'),
      at('e', 'z', 'cold'),
    ];
    const group = await written({ ...quick, servers, standbys: 1 });
    expect(['d', 'e'].map((it) => group.roleOf('m1', it))).toEqual(['cold', 'cold']);
    group.crash('c');
    group.judge('c', 'confirmed');
    await group.pass(1_000);
    // As many are ready as wanted, but only the one of another zone would be left without zone x.
    expect(['d', 'e'].map((it) => group.roleOf('m1', it))).toEqual(['cold', 'ready']);
  });

  test('none is started, or counts, in a zone that has failed', async () => {
    const servers = [{ ...at('a', 'x'), priority: 1 }, at('b', 'x'), at('c', 'y'), at('d', 'y', 'cold')];
    const group = await written({ ...quick, servers });
    group.crash('c');
    group.judge('c', 'confirmed');
    await group.pass(1_000);
    expect(group.roleOf('m1', 'd')).toBe('cold');
    expect(group.told).toContainEqual(expect.objectContaining({ type: 'raised', alarm: 'too-few-standbys' }));
  });
});

test('the preferred server has its place again, after a while of readiness', async () => {
  const group = await written({ ...quick, failback: 'automatic', settings: { ...quick.settings, failbackAfter: 5 } });
  group.crash('a');
  group.judge('a', 'confirmed');
  await group.pass(300);
  expect(group.standing().primary?.server).toBe('b');
  group.restart('a');
  group.judge('a', 'trusted');
  await group.pass(1_000);
  expect(group.standing()).toMatchObject({ phase: 'monitoring', primary: { server: 'a' } });
});

test('a switchover whose target does not get there in time ends with the old primary', async () => {
  const group = await written({ ...quick, settings: { ...quick.settings, catchUpTimeoutMs: 50 } });
  group.cut('a', 'c');
  const behind = group.write('a', 'z', 100);
  await group.pass(10);
  expect(await behind).toBe('acknowledged');
  // It is in sync as yet, and its link is not known to be gone.
  group.heal('a', 'c');
  group.cut('a', 'c');
  group.ask('m1', { type: 'switchover', id: 1, target: 'c' });
  await group.pass(500);
  expect(group.standing().primary?.server).not.toBe('c');
  expect(group.contents(group.standing().primary?.server ?? '')).toEqual(['x', 'y', 'z']);
});

test('a group that makes no promise chooses whose data reach farthest, and says what may be lost', async () => {
  const group = createGroup({ ...quick, mode: 'pass-through' });
  group.lead('m1');
  await group.pass(300);
  group.cut('a', 'b');
  const ahead = group.write('a', 'x', 100);
  await group.pass(50);
  expect(await ahead).toBe('acknowledged');
  group.crash('a');
  group.judge('a', 'confirmed');
  await group.pass(500);
  expect(group.standing()).toMatchObject({ primary: { server: 'c' }, loss: { epoch: 2, bytes: null, seenBytes: 0 } });
  expect(group.contents('c')).toEqual(['x']);
});
