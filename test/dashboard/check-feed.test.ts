import { describe, expect, test } from 'vitest';
import { renderTrace } from '../../src/checker.ts';
import { checkFeed, counterexampleOf } from '../../src/dashboard/check-feed.ts';
import type { FeedItem } from '../../src/dashboard/feed.ts';
import { formatRecording, parseRecording } from '../../src/dashboard/recording.ts';
import { nodeOf } from '../../statecharts/actor.ts';
import { ofType, protocol, shownOf } from './runs.ts';

/** The counterexample of the first twin of a protocol that the checker finds, and its feed. */
function found(name: string, violated?: string): { readonly items: readonly FeedItem[]; readonly steps: number } {
  const of = protocol(name);
  const twin = of.twins.find(
    ({ checker }) => checker !== undefined && (violated ?? checker.violates) === checker.violates,
  );
  const result = of.check({}, { maxStates: 200_000, tellsCharts: true }, twin?.name);
  const counterexample = counterexampleOf(result);
  if (counterexample === undefined) throw new Error(`nothing was found of ${name}`);
  return { items: checkFeed(result.model, counterexample), steps: counterexample.trace.steps.length };
}

describe('the feed of a counterexample', () => {
  test.each(['raft', 'paxos', 'caspaxos', 'agree'])('of %s tells each step, and joins messages with them', (name) => {
    const { items, steps } = found(name);
    expect(items[0]).toMatchObject({ type: 'head', source: 'check', takesFaults: false });
    expect(items.at(-1)).toMatchObject({ type: 'violation', atMs: steps });
    const times = shownOf(items).map(({ atMs }) => atMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    const sent = new Map(ofType(items, 'sent').map((item) => [item.id, item]));
    const taken = new Map(ofType(items, 'step').map((step) => [step.id, step]));
    expect(sent.size).toBeGreaterThan(0);
    for (const item of sent.values()) expect(taken.get(item.step ?? '')?.actor).toBe(item.from);
    const received = [...taken.values()].filter(({ from, node }) => nodeOf(from) !== node);
    expect(received.length).toBeGreaterThan(0);
    for (const step of received) {
      expect(sent.get(step.sent ?? '')).toMatchObject({ from: step.from, to: step.actor, message: step.cause });
    }
    expect(parseRecording(formatRecording({ quorate: 'recording', version: 1, items })).items).toHaveLength(
      items.length,
    );
  });

  test('shows the transitions that charts take, with the rules that they cite, and the timers that fire', () => {
    const { items } = found('raft');
    const steps = ofType(items, 'step');
    expect(steps.some(({ cause }) => cause.type === 'after electionTimeout')).toBe(true);
    expect(steps.flatMap(({ transitions }) => transitions).some(({ rule }) => rule?.startsWith('Raft') === true)).toBe(
      true,
    );
    expect(steps.some(({ effects }) => effects.some((effect) => effect.startsWith('persist ')))).toBe(true);
    expect(new Set(steps.map(({ chart }) => chart))).toEqual(new Set(['raft.server']));
  });

  test('is told by a check that explores and finds the same as one that tells nothing', () => {
    const raft = protocol('raft');
    const twin = raft.twins.find(({ checker }) => checker !== undefined)?.name;
    const [bare, told] = [false, true].map((tellsCharts) => raft.check({}, { maxStates: 200_000, tellsCharts }, twin));
    expect([told?.states, told?.transitions, told?.localStates]).toEqual([
      bare?.states,
      bare?.transitions,
      bare?.localStates,
    ]);
    expect(told?.receptions).toEqual(bare?.receptions);
    const traces = [bare, told].map((result) => result?.properties.map(({ trace }) => trace && renderTrace(trace)));
    expect(traces[1]).toEqual(traces[0]);
  });
});
