/** What users of other failover managers complain of in public: none of it may happen here. */

import { expect, test } from 'vitest';
import type { GivenGroupPlan } from '../../../statecharts/failover.ts';
import { createGroup, type TestGroup } from './group.ts';

const servers = ['a', 'b', 'c'] as const;
const plan: GivenGroupPlan = {
  group: 'g',
  mode: 'durable',
  servers: servers.map((server) => ({ server, priority: server === 'a' ? 1 : 0, maxLagBytes: 0 })),
  settings: { lookIntervalMs: 20, retryIntervalMs: 20, settleAfter: 2 },
};

/** A group whose primary is a, with data that were acknowledged. */
async function written(): Promise<TestGroup> {
  const group = createGroup(plan, { isDurable: true });
  group.lead('m1');
  await group.pass(300);
  await acknowledged(group, 'a', 'x');
  return group;
}

async function acknowledged(group: TestGroup, server: string, value: string): Promise<void> {
  const outcome = group.write(server, value, 1_000);
  await group.pass(50);
  expect(await outcome).toBe('acknowledged');
}

const primariesIn = (group: TestGroup): readonly string[] =>
  servers.filter((server) => group.status(server).role === 'primary');
const primaryOf = (group: TestGroup): string => group.standing().primary?.server ?? '';

function crash(group: TestGroup, server: string): void {
  group.crash(server);
  group.judge(server, 'confirmed');
}
function restart(group: TestGroup, server: string): void {
  group.restart(server);
  group.judge(server, 'trusted');
}

test('what a primary had written and nobody confirmed keeps no standby from its place, however tight the lag (patroni #3703)', async () => {
  const group = await written();
  for (const standby of ['b', 'c']) group.cut('a', standby);
  const late = group.write('a', 'never confirmed', 1_000);
  await group.pass(5);
  crash(group, 'a');
  await group.pass(100);
  expect(await late).not.toBe('acknowledged');
  expect(group.standing()).toMatchObject({ primary: { server: 'b' }, loss: null });
  await acknowledged(group, 'b', 'y');
  expect(group.contents('b')).toEqual(['x', 'y']);
});

test.each(Array.from({ length: 10 }, (_, at) => at * 4))(
  'a primary that dies while a standby comes back, after %i ms, leaves a group that finds another (patroni #3662)',
  async (afterMs) => {
    const group = await written();
    crash(group, 'b');
    await group.pass(200);
    expect(group.standing().inSync.map(({ server }) => server)).toEqual(['c']);
    restart(group, 'b');
    await group.pass(afterMs);
    crash(group, 'a');
    await group.pass(500);
    expect(['b', 'c']).toContain(primaryOf(group));
    await acknowledged(group, primaryOf(group), 'y');
    expect(group.contents(primaryOf(group))).toEqual(['x', 'y']);
  },
);

test.each(['m1', 'm2'])(
  'after a restart of everything at once, with %s in office, one server is primary and has all',
  async (manager) => {
    const group = await written();
    for (const server of servers) crash(group, server);
    await group.pass(100);
    group.lead('m2');
    for (const server of servers) restart(group, server);
    // None comes back as what it was before a manager has said so.
    expect(primariesIn(group)).toEqual([]);
    group.lead(manager);
    await group.pass(1_000);
    expect(primariesIn(group)).toEqual([primaryOf(group)]);
    await acknowledged(group, primaryOf(group), 'y');
    expect(group.contents(primaryOf(group))).toEqual(['x', 'y']);
  },
);

test('a promoted standby that dies at once leaves its data to the next one', async () => {
  const group = await written();
  crash(group, 'a');
  await group.pass(60);
  expect(primaryOf(group)).toBe('b');
  crash(group, 'b');
  await group.pass(500);
  expect(primaryOf(group)).toBe('c');
  expect(group.contents('c')).toEqual(['x']);
  // Nobody is left to confirm: writes wait, and that is told.
  expect(group.told).toContainEqual(expect.objectContaining({ type: 'raised', alarm: 'too-few-in-sync' }));
  restart(group, 'b');
  await group.pass(500);
  await acknowledged(group, 'c', 'y');
});

test.each(Array.from({ length: 12 }, (_, at) => at))(
  "the managers' own quorum, lost %i ms into a failover, is waited for, and the failover goes on when it is back",
  async (afterMs) => {
    const group = await written();
    crash(group, 'a');
    await group.pass(afterMs);
    group.setQuorum(false);
    const { primary: recorded } = group.standing();
    await group.pass(2_000);
    // What was recorded may have been carried out, and nothing else.
    expect(primariesIn(group).length).toBeLessThanOrEqual(1);
    expect(group.standing().primary).toEqual(recorded);
    group.setQuorum(true);
    await group.pass(500);
    expect(primaryOf(group)).toBe('b');
    expect(primariesIn(group)).toEqual(['b']);
    await acknowledged(group, 'b', 'y');
    expect(group.contents('b')).toEqual(['x', 'y']);
  },
);
