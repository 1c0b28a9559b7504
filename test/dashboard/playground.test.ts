import { describe, expect, test } from 'vitest';
import type { FeedItem } from '../../src/dashboard/feed.ts';
import { orderedAt, type PlaygroundRun, queryOf, readRun } from '../../src/dashboard/model/playground-run.ts';
import type { Asked, Said } from '../../src/dashboard/playground/contract.ts';
import { choices, work } from '../../src/dashboard/playground/work.ts';
import { systemClock } from '../../src/environment/clock.ts';
import { protocols } from '../../src/proof/protocols.ts';
import { ofType, shownOf } from './runs.ts';

const plain: PlaygroundRun = { protocol: 'agree', nodes: 3, seed: 5, isFaulty: false, edits: [] };

describe('the address of a run', () => {
  test('says all that it follows from', () => {
    const run: PlaygroundRun = {
      ...plain,
      twin: "a ballot's twin & more",
      isFaulty: true,
      edits: [
        { atMs: 12.345, order: { fault: 'cut', from: 'n1', to: 'n2' } },
        { atMs: 700, order: { fault: 'split', groups: [['n1'], ['n2', 'n3']] } },
      ],
    };
    expect(readRun(queryOf(run))).toEqual(run);
    expect(queryOf(plain)).toBe('protocol=agree&seed=5&nodes=3');
  });

  test('that says something else is as none', () => {
    const fresh: PlaygroundRun = { protocol: 'raft', nodes: 3, seed: 1, isFaulty: false, edits: [] };
    expect(readRun('')).toEqual(fresh);
    expect(readRun('?nodes=99&seed=-1&faults=some&edit=5:{}&edit=x&edit=:{"fault":"heal"}&twin=')).toEqual(fresh);
  });

  test('keeps what was ordered until the moment of another order, and nothing after it', () => {
    const kill = { fault: 'kill', node: 'n1' } as const;
    const heal = { fault: 'heal' } as const;
    const once = orderedAt(orderedAt(plain, 100, kill), 900, kill);
    expect(once.edits.map(({ atMs }) => atMs)).toEqual([100.001, 900.001]);
    expect(orderedAt(once, 500, heal).edits).toEqual([
      { atMs: 100.001, order: kill },
      { atMs: 500.001, order: heal },
    ]);
  });
});

describe('the work of the playground', () => {
  /** What is said of `asked`, which is no longer asked after `turns`. */
  async function saidOf(asked: Asked, turns = Number.POSITIVE_INFINITY): Promise<readonly Said[]> {
    const said: Said[] = [];
    let turn = 0;
    let nowMs = 0;
    await work(asked, {
      // Every look at it finds that more time has passed than a slice has.
      clock: { nowMs: () => (nowMs += 1_000) },
      say: (it) => void said.push(it),
      isCurrent: () => turn < turns,
      async turn() {
        turn += 1;
        await new Promise<void>((resolve) => systemClock().enqueue(resolve));
      },
    });
    return said;
  }
  const itemsOf = (said: readonly Said[]): readonly FeedItem[] =>
    said.flatMap((it) => (it.type === 'items' ? it.items : []));

  test('offers every protocol, with its twins and small systems', () => {
    expect(choices().map(({ name }) => name)).toEqual(protocols.map(({ name }) => name));
    for (const { twins, systems, minNodes } of choices()) {
      expect([twins.length > 0, systems.length > 0, minNodes > 0]).toEqual([true, true, true]);
    }
  });

  test('plays a run in slices, the same each time, and another way from an order on', async () => {
    const said = await saidOf({ type: 'run', id: 1, run: plain });
    expect(said.filter(({ type }) => type === 'items').length).toBeGreaterThan(10);
    expect(said.at(-1)).toMatchObject({ type: 'done', id: 1, text: expect.stringContaining('what must hold held') });
    const items = itemsOf(said);
    expect(items[0]).toMatchObject({ type: 'head', title: 'agree, seed 5', takesFaults: true });
    expect(itemsOf(await saidOf({ type: 'run', id: 2, run: plain }))).toEqual(items);
    const killed = orderedAt(plain, 1_000, { fault: 'kill', node: 'n2' });
    const other = itemsOf(await saidOf({ type: 'run', id: 3, run: killed }));
    const until = (all: readonly FeedItem[]) => shownOf(all).filter(({ atMs }) => atMs <= 1_000);
    expect(until(other)).toEqual(until(items));
    expect(ofType(other, 'down')).toEqual([{ type: 'down', node: 'n2', atMs: 1_000.001, reason: 'killed' }]);
  });

  test('leaves off what is no longer asked', async () => {
    const said = await saidOf({ type: 'run', id: 1, run: plain }, 3);
    expect(said.map(({ type }) => type)).not.toContain('done');
  });

  test('checks a small system, and a twin with its counterexample', async () => {
    const agree = protocols.find(({ name }) => name === 'agree');
    const twin = agree?.twins.find(({ checker }) => checker !== undefined)?.name ?? '';
    const found = await saidOf({ type: 'check', id: 1, check: { protocol: 'agree', twin, system: 0 } });
    expect(found.at(-1)).toMatchObject({ type: 'done', text: expect.stringMatching(/is violated in \d+ steps/) });
    expect(itemsOf(found).at(-1)).toMatchObject({ type: 'violation' });
  });

  test('says what cannot be done', async () => {
    const why = async (asked: Asked) => (await saidOf(asked)).map((it) => (it.type === 'failed' ? it.why : it.type));
    expect(await why({ type: 'run', id: 1, run: { ...plain, protocol: 'none' } })).toEqual([
      "expected one of the protocols, got 'none'",
    ]);
    expect(await why({ type: 'run', id: 1, run: { ...plain, twin: 'none' } })).toEqual([
      "expected a twin of agree, got 'none'",
    ]);
    const late = orderedAt(plain, 10_000, { fault: 'heal' });
    expect(await why({ type: 'run', id: 1, run: late })).toEqual([expect.stringContaining('when the run heals')]);
    expect(await why({ type: 'check', id: 1, check: { protocol: 'agree', system: 99 } })).toEqual([
      expect.stringContaining('got 99'),
    ]);
  });
});
