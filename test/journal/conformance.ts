/** What every journal does, whatever it stands on. Each implementation runs this suite on a form of its own. */

import { expect, test } from 'vitest';
import { JournalClosedError, JournalLimitError } from '../../src/journal/errors.ts';
import type { Journal, JournalEntry, JournalLimits, RecoveredRecord } from '../../src/journal/journal.ts';
import type { Address, Tagged } from '../../statecharts/actor.ts';

/** One journal's storage, and the hand that opens it and takes its node down. */
export interface JournalBench {
  open(limits?: Partial<JournalLimits>): Promise<Journal>;
  /** The node is gone at once: what is not durable may be lost. */
  crash(): Promise<void>;
  /** Lets time pass until `condition` holds. */
  until(condition: () => boolean): Promise<void>;
  /** Lets time pass until `closed` resolves. */
  finish(closed: Promise<void>): Promise<void>;
  /** Closes what is open and removes what was made. */
  dispose(): Promise<void>;
}

export const a: Address = 'n1/test.actor/a';
export const b: Address = 'n1/test.actor/b';

export const entry = (actor: Address, value: unknown, replaces?: 'checkpoint' | 'forget'): JournalEntry => {
  const record: Tagged & { value: unknown } = { type: 'wrote', value };
  return { actor, version: 1, record, ...(replaces !== undefined && { replaces }) };
};

/** The values in `records`, which `entry` wrote. */
export const valuesOf = (records: readonly RecoveredRecord[]): unknown[] =>
  records.map(({ record }) => ('value' in record ? record.value : undefined));

/** Appends, and waits until it is durable, or throws why not. */
export async function write(
  bench: Pick<JournalBench, 'until'>,
  journal: Journal,
  ...entries: JournalEntry[]
): Promise<void> {
  let outcome: { error: Error | undefined } | undefined;
  journal.append(entries, (error) => {
    outcome = { error };
  });
  await bench.until(() => outcome !== undefined);
  if (outcome?.error !== undefined) throw outcome.error;
}

