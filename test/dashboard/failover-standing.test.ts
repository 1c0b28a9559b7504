import { expect, test } from 'vitest';
import type { Shown } from '../../src/dashboard/feed.ts';
import { groupsAt, opinionsAt } from '../../src/dashboard/model/failover-standing.ts';
import { Timeline } from '../../src/dashboard/model/timeline.ts';
import { head } from './feeds.ts';
import { historyOf, momentsOf } from './standing.ts';

const manager = (node: string, role: string, context: object): Shown => ({
  type: 'actor',
  node,
  atMs: 0,
  actor: `${node}/failover.manager/db`,
  chart: 'failover.manager',
  value: role,
  role,
  context,
});
const momentOf = (items: readonly Shown[]) => {
  const timeline = new Timeline();
  timeline.add([head, ...items]);
  return timeline.at(timeline.end);
};

test('an opinion says who holds it, of what, and since when', () => {
  const actor = {
    actor: 'n1/fault-detector/r1',
    chart: 'fault-detector',
    value: 'trusted',
    context: { watched: 'r1' },
  } as const;
  const said = (atMs: number, role: string): Shown => ({ type: 'actor', node: 'n1', atMs, ...actor, role });
  const moment = momentOf([said(10, 'trusted'), said(20, 'suspected'), said(30, 'suspected')]);
  expect(opinionsAt(moment)).toEqual([
    { actor: actor.actor, node: 'n1', watched: 'r1', opinion: 'suspected', sinceMs: 20 },
  ]);
});

test('a group is as the manager in office sees it', () => {
  const standing = {
    phase: 'monitoring',
    epoch: 3,
    primary: { server: 'r2' },
    inSync: [{ server: 'r3' }],
  };
  const sights = [
    { server: 'r1', opinion: 'confirmed', seen: null },
    { server: 'r2', opinion: 'trusted', seen: { role: 'primary', position: { offset: 9 }, isLinked: false } },
    { server: 'r3', opinion: 'trusted', seen: { role: 'standby', position: { offset: 8 }, isLinked: true } },
  ];
  const moment = momentOf([
    manager('n1', 'waiting', { standing: { phase: 'founding' }, sights: [] }),
    manager('n2', 'monitoring', { standing, sights, raised: ['no-candidate'] }),
  ]);
  expect(groupsAt(moment)).toEqual([
    expect.objectContaining({ node: 'n2', phase: 'monitoring', epoch: 3, primary: 'r2', alarms: ['no-candidate'] }),
  ]);
  expect(groupsAt(moment)[0]?.servers).toEqual([
    { server: 'r1', role: 'not seen', opinion: 'confirmed', offset: undefined, isLinked: false, isInSync: false },
    { server: 'r2', role: 'primary', opinion: 'trusted', offset: 9, isLinked: false, isInSync: true },
    { server: 'r3', role: 'standby', opinion: 'trusted', offset: 8, isLinked: true, isInSync: true },
  ]);
});

test('a group without a manager in office is as one of the others sees it', () => {
  const moment = momentOf([manager('n1', 'waiting', { sights: [] }), manager('n3', 'taking-office', { sights: [] })]);
  expect(groupsAt(moment).map(({ node, phase }) => `${node} ${phase}`)).toEqual(['n1 waiting']);
});

test('of a run, it shows what all nodes think of all servers, the primary, and the standbys in sync', async () => {
  const timeline = await historyOf('failover', 1, ['outage']);
  const opinions = new Map<string, Set<string>>();
  const primaries = new Set<string>();
  let pooled = 0;
  for (const { moment } of momentsOf(timeline)) {
    for (const { node, watched, opinion } of opinionsAt(moment)) {
      const held = opinions.get(`${node} ${watched}`) ?? new Set();
      opinions.set(`${node} ${watched}`, held.add(opinion));
    }
    for (const { primary, servers, epoch } of groupsAt(moment)) {
      if (primary !== undefined) primaries.add(`${primary} in ${epoch}`);
      pooled = Math.max(
        pooled,
        servers.filter(({ role, isInSync, isLinked }) => role === 'standby' && isInSync && isLinked).length,
      );
      for (const { server, role } of servers) if (server === primary) expect(role).toBe('primary');
    }
  }
  expect(opinions.size).toBe(9);
  for (const held of opinions.values()) expect(held).toContain('trusted');
  expect(primaries.size).toBeGreaterThan(0);
  expect(pooled).toBe(2);
});
