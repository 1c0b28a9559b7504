/** Random lives of a journal against the plainest model of one: a list of appends, of which a crash keeps a beginning. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededIds } from '../../src/environment/ids.ts';
import { seededRandomness } from '../../src/environment/random.ts';
import type { Journal, JournalEntry } from '../../src/journal/journal.ts';
import { openJournalOn } from '../../src/journal/segmented/open.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';
import type { Address } from '../../statecharts/actor.ts';
import { entry, valuesOf } from './conformance.ts';
import { createRamDisk } from './ram-disk.ts';

const actors: readonly Address[] = ['n1/model.actor/x', 'n1/model.actor/y', 'n1/model.actor/z'];
const segmentBytes = 4096;

/** An entry to be made. */
interface Wish {
  readonly actor: Address;
  readonly fillBytes: number;
  readonly replaces: 'checkpoint' | 'forget' | undefined;
  readonly mark: number | undefined;
  readonly keepsAbove: number | undefined;
}

type Step =
  | { type: 'append'; records: readonly Wish[] }
  | { type: 'run'; callbacks: number }
  | { type: 'crash'; keptShare: number; lostSectors: number }
  | { type: 'restart' };

const wishes: fc.Arbitrary<Wish> = fc.record({
  actor: fc.constantFrom(...actors),
  fillBytes: fc.oneof(fc.nat(40), fc.nat(900), fc.constant(5000)),
  replaces: fc.option(fc.constantFrom('checkpoint' as const, 'forget' as const), { nil: undefined, freq: 6 }),
  mark: fc.option(fc.nat(9), { nil: undefined }),
  keepsAbove: fc.option(fc.nat(9), { nil: undefined }),
});
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.array(wishes, { minLength: 1, maxLength: 4 }).map((records): Step => ({ type: 'append', records })),
  },
  { weight: 8, arbitrary: fc.nat(12).map((callbacks): Step => ({ type: 'run', callbacks })) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('crash' as const),
      keptShare: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constant(1)),
      // One bit per sector, modulo 16.
      lostSectors: fc.oneof(fc.constant(0), fc.nat(2 ** 16 - 1)),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ type: 'restart' }) },
);

/** What the actors' records are after these appends. */
function modelOf(appends: readonly (readonly JournalEntry[])[]): Map<Address, unknown[]> {
  const records = new Map<Address, JournalEntry[]>();
  for (const added of appends.flat()) {
    const { actor, replaces, keepsAbove } = added;
    const list = records.get(actor) ?? [];
    const reaching = list.findIndex(({ mark }) => mark !== undefined && keepsAbove !== undefined && mark > keepsAbove);
    const kept = replaces === undefined ? list : reaching < 0 ? [] : list.slice(reaching);
    if (replaces === 'forget') records.delete(actor);
    else records.set(actor, [...kept, added]);
  }
  return new Map(
    [...records].map(([actor, list]) => [
      actor,
      list.map(({ record }) => ('value' in record ? record.value : undefined)),
    ]),
  );
}

const contentsOf = (journal: Journal): Map<Address, unknown[]> =>
  new Map(journal.actors().map((actor) => [actor, valuesOf(journal.take(actor))]));

const sorted = (records: Map<Address, unknown[]>): unknown[] => [...records].sort(([p], [q]) => (p < q ? -1 : 1));

test('whatever happens, a journal holds every acknowledged append, in order, and no part of one', {}, () => {
  fc.assert(
    fc.property(fc.array(steps, { minLength: 1, maxLength: 120, size: 'max' }), fc.nat(3), (life, writeMs) => {
      const clock = createVirtualClock();
      const ids = seededIds(seededRandomness(1).stream('ids'));
      const options = { node: 'n1', clock, ids, segmentBytes };
      let disk = createRamDisk(clock);
      disk.writeMs = writeMs;
      let journal = openJournalOn(disk, options);
      const { id } = journal;
      let appends: (readonly JournalEntry[])[] = [];
      let acknowledged = 0;
      let serial = 0;

      const reopen = (): void => {
        disk = disk.restart();
        disk.writeMs = writeMs;
        journal = openJournalOn(disk, options);
        expect(journal.id).toBe(id);
        const found = sorted(contentsOf(journal));
        let kept = appends.length;
        while (
          kept > acknowledged &&
          JSON.stringify(sorted(modelOf(appends.slice(0, kept)))) !== JSON.stringify(found)
        ) {
          kept -= 1;
        }
        expect(found).toEqual(sorted(modelOf(appends.slice(0, kept))));
        appends = appends.slice(0, kept);
        acknowledged = kept;
      };

      for (const step of life) {
        switch (step.type) {
          case 'append': {
            const entries = step.records.map(({ actor, fillBytes, replaces, mark, keepsAbove }) => {
              serial += 1;
              const made = entry(actor, { serial, fill: 'x'.repeat(fillBytes) }, replaces);
              const marked = mark === undefined ? made : { ...made, mark };
              return replaces === 'checkpoint' && keepsAbove !== undefined ? { ...marked, keepsAbove } : marked;
            });
            appends.push(entries);
            const number = appends.length;
            journal.append(entries, (error) => {
              expect(error).toBeUndefined();
              expect(number).toBe(acknowledged + 1);
              acknowledged = number;
            });
            break;
          }
          case 'run':
            for (let left = step.callbacks; left > 0 && clock.runNext(); left -= 1);
            break;
          case 'crash':
            disk.crash(
              (ofBytes) => Math.floor(step.keptShare * ofBytes),
              (sector) => (step.lostSectors & (1 << (sector % 16))) !== 0,
            );
            reopen();
            break;
          case 'restart':
            void journal.close();
            while (clock.runNext());
            expect(acknowledged).toBe(appends.length);
            reopen();
            expect(journal.notices.filter((it) => it.kind !== 'leftover-file')).toEqual([]);
        }
      }
      while (clock.runNext());
      expect(acknowledged).toBe(appends.length);
      const liveBytes = JSON.stringify(sorted(modelOf(appends))).length * 1.3;
      expect(journal.sizeBytes).toBeLessThan(2 * liveBytes + 7 * segmentBytes + 4 * 6000 * 4);
      reopen();
    }),
    { numRuns: 300 },
  );
});
