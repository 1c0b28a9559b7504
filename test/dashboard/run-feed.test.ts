import { describe, expect, test } from 'vitest';
import type { FeedItem } from '../../src/dashboard/feed.ts';
import type { Edit } from '../../src/dashboard/fork.ts';
import { recordRun } from '../../src/dashboard/record-run.ts';
import { allFaults, planSeed } from '../../src/simulator/plan.ts';
import { runAsync } from '../../src/simulator/run.ts';
import { expectPaired, faulty, itemsOf, ofType, planned, protocol, shownOf } from './runs.ts';

const raft = protocol('raft');

describe('the feed of a run', () => {
  test('begins with its head, and is the same each time', () => {
    const request = { protocol: raft, schedule: planned(raft, 7, allFaults), ...faulty };
    const items = itemsOf(request);
    expect(items[0]).toEqual({
      type: 'head',
      source: 'simulation',
      title: 'raft, seed 7',
      nodes: ['n1', 'n2', 'n3'],
      takesFaults: true,
    });
    expect(items.length).toBeGreaterThan(500);
    expect(itemsOf(request)).toEqual(items);
  });

  test('changes nothing of the run', async () => {
    const schedule = planned(raft, 7, allFaults);
    const bare = await runAsync(raft.scenario(), schedule, faulty);
    const { result } = await recordRun({ protocol: raft, schedule, ...faulty });
    expect(result.log.digest).toBe(bare.log.digest);
    expect(result.schedule).toEqual(bare.schedule);
  });

  test.each(['raft', 'detector'])('of %s pairs each message with the steps at both ends', expectPaired);

  test('tells each message that does not arrive as lost, and why', () => {
    const items = itemsOf({ protocol: raft, schedule: planned(raft, 7, allFaults), ...faulty });
    const reasons = new Set(ofType(items, 'lost').map(({ reason }) => reason));
    expect(reasons).toContain('the link is cut');
    const taken = new Set(ofType(items, 'step').map(({ sent }) => sent));
    const never = ofType(items, 'lost').filter(({ reason }) => reason === 'lost on the way');
    for (const { sent } of never) expect(taken).not.toContain(sent);
  });

  test('leaves none under way that a service took in, or whose node went down', () => {
    const edits: Edit[] = [{ atMs: 1_500, order: { fault: 'kill', node: 'n2' } }];
    const items = itemsOf({ protocol: raft, schedule: planned(raft, 5), edits, ...faulty });
    const arrived = new Set(ofType(items, 'arrived').map(({ sent }) => sent));
    const sent = ofType(items, 'sent');
    const toServices = sent.filter(({ to }) => to.split('/')[1] === 'store');
    expect(toServices.length).toBeGreaterThan(10);
    const lost = new Set(ofType(items, 'lost').map((item) => item.sent));
    const taken = new Set(ofType(items, 'step').map((item) => item.sent));
    for (const { id } of toServices) expect(taken).not.toContain(id);
    const lastMs = items.flatMap((item) => (item.type === 'head' ? [] : [item.atMs])).at(-1) ?? 0;
    const open = sent.filter(({ id }) => !arrived.has(id) && !lost.has(id) && !taken.has(id));
    // What is under way at the end has just left: nothing takes a second here.
    for (const { atMs } of open) expect(atMs).toBeGreaterThan(lastMs - 1_000);
  });

  test('names the one-way links that a fault touches', () => {
    const edits: Edit[] = [
      { atMs: 1_000, order: { fault: 'split', groups: [['n1'], ['n2', 'n3']] } },
      { atMs: 1_500, order: { fault: 'heal' } },
      { atMs: 2_000, order: { fault: 'cut', from: 'n3', to: 'n1' } },
      { atMs: 2_500, order: { fault: 'pause', node: 'n1' } },
    ];
    const faults = ofType(itemsOf({ protocol: raft, schedule: planned(raft, 1), edits }), 'fault');
    const linksOf = (text: string) => faults.find((fault) => fault.text === text && fault.isActive)?.links;
    expect(linksOf('split: n1 | n2 n3')).toEqual([
      ['n1', 'n2'],
      ['n1', 'n3'],
      ['n2', 'n1'],
      ['n3', 'n1'],
    ]);
    expect(linksOf('n3 cannot reach n1')).toEqual([['n3', 'n1']]);
    expect(linksOf('n1 stands still')).toBeUndefined();
  });

  test('tells nodes, faults and operations from their beginning to their end', () => {
    const faults: Edit[] = [
      { atMs: 1_000, order: { fault: 'kill', node: 'n1' } },
      { atMs: 1_500, order: { fault: 'pause', node: 'n2' } },
      { atMs: 1_700, order: { fault: 'resume', node: 'n2' } },
      { atMs: 2_000, order: { fault: 'restart', node: 'n1' } },
    ];
    const items = itemsOf({ protocol: raft, schedule: planned(raft, 1), edits: faults });
    const n1 = shownOf(items).filter(({ node, type }) => node === 'n1' && (type === 'up' || type === 'down'));
    expect(n1).toEqual([
      { type: 'up', node: 'n1', atMs: 0 },
      { type: 'down', node: 'n1', atMs: 1_000, reason: 'killed' },
      { type: 'up', node: 'n1', atMs: 2_000 },
    ]);
    expect(shownOf(items).filter(({ type }) => type === 'paused' || type === 'resumed')).toEqual([
      { type: 'paused', node: 'n2', atMs: 1_500 },
      { type: 'resumed', node: 'n2', atMs: 1_700 },
    ]);
    expect(ofType(items, 'fault').map(({ atMs, text, isActive, byHand }) => [atMs, text, isActive, byHand])).toEqual([
      [1_000, 'n1 is killed', true, true],
      [1_500, 'n2 stands still', true, true],
      [1_700, 'n2 stands still', false, true],
      [2_000, 'n1 is killed', false, true],
    ]);
    const operations = ofType(items, 'operation');
    const began = operations.filter(({ phase }) => phase === 'began');
    expect(began.length).toBeGreaterThan(50);
    expect(began.some(({ text, key }) => text.startsWith('put a ') && key === 'a')).toBe(true);
    for (const ended of operations.filter(({ phase }) => phase === 'ended')) {
      expect(began.map(({ id }) => id)).toContain(ended.id);
    }
    expect(operations.some(({ text }) => text.startsWith('ok'))).toBe(true);
  });

  test('beyond its limit counts, and tells what went wrong nevertheless', () => {
    const agree = protocol('agree');
    const twin = agree.twins.find(({ simulator }) => simulator?.seed !== undefined);
    const schedule = planSeed(agree.scenario(), { seed: twin?.simulator?.seed ?? 0, nodes: 3, faults: allFaults });
    const play = (maxItems: number): readonly FeedItem[] =>
      itemsOf({ protocol: agree, twin: twin?.name ?? '', schedule, ...faulty, maxItems });
    const items = play(50);
    expect(items).toHaveLength(53);
    expect(items.at(-2)).toMatchObject({ type: 'summary', reason: 'more than 50 things happened' });
    expect(items.at(-1)).toMatchObject({ type: 'violation', node: 'n1' });
    const all = play(1_000_000);
    const counted = Object.values(ofType(items, 'summary')[0]?.counts ?? {}).reduce((sum, count) => sum + count, 0);
    expect(counted).toBe(all.length - 52);
  });
});
