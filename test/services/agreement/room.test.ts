import { describe, expect, test } from 'vitest';
import { RoomFullError } from '../../../src/host/errors.ts';
import { agree, DecisionUnknownError, learn, openRegister } from '../../../src/services/agreement.ts';
import { type Cluster, createCluster } from './cluster.ts';

const acceptors = ['n1', 'n2', 'n3'];
const two = { rooms: { agreement: 2 } };
const agreeing = (cluster: Cluster, id: string, key: string, value: string, deadlineMs = 1_000) =>
  cluster.value(agree(cluster.node(id), { key, value, acceptors, clock: cluster.clock, deadlineMs }));

describe('a node that keeps as many keys as it may', () => {
  const filled = async (): Promise<Cluster> => {
    const cluster = createCluster(1, ['n1', 'n2', 'n3', 'n4'], two);
    for (const key of ['a', 'b']) expect(await agreeing(cluster, 'n1', key, key)).toBe(key);
    return cluster;
  };

  test('refuses another one at once, by name, and decides and tells those that it has, also at other nodes', async () => {
    const cluster = await filled();
    const startedMs = cluster.clock.nowMs();
    for (const id of acceptors) await expect(agreeing(cluster, id, 'c', 'c')).rejects.toThrow(RoomFullError);
    expect(cluster.clock.nowMs()).toBe(startedMs);
    for (const id of ['n1', 'n2', 'n4']) expect(await agreeing(cluster, id, 'a', id)).toBe('a');
    const asked = { key: 'b', acceptors, clock: cluster.clock };
    expect(await cluster.value(learn(cluster.node('n3'), asked))).toBe('b');
    expect(cluster.node('n1').occupancy.rooms).toMatchObject({ agreement: { count: 2, limit: 2 } });
  });

  test('refuses registers, too, and leaves all its other room to others', async () => {
    const cluster = await filled();
    const register = openRegister(cluster.node('n1'), { key: 'c', acceptors, clock: cluster.clock });
    await expect(cluster.value(register.change(() => 1))).rejects.toThrow(RoomFullError);
    const { actors } = cluster.node('n1').occupancy;
    expect(actors).toEqual({ count: 4, limit: 100_000 });
  });

  test('is no acceptor of another key: who asks elsewhere waits in vain, and it counts what it refused', async () => {
    const cluster = await filled();
    await expect(agreeing(cluster, 'n4', 'c', 'c')).rejects.toThrow(DecisionUnknownError);
    expect(cluster.node('n1').refused.overload).toBeGreaterThan(0);
    expect(cluster.node('n1').actors()).not.toContain('n1/paxos.acceptor/agree/c');
  });
});

test('a node that is no acceptor counts the keys that it remembers, before anything is asked of them', async () => {
  const cluster = createCluster(1, ['n1', 'n2', 'n3', 'n4'], two);
  await agreeing(cluster, 'n4', 'a', 'a');
  const opened = (key: string) => openRegister(cluster.node('n4'), { key, acceptors, clock: cluster.clock });
  await cluster.value(opened('b').change(() => 1));
  cluster.crash('n4');
  cluster.restart('n4');
  expect(await cluster.value(opened('b').read())).toBe(1);
  await expect(cluster.value(opened('c').read())).rejects.toThrow(RoomFullError);
  await expect(agreeing(cluster, 'n4', 'c', 'c')).rejects.toThrow(RoomFullError);
});

test('a node whose limit was lowered starts with all keys that it had, and takes no other', async () => {
  const cluster = createCluster(1, acceptors, two);
  for (const key of ['a', 'b']) await agreeing(cluster, 'n1', key, key);
  for (const id of acceptors) cluster.crash(id);
  for (const id of acceptors) cluster.restart(id, { actors: 1, rooms: { agreement: 1 } });
  expect(cluster.node('n1').occupancy).toMatchObject({
    actors: { count: 2, limit: 1 },
    rooms: { agreement: { count: 2, limit: 1 } },
  });
  expect(await agreeing(cluster, 'n1', 'b', 'x')).toBe('b');
  await expect(agreeing(cluster, 'n1', 'c', 'c')).rejects.toMatchObject({ code: 'NODE_OVERLOADED' });
});