/** Runs the suite. `make` is called for each test. */
export function journalConformance(make: () => Promise<JournalBench>): void {
  const withBench = (name: string, body: (bench: JournalBench) => Promise<void>): void =>
    test(name, async () => {
      const bench = await make();
      try {
        await body(bench);
      } finally {
        await bench.dispose();
      }
    });

  withBench('its position counts what was ever durable, and never falls', async (bench) => {
    const journal = await bench.open();
    expect(journal.position).toBe(0);
    await write(bench, journal, entry(a, 1), entry(b, 2));
    expect(journal.position).toBe(2);
    await write(bench, journal, entry(a, 3, 'checkpoint'));
    await write(bench, journal, entry(b, 4, 'forget'));
    expect(journal.position).toBe(4);
    journal.append([entry(a, 5)], () => {});
    expect(journal.position).toBe(4);
    await bench.crash();
    const again = await bench.open();
    expect(again.position).toBeGreaterThanOrEqual(4);
    const before = again.position;
    await write(bench, again, entry(a, 6));
    expect(again.position).toBe(before + 1);
  });

  withBench('a new journal is empty, says that it is new, and keeps its id', async (bench) => {
    const journal = await bench.open();
    expect(journal).toMatchObject({ node: 'n1', isNew: true, notices: [], unflushedBytes: 0 });
    expect(journal.actors()).toEqual([]);
    expect(journal.take(a)).toEqual([]);
    await bench.finish(journal.close());
    const again = await bench.open();
    expect(again.isNew).toBe(false);
    expect(again.id).toBe(journal.id);
  });

  withBench('what is not forced becomes durable by itself, and in its order with what is', async (bench) => {
    const journal = await bench.open();
    const durable: string[] = [];
    journal.append([entry(a, 1)], () => durable.push('first'), 'unforced');
    journal.append([entry(a, 2)], () => durable.push('forced'));
    await bench.until(() => durable.length === 2);
    journal.append([entry(a, 3)], () => durable.push('alone'), 'unforced');
    journal.append([entry(a, 4)], () => durable.push('with it'), 'unforced');
    await bench.until(() => durable.length === 4);
    expect(durable).toEqual(['first', 'forced', 'alone', 'with it']);
    journal.append([entry(a, 5)], () => durable.push('at the end'), 'unforced');
    await bench.finish(journal.close());
    expect(durable.at(-1)).toBe('at the end');
    const again = await bench.open();
    expect(valuesOf(again.take(a))).toEqual([1, 2, 3, 4, 5]);
  });

  withBench('records come back after a crash in the order in which they were appended', async (bench) => {
    const journal = await bench.open();
    await write(bench, journal, entry(a, 1), entry(b, 'x'));
    await write(bench, journal, entry(a, 2));
    await bench.crash();
    const again = await bench.open();
    expect(again.actors()).toEqual([a, b]);
    expect(again.take(a)).toEqual([
      { version: 1, record: { type: 'wrote', value: 1 } },
      { version: 1, record: { type: 'wrote', value: 2 } },
    ]);
    expect(again.actors()).toEqual([b]);
    expect(again.take(a)).toEqual([]);
    expect(valuesOf(again.take(b))).toEqual(['x']);
  });

  withBench('what is appended after a reopening follows what was there', async (bench) => {
    for (let round = 0; round < 4; round += 1) {
      const journal = await bench.open();
      expect(valuesOf(journal.take(a))).toEqual(Array.from({ length: round }, (_, index) => index));
      await write(bench, journal, entry(a, round));
      if (round % 2 === 0) await bench.finish(journal.close());
      else await bench.crash();
    }
  });

  withBench('plain data comes back as it was, bytes as Uint8Array of their own memory', async (bench) => {
    const value = {
      text: 'é',
      none: null,
      missing: undefined,
      list: [1, -2.5, 2 ** 40, [true]],
      bytes: new Uint8Array(700).fill(7),
    };
    const journal = await bench.open();
    await write(bench, journal, entry(a, value));
    await bench.crash();
    const [found] = valuesOf((await bench.open()).take(a));
    expect(found).toStrictEqual(value);
    if (typeof found !== 'object' || found === null || !('bytes' in found)) throw new Error('no bytes');
    expect(Object.getPrototypeOf(found.bytes)).toBe(Uint8Array.prototype);
    expect(found.bytes instanceof Uint8Array && found.bytes.buffer.byteLength).toBe(700);
  });

  withBench('changing a record after it was appended changes nothing', async (bench) => {
    const journal = await bench.open();
    const value = { list: [1], bytes: Uint8Array.of(1) };
    const written = write(bench, journal, entry(a, value));
    value.list.push(2);
    value.bytes[0] = 2;
    await written;
    await bench.crash();
    expect(valuesOf((await bench.open()).take(a))).toEqual([{ list: [1], bytes: Uint8Array.of(1) }]);
  });

  withBench('a checkpoint replaces the earlier records of its actor only', async (bench) => {
    const journal = await bench.open();
    await write(bench, journal, entry(a, 1), entry(b, 1));
    await write(bench, journal, entry(a, 2), entry(a, 'so far', 'checkpoint'), entry(a, 3));
    await bench.crash();
    const again = await bench.open();
    expect(valuesOf(again.take(a))).toEqual(['so far', 3]);
    expect(valuesOf(again.take(b))).toEqual([1]);
  });

  withBench('a forgotten actor has no records, and may begin anew', async (bench) => {
    const journal = await bench.open();
    await write(bench, journal, entry(a, 1), entry(b, 1));
    await write(bench, journal, entry(a, 'gone', 'forget'), entry(b, 'gone', 'forget'));
    await write(bench, journal, entry(b, 2));
    await bench.crash();
    const again = await bench.open();
    expect(again.actors()).toEqual([b]);
    expect(valuesOf(again.take(b))).toEqual([2]);
  });

  withBench('completion is told in a later turn, in order, and to all that share a flush', async (bench) => {
    const journal = await bench.open();
    const told: number[] = [];
    for (let index = 0; index < 100; index += 1) {
      journal.append([entry(index % 2 === 0 ? a : b, index)], (error) => {
        expect(error).toBeUndefined();
        told.push(index);
      });
    }
    expect(told).toEqual([]);
    expect(journal.unflushedBytes).toBeGreaterThan(100);
    expect(journal.unflushedSinceMs).toBeTypeOf('number');
    await bench.until(() => told.length === 100);
    expect(told).toEqual(Array.from({ length: 100 }, (_, index) => index));
    expect(journal.unflushedBytes).toBe(0);
    expect(journal.unflushedSinceMs).toBeUndefined();
  });

  withBench('an append from within a completion is written too', async (bench) => {
    const journal = await bench.open();
    let rounds = 0;
    const next = (): void => {
      rounds += 1;
      if (rounds < 5) journal.append([entry(a, rounds)], next);
    };
    journal.append([entry(a, 0)], next);
    await bench.until(() => rounds === 5);
    await bench.crash();
    expect(valuesOf((await bench.open()).take(a))).toEqual([0, 1, 2, 3, 4]);
  });

  withBench(
    'after a crash an append is there as a whole or not at all, and none before a missing one is missing',
    async (bench) => {
      const journal = await bench.open();
      let durable = 0;
      for (let index = 0; index < 50; index += 1) {
        journal.append([entry(a, index), entry(b, index)], () => {
          durable += 1;
        });
      }
      await bench.crash();
      const atCrash = durable;
      const again = await bench.open();
      const found = valuesOf(again.take(a));
      expect(valuesOf(again.take(b))).toEqual(found);
      expect(found).toEqual(Array.from({ length: found.length }, (_, index) => index));
      expect(found.length).toBeGreaterThanOrEqual(atCrash);
    },
  );

  withBench('closing flushes first, is idempotent, and refuses what comes later', async (bench) => {
    const journal = await bench.open();
    let error: Error | undefined;
    journal.append([entry(a, 1)], () => {});
    const closed = journal.close();
    expect(journal.close()).toBe(closed);
    journal.append([entry(a, 2)], (refusal) => {
      error = refusal;
    });
    await bench.until(() => error !== undefined);
    expect(error).toBeInstanceOf(JournalClosedError);
    await bench.finish(closed);
    expect(valuesOf((await bench.open()).take(a))).toEqual([1]);
  });

  withBench('more than the limits allow is refused by name, finally, and nothing of it is written', async (bench) => {
    const journal = await bench.open({ appendBytes: 1000, unflushedBytes: 10_000 });
    await write(bench, journal, entry(a, 'small'));
    await expect(write(bench, journal, entry(a, new Uint8Array(2000)))).rejects.toThrow(JournalLimitError);
    await expect(write(bench, journal, entry(a, 'small'))).rejects.toThrow(JournalLimitError);
    expect(journal.failure).toBeInstanceOf(JournalLimitError);
    await bench.finish(journal.close());
    expect(valuesOf((await bench.open()).take(a))).toEqual(['small']);
  });

  withBench('too much that waits is refused, and everything behind it', async (bench) => {
    const journal = await bench.open({ unflushedBytes: 10_000 });
    const errors: (Error | undefined)[] = [];
    for (let index = 0; index < 12; index += 1) {
      journal.append([entry(a, new Uint8Array(1000))], (error) => errors.push(error));
    }
    await bench.until(() => errors.length === 12);
    expect(errors.at(-1)).toBeInstanceOf(JournalLimitError);
    expect(journal.failure).toBe(errors.at(-1));
  });

  withBench(
    'a failure is told once to all who listen, before those who wait, and again to who comes late',
    async (bench) => {
      const journal = await bench.open({ appendBytes: 1000 });
      const told: unknown[] = [];
      const listen = (): void => {
        journal.failures.subscribe({ next: (error) => told.push(error), complete: () => told.push('over') });
      };
      listen();
      journal.append([entry(a, 1)], () => told.push('first'));
      await bench.until(() => told.length === 1);
      const refused = (name: string) => () => told.push(name);
      journal.append([entry(a, new Uint8Array(2000))], refused('too large'));
      journal.append([entry(b, 2)], refused('behind it'));
      expect(told).toEqual(['first']);
      await bench.until(() => told.length === 5);
      journal.append([entry(b, 3)], refused('late'));
      await bench.until(() => told.length === 6);
      const { failure } = journal;
      expect(failure).toBeInstanceOf(JournalLimitError);
      expect(told).toEqual(['first', failure, 'over', 'too large', 'behind it', 'late']);
      listen();
      expect(told.slice(6)).toEqual([failure, 'over']);
      await bench.finish(journal.close());
      expect(told).toHaveLength(8);
    },
  );

  withBench('a journal that is closed says that it is over, and of no failure', async (bench) => {
    const journal = await bench.open();
    const told: string[] = [];
    journal.failures.subscribe({ next: ({ message }) => told.push(message), complete: () => told.push('over') });
    await write(bench, journal, entry(a, 1));
    expect(told).toEqual([]);
    await bench.finish(journal.close());
    expect(told).toEqual(['over']);
    expect(journal.failure).toBeUndefined();
  });
}
