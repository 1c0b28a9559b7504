import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type IsolationName,
  isolationNames,
  judgeIsolation,
  readTransactions,
  strongestIsolation,
} from '../../../src/history.ts';
import { createVirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { isSerializable, isSnapshotIsolated } from './brute-force.ts';

const clock = createVirtualClock();

interface Line {
  id: string;
  session: number;
  status: string;
  begin: number;
  end: number;
  operations: { f: string; key: string; value?: unknown }[];
}

const operation = fc.record({
  isRead: fc.boolean(),
  key: fc.constantFrom('x' as const, 'y' as const),
  seen: fc.nat({ max: 3 }),
});
const drawn = (statuses: readonly string[]) =>
  fc.array(
    fc.record({
      operations: fc.array(operation, { minLength: 1, maxLength: 3 }),
      status: fc.constantFrom(...statuses),
      begin: fc.nat({ max: 6 }),
      length: fc.nat({ max: 6 }),
    }),
    { minLength: 1, maxLength: 4 },
  );

/** Transactions that write by `f` values of their own; `shown` says what a read returns of what is written at all. */
const writingBy = (
  f: 'write' | 'append',
  shown: (written: readonly number[], seen: number) => unknown,
  statuses: readonly string[],
) =>
  drawn(statuses).map((transactions) => {
    let last = 0;
    const written: Record<'x' | 'y', number[]> = { x: [], y: [] };
    const lines = transactions.map(
      ({ operations, status, begin, length }, index): Line => ({
        id: `t${index}`,
        session: index,
        status,
        begin,
        end: begin + length,
        operations: operations.map(({ isRead, key }) => {
          if (isRead) return { f: 'read', key };
          last += 1;
          written[key].push(last);
          return { f, key, value: last };
        }),
      }),
    );
    transactions.forEach(({ operations }, index) => {
      operations.forEach(({ isRead, key, seen }, at) => {
        const found = lines[index]?.operations[at];
        if (isRead && found !== undefined) found.value = shown(written[key], seen);
      });
    });
    return lines;
  });

/** A read returns one of the values, or nothing. */
const ofRegisters = (statuses: readonly string[]) =>
  writingBy('write', (written, seen) => [null, ...written][seen % (written.length + 1)], statuses);

/** A read returns a list that the object may have been, and what its own transaction appended. */
const ofLists = (statuses: readonly string[]) =>
  writingBy('append', (written, seen) => written.slice(0, seen), statuses);

const historyOf = (lines: readonly Line[]) => readTransactions(lines.map((line) => JSON.stringify(line)));
const expectedOf = (name: IsolationName, { transactions }: ReturnType<typeof historyOf>): boolean => {
  if (name === 'snapshot-isolation') return isSnapshotIsolated(transactions);
  const isStrict = name === 'strict-serializable';
  return isSerializable(transactions, (one, other) => !isStrict || !((other.endMs ?? 0) < (one.beginMs ?? 0)));
};

describe.each([
  ['registers', ofRegisters],
  ['lists', ofLists],
])('transactions over %s', (_what, histories) => {
  test.each(['strict-serializable', 'serializable', 'snapshot-isolation'] as const)(
    'are judged as a search of all schedules says: %s',
    (name) => {
      const seen = { satisfied: 0, violation: 0, undecided: 0 };
      fc.assert(
        fc.property(histories(['ok', 'ok', 'ok', 'unknown', 'aborted']), (lines) => {
          const history = historyOf(lines);
          fc.pre(history.transactions.some(({ status }) => status === 'ok'));
          const { verdict } = judgeIsolation(history, name, { clock });
          expect(verdict).toBe(expectedOf(name, history) ? 'satisfied' : 'violation');
          seen[verdict] += 1;
        }),
        { numRuns: 1_500, seed: 1 },
      );
      expect(Math.min(seen.satisfied, seen.violation)).toBeGreaterThan(50);
    },
  );

  test('a level implies those below it, and an anomaly is one that the level forbids', () => {
    fc.assert(
      fc.property(histories(['ok', 'ok', 'ok', 'unknown', 'aborted']), (lines) => {
        const { results } = strongestIsolation(historyOf(lines), { clock });
        const verdicts = results.map(({ verdict }) => verdict);
        fc.pre(!verdicts.includes('undecided'));
        expect(verdicts).toEqual(
          [...verdicts].sort((one, other) => (one === other ? 0 : one === 'violation' ? -1 : 1)),
        );
        expect(results.map(({ isolation }) => isolation)).toEqual(isolationNames);
        for (const { anomaly, isolation } of results) {
          const cycle = anomaly?.cycle ?? [];
          expect(cycle.map(({ to }) => to)).toEqual(cycle.map((_, at) => cycle[(at + 1) % cycle.length]?.from));
          if (isolation === 'read-committed')
            expect(cycle.every(({ kind }) => kind === 'ww' || kind === 'wr')).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});
