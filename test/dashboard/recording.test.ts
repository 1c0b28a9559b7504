import { describe, expect, test } from 'vitest';
import { recordRun } from '../../src/dashboard/record-run.ts';
import { formatRecording, parseRecording } from '../../src/dashboard/recording.ts';
import { allFaults } from '../../src/simulator/plan.ts';
import { faulty, itemsOf, ofType, planned, protocol, shownOf } from './runs.ts';

const raft = protocol('raft');

describe('a recording', () => {
  const request = { protocol: raft, schedule: planned(raft, 7, allFaults), ...faulty };

  test('is read as it was written', async () => {
    const { recording } = await recordRun(request);
    const text = formatRecording(recording);
    expect(parseRecording(text)).toEqual(JSON.parse(JSON.stringify(recording)));
    expect(recording.items).toEqual(itemsOf({ ...request, maxItems: 1_000_000 }));
  });

  test('keeps the last of a run, and how everything stood before', async () => {
    const { recording: all } = await recordRun(request);
    const { recording } = await recordRun(request, 200);
    const [head, summary, ...rest] = recording.items;
    expect(head).toEqual(all.items[0]);
    expect(rest.slice(-200)).toEqual(all.items.slice(-200));
    expect(summary).toMatchObject({ type: 'summary', reason: 'only what happened last is kept' });
    const standing = rest.slice(0, -200);
    const first = shownOf(rest.slice(-200))[0]?.atMs;
    expect(standing.length).toBeGreaterThan(5);
    for (const item of shownOf(standing)) expect(item.atMs).toBe(first);
    // Who is alive then is as the whole recording tells it.
    const dropped = shownOf(all.items.slice(1, -200));
    for (const { actor, value } of ofType(standing, 'actor')) {
      const last = dropped.findLast((item) => (item.type === 'step' || item.type === 'actor') && item.actor === actor);
      expect(last).toMatchObject({ actor, value });
    }
  });

  test('that is malformed is refused by name, with the place', () => {
    const head = { type: 'head', source: 'check', title: 't', nodes: [], takesFaults: false };
    const of = (...items: unknown[]) => JSON.stringify({ quorate: 'recording', version: 1, items });
    expect(parseRecording(of(head)).items).toEqual([head]);
    expect(() => parseRecording('no')).toThrow('expected a recording in JSON');
    expect(() => parseRecording('{}')).toThrow('malformed at quorate');
    expect(() => parseRecording(of())).toThrow('malformed at items: expected items');
    expect(() => parseRecording(of(head, { type: 'up', node: 'n1', atMs: 'now' }))).toThrow(
      'malformed at items.1.atMs',
    );
    expect(() => parseRecording(of(head, { type: 'sudden', node: 'n1', atMs: 1 }))).toThrow(
      'malformed at items.1.type',
    );
  });
});
