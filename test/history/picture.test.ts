import { describe, expect, test } from 'vitest';
import { checkHistory } from '../../src/history/check.ts';
import type { HistoryEvent } from '../../src/history/event.ts';
import type { SequentialModel } from '../../src/history/model.ts';
import { casRegister, register } from '../../src/history/models.ts';
import { layOut } from '../../src/history/picture/layout.ts';
import { renderPicture } from '../../src/history/picture/svg.ts';
import { renderReport } from '../../src/history/report.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';
import { readsAndWrites, simulate, toHistory, withWrongRead } from './support/workload.ts';

const staleRead: HistoryEvent[] = [
  { process: 1, type: 'invoke', f: 'write', value: 'a<b', time: 0 },
  { process: 1, type: 'ok', time: 5 },
  { type: 'fault', phase: 'begin', id: 'f1', kind: 'partition', target: 'n1 | n2 n3', time: 6 },
  { process: 2, type: 'invoke', f: 'write', value: 2, time: 10 },
  { process: 3, type: 'invoke', f: 'write', value: 3, time: 11 },
  { process: 3, type: 'info', time: 12 },
  { process: 2, type: 'ok', time: 15 },
  { type: 'fault', phase: 'end', id: 'f1', time: 18 },
  { process: 1, type: 'invoke', f: 'cas', value: [1, 9], time: 19 },
  { process: 4, type: 'invoke', f: 'read', time: 20 },
  { process: 1, type: 'fail', time: 22 },
  { process: 4, type: 'ok', value: 'a<b', time: 2_000 },
];
const judge = (events: readonly HistoryEvent[], model: SequentialModel<unknown> = casRegister()) => {
  const history = toHistory(events, model);
  const result = checkHistory(history, model, { clock: createVirtualClock(), stepLimit: 5_000_000 });
  return { history, result, model };
};
const occurrences = (text: string, part: string): number => text.split(part).length - 1;

describe('the report', () => {
  test('of a violation names the operation, what could have been, and the prefix before it', () => {
    const { history, result, model } = judge(staleRead);
    expect(renderReport(history, result, model)).toBe(
      [
        'Not linearizable: the object, as a cas-register.',
        '',
        'The first operation that cannot be linearized:',
        '  lines 10-12       process 4     read → "a<b"',
        '',
        'The value can have been, at that point: 2, 3',
        '',
        'The longest prefix that can be linearized explains 2 answers, and ends:',
        '  lines 1-2         process 1     write "a<b"',
        '  lines 4-7         process 2     write 2',
        '',
        '5 operations on 1 objects: 3 ok, 1 failed, 1 unknown; 1 faults',
        `${result.objects[0]?.steps} steps, ${result.objects[0]?.configurations} configurations, 0.0 MiB at most, 0 ms`,
        '',
      ].join('\n'),
    );
  });

  test('of a history that is fine says so', () => {
    const { history, result, model } = judge(staleRead.slice(0, -1));
    expect(renderReport(history, result, model)).toMatch(/^Linearizable: .*cas-register\.\n/);
  });

  test('of an unknown verdict says how far the search came, and why it ended', () => {
    const { history, model } = judge(staleRead);
    const result = checkHistory(history, model, { clock: createVirtualClock(), stepLimit: 1 });
    expect(renderReport(history, result, model)).toMatch(
      /^Unknown: .*\n {2}the object: explained \d of 3 answers, 1 unknown outcomes, the limit of steps was reached\n/,
    );
  });
});

describe('the picture', () => {
  test('shows every operation and fault of a short history on one axis', () => {
    const { history, result, model } = judge(staleRead);
    const svg = renderPicture(history, result, model) ?? '';
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(svg).toContain('process 4: read → &quot;a&lt;b&quot;, lines 10-12');
    expect(svg).toContain('partition n1 | n2 n3');
    expect(svg).toContain('write 3 → ?');
    expect(svg).toContain('cas [1,9] failed');
    expect(occurrences(svg, 'stroke-width="2.5"')).toBe(1);
    expect(svg).not.toContain('Not shown');
    expect(svg).not.toMatch(/<script|href=|url\(/);
  });

  test('keeps the order of events, and lets an unknown outcome last for ever', () => {
    const { history, result } = judge(staleRead);
    const violation = result.violation;
    if (violation === undefined) throw new Error('expected a violation');
    const { bars, faults, width, points } = layOut(history, violation);
    const bar = (line: number) => bars.find(({ operation }) => operation.invokedAt.line === line);
    expect(bars.map(({ standing }) => standing)).toEqual(['linearized', 'linearized', 'open', 'failed', 'culprit']);
    expect(bar(5)?.right).toBe(width);
    expect(bar(5)?.gaveUp).toBeLessThan(bar(4)?.right ?? 0);
    expect(faults[0]?.left).toBeGreaterThan(bar(1)?.right ?? 0);
    expect(faults[0]?.right).toBeGreaterThan(bar(4)?.right ?? 0);
    expect(faults[0]?.right).toBeLessThan(bar(10)?.left ?? 0);
    for (const { rank, x } of points) {
      const operation = violation.linearization[rank];
      const its = bars.find((candidate) => candidate.operation === operation);
      expect(x).toBeGreaterThan(its?.left ?? 0);
      expect(x).toBeLessThan(its?.right ?? 0);
    }
  });

  test('of a long history stays small, holds the culprit, and says what it leaves out', () => {
    const model = register();
    const events = simulate(model, {
      seed: 3,
      operations: 2_000,
      processes: 60,
      keys: 1,
      call: readsAndWrites,
      unknown: 0.02,
    });
    const faults = Array.from({ length: 200 }, (_, index) => ({
      type: 'fault' as const,
      phase: 'begin' as const,
      id: `f${index}`,
      kind: `<pause> ${'\u0000"'.repeat(60)}`,
      target: 'n'.repeat(200),
      time: 0,
    }));
    const history = toHistory([...faults, ...withWrongRead(events, 1)], model);
    const result = checkHistory(history, model, { clock: createVirtualClock(), stepLimit: 300_000 });
    const svg = renderPicture(history, result, model) ?? '';
    expect(svg.length).toBeLessThan(256 * 1_024);
    expect(svg).toMatch(/Not shown: 19\d\d operations on this object, 170 faults/);
    expect(svg).not.toContain('\u0000');
    expect(svg).not.toContain('<pause>');
  });

  test('of a part of a history holds the operation that cannot be linearized and those under way with it', () => {
    const model = register();
    const events = simulate(model, { seed: 4, operations: 600, processes: 6, keys: 1, call: readsAndWrites });
    const { history, result } = judge(withWrongRead(events, 4), model);
    const violation = result.violation;
    if (violation?.stuckAt === undefined) throw new Error('expected a violation');
    const { bars, hidden } = layOut(history, violation, { operations: 12 });
    expect(bars).toHaveLength(12);
    expect(hidden.operations).toBe(588);
    expect(bars.filter(({ standing }) => standing === 'culprit')).toHaveLength(1);
    const deadline = violation.stuckAt.completedAt?.line ?? 0;
    const underWay = history.operations.filter(
      ({ invokedAt, completedAt }) => invokedAt.line < deadline && (completedAt?.line ?? 0) > deadline,
    );
    expect(bars.map(({ operation }) => operation)).toEqual(expect.arrayContaining(underWay));
  });

  test('is not there for a history without operations', () => {
    const { history, result, model } = judge([]);
    expect(renderPicture(history, result, model)).toBe(undefined);
  });
});
