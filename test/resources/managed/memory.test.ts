import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/environment/clock.ts';
import { memoryGroup } from '../../../src/resources/managed/memory.ts';
import { conformsAsManagedServer } from './conformance.ts';

const servers = ['r1', 'r2', 'r3'] as const;

for (const isDurable of [false, true]) {
  conformsAsManagedServer(
    isDurable ? 'a durable server in memory' : 'a server in memory',
    async () => {
      const group = memoryGroup({ servers, clock: systemClock(), isDurable });
      return {
        servers,
        reach: (server, manager) => group.reach(server, manager),
        write: async (server, value) => (await group.write(server, value, 60_000)) === 'acknowledged',
        holds: async (server, value) => group.contents(server).includes(value),
        pause: async (server) => group.pause(server),
        resume: async (server) => group.resume(server),
        crash: async (server) => group.crash(server),
        restart: async (server) => group.restart(server),
        close: async () => undefined,
      };
    },
    { isDurable, comesBackAs: 'fenced' },
  );
}

/** Three servers, of which the first is primary and waits for one of the others. */
async function founded() {
  const group = memoryGroup({ servers, clock: systemClock() });
  const [r1, r2, r3] = servers.map((name) => group.reach(name, 'm1'));
  if (r1 === undefined || r2 === undefined || r3 === undefined) throw new Error('expected three servers');
  for (const at of [r1, r2, r3]) await at.operate({ type: 'claim', term: 1 }, 60_000);
  await r1.operate({ type: 'promote', term: 1, epoch: 1, version: 1, inSync: ['r2', 'r3'], confirmations: 1 }, 60_000);
  for (const at of [r2, r3]) await at.operate({ type: 'follow', term: 1, epoch: 1, primary: 'r1' }, 60_000);
  return { group, r1, r2, r3 };
}

describe('a group in memory', () => {
  test('acknowledges a write once as many of the in-sync set hold it as it was told', async () => {
    const { group, r2 } = await founded();
    expect(await group.write('r1', 'a', 60_000)).toBe('acknowledged');
    group.cut('r1', 'r3');
    expect(await group.write('r1', 'b', 60_000)).toBe('acknowledged');
    expect(group.contents('r2')).toEqual(['a', 'b']);
    expect(group.contents('r3')).toEqual(['a']);

    await r2.operate({ type: 'fence', term: 1, epoch: 2 }, 60_000);
    expect(await group.write('r1', 'c', 50)).toBe('unknown');
    expect(group.contents('r1')).toEqual(['a', 'b', 'c']);
  });

  test('loses what goes one way where that alone is cut', async () => {
    const { group } = await founded();
    group.cutOneWay('r2', 'r1');
    group.cut('r1', 'r3');
    expect(await group.write('r1', 'a', 50)).toBe('unknown');
    expect(group.contents('r2')).toEqual(['a']);
    group.heal('r1', 'r2');
    expect(await group.write('r1', 'b', 60_000)).toBe('acknowledged');
  });

  test('brings a standby what it missed when a partition heals', async () => {
    const { group } = await founded();
    group.cut('r1', 'r3');
    await group.write('r1', 'a', 60_000);
    expect(group.status('r3').isLinked).toBe(false);
    expect(group.status('r1').confirmed).not.toHaveProperty('r3');

    group.heal('r1', 'r3');
    expect(await group.write('r1', 'b', 60_000)).toBe('acknowledged');
    await group.reach('r3', 'm1').operate({ type: 'look' }, 60_000);
    expect(group.contents('r3')).toEqual(['a', 'b']);
    expect(group.status('r3').isLinked).toBe(true);
  });

  test('a paused server takes what waited for it when it goes on, a write of a client too', async () => {
    const { group, r2, r3 } = await founded();
    group.pause('r1');
    const late = group.write('r1', 'late', 100);
    for (const at of [r2, r3]) await at.operate({ type: 'fence', term: 1, epoch: 2 }, 60_000);
    group.resume('r1');

    expect(await late).toBe('unknown');
    expect(group.contents('r1')).toEqual(['late']);
    expect(group.contents('r2')).toEqual([]);
  });

  test('a standby takes nothing that was under way to it when it was fenced', async () => {
    const { group, r1, r2 } = await founded();
    group.cut('r1', 'r3');
    group.pause('r2');
    const fencing = r2.operate({ type: 'fence', term: 1, epoch: 2 }, 60_000);
    const late = group.write('r1', 'late', 50);
    await r1.operate({ type: 'look' }, 60_000);
    group.resume('r2');
    await fencing;

    expect(await late).toBe('unknown');
    expect(group.contents('r1')).toEqual(['late']);
    expect(group.contents('r2')).toEqual([]);
  });

  test('a server that lost its memory comes back with none, in a history of its own', async () => {
    const { group } = await founded();
    await group.write('r1', 'a', 60_000);
    const before = group.status('r2');
    group.crash('r2');
    group.restart('r2', Number.POSITIVE_INFINITY);

    expect(group.contents('r2')).toEqual([]);
    expect(group.status('r2')).toMatchObject({ role: 'fenced', position: { offset: 0 }, mark: null });
    expect(group.status('r2').incarnation).not.toBe(before.incarnation);
    expect(group.status('r2').position.history).not.toBe(before.position.history);
  });

  test('a manager that is cut off reaches nothing, and finds its claim where it was', async () => {
    const { group, r2 } = await founded();
    group.cut('r2', 'm1');
    expect(await r2.probe(20)).toBe('silent');
    await expect(r2.operate({ type: 'fence', term: 1, epoch: 2 }, 20)).rejects.toMatchObject({
      code: 'RESOURCE_DEADLINE',
    });
    expect(group.status('r2').role).toBe('standby');
    expect(await group.reach('r2', 'm2').probe(60_000)).toBe('answers');
  });
});
