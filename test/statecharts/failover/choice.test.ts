/** Who may become primary: what must be heard, what it tells, and who is chosen. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  choiceAmong,
  type Fenced,
  foundingStanding,
  isDecisive,
  type Standing,
  wantedOf,
} from '../../../statecharts/failover.ts';

const of = (server: string, incarnation = '1') => ({ server, incarnation });
const fenced = (server: string, offset: number, change: Partial<Fenced> = {}): Fenced => ({
  ...of(server),
  position: { history: 'h', offset },
  priority: 0,
  isPromotable: true,
  isHot: true,
  isWell: true,
  maxLagBytes: null,
  isApart: true,
  ...change,
});
const fencing = (change: Partial<Standing> = {}): Standing => ({
  ...foundingStanding({ mode: 'durable' }),
  phase: 'fencing',
  epoch: 2,
  version: 1,
  primary: of('a'),
  inSync: [of('b'), of('c')],
  histories: [{ epoch: 1, history: 'h', since: 0 }],
  ...change,
});
const primaryOf = (standing: Standing, all: readonly Fenced[]) => choiceAmong(standing, all, null)?.candidate.server;

describe('what must be heard', () => {
  test.each([
    [1, 2, 2],
    [1, 3, 3],
    [2, 3, 2],
    [3, 3, 1],
    [1, 0, 1],
  ])('with %i confirmations of %i in sync: %i of them', (confirmations, size, wanted) => {
    const inSync = ['b', 'c', 'd'].slice(0, size).map((it) => of(it));
    expect(wantedOf(fencing({ confirmations, inSync }))).toBe(wanted);
  });

  test('a member that may have forgotten says nothing, nor does one that is not in sync', () => {
    expect(isDecisive(fencing(), [fenced('b', 5), fenced('c', 5, { incarnation: '2' })])).toBe(false);
    expect(isDecisive(fencing(), [fenced('b', 5), fenced('d', 5)])).toBe(false);
    expect(primaryOf(fencing(), [fenced('b', 5), fenced('d', 9)])).toBeUndefined();
  });

  test('the primary suffices alone, unless it may have forgotten', () => {
    expect(primaryOf(fencing(), [fenced('a', 7)])).toBe('a');
    expect(primaryOf(fencing(), [fenced('a', 7, { incarnation: '2' })])).toBeUndefined();
  });

  test('a candidate suffices alone, whatever its history is called; so does any that was in sync with it', () => {
    const standing = fencing({ primary: null, candidate: of('b'), inSync: [of('c')] });
    expect(primaryOf(standing, [fenced('b', 8, { position: { history: 'unheard', offset: 8 } })])).toBe('b');
    expect(primaryOf(standing, [fenced('c', 7)])).toBe('c');
    expect(primaryOf(standing, [fenced('d', 9)])).toBeUndefined();
  });
});

describe('who is chosen', () => {
  test('one whose data reach as far as anything that was acknowledged', () => {
    expect(primaryOf(fencing(), [fenced('b', 5), fenced('c', 7)])).toBe('c');
    expect(primaryOf(fencing(), [fenced('b', 5, { priority: 9 }), fenced('c', 7)])).toBe('c');
  });

  test('by priority among those, though another one has more that was not acknowledged', () => {
    const standing = fencing({ confirmations: 2 });
    expect(primaryOf(standing, [fenced('b', 5, { priority: 9 }), fenced('c', 7)])).toBe('b');
  });

  test('of another zone than that of the primary that failed, among those of one priority', () => {
    const all = [fenced('b', 7, { isApart: false }), fenced('c', 7)];
    expect(primaryOf(fencing(), all)).toBe('c');
    expect(primaryOf(fencing(), [fenced('b', 7, { isApart: false, priority: 1 }), fenced('c', 7)])).toBe('b');
    // Nothing that was acknowledged is given up for it.
    expect(primaryOf(fencing(), [fenced('b', 7, { isApart: false }), fenced('c', 5)])).toBe('b');
  });

  test('by a later history rather than by a greater offset', () => {
    const standing = fencing({
      histories: [
        { epoch: 1, history: 'h', since: 0 },
        { epoch: 2, history: 'k', since: 4 },
      ],
    });
    expect(primaryOf(standing, [fenced('b', 9), fenced('c', 5, { position: { history: 'k', offset: 5 } })])).toBe('c');
  });

  test('one that works before one that does not, and never one that may not be', () => {
    expect(primaryOf(fencing(), [fenced('b', 7, { isWell: false }), fenced('c', 7)])).toBe('c');
    expect(primaryOf(fencing(), [fenced('b', 7, { isPromotable: false }), fenced('c', 5)])).toBeUndefined();
  });

  test('the target of a switchover if it has everything, and else the old primary', () => {
    const planned = fencing({ target: 'b' });
    const rest = [fenced('a', 7), fenced('c', 7, { priority: 9 })];
    expect(primaryOf(planned, [...rest, fenced('b', 7)])).toBe('b');
    expect(primaryOf(planned, [fenced('a', 7), fenced('b', 6)])).toBe('a');
  });

  test('with those in sync that stand exactly where it does', () => {
    const choice = choiceAmong(
      fencing({ confirmations: 2 }),
      [
        fenced('a', 7),
        fenced('b', 7, { priority: 9 }),
        fenced('c', 6),
        fenced('d', 7),
        fenced('e', 7, { isHot: false }),
        fenced('f', 7, { isPromotable: false }),
      ],
      null,
    );
    expect(choice).toEqual({ candidate: of('b'), offset: 7, inSync: [of('a'), of('d')], loss: null });
  });

  test('holds what was acknowledged, and so do all that are in sync with it, whatever was fenced', () => {
    const offset = fc.integer({ min: 0, max: 5 });
    const member = fc.record({ offset, isFenced: fc.boolean(), priority: offset, isWell: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(member, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 3 }),
        fc.record({ offset, isFenced: fc.boolean() }),
        fc.array(member, { maxLength: 2 }),
        (inSync, confirmations, primary, others) => {
          const named = inSync.map((it, place) => ({ ...it, server: `s${place}` }));
          const acknowledged =
            [...named].sort((one, other) => other.offset - one.offset)[confirmations - 1]?.offset ?? 0;
          // A primary holds all that its standbys have of it.
          const first = { ...primary, offset: Math.max(primary.offset, ...named.map((it) => it.offset)) };
          const standing = fencing({ confirmations, inSync: named.map(({ server }) => of(server)) });
          const all = [...named, ...others.map((it, place) => ({ ...it, server: `t${place}` }))]
            .filter((it) => it.isFenced)
            .map((it) => fenced(it.server, it.offset, { priority: it.priority, isWell: it.isWell }));
          const choice = choiceAmong(standing, first.isFenced ? [...all, fenced('a', first.offset)] : all, null);
          if (choice === null) return;
          const offsetOf = (server: string): number =>
            server === 'a' ? first.offset : (all.find((it) => it.server === server)?.position.offset ?? -1);
          for (const { server } of [choice.candidate, ...choice.inSync]) {
            expect(offsetOf(server)).toBeGreaterThanOrEqual(acknowledged);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('a loss', () => {
  const lost = (standing: Standing, all: readonly Fenced[], offset = 9) =>
    choiceAmong(standing, all, { history: 'h', offset });

  test('is nothing that a durable group chooses by itself', () => {
    expect(lost(fencing(), [fenced('b', 5)])).toBeNull();
    expect(lost(fencing({ allowedLoss: 1 }), [fenced('b', 5)])).toBeNull();
  });

  test('has no bound where the primary was not fenced, as it may have written on; what was seen of it is told', () => {
    expect(lost(fencing({ allowedLoss: 2 }), [fenced('b', 5)])).toMatchObject({
      candidate: of('b'),
      loss: { epoch: 2, bytes: null, seenBytes: 4 },
    });
  });

  test('is bounded by where the primary was fenced', () => {
    const ended = fenced('a', 11, { isPromotable: false });
    expect(lost(fencing({ allowedLoss: 2 }), [ended, fenced('b', 5)])).toMatchObject({
      candidate: of('b'),
      loss: { epoch: 2, bytes: 6, seenBytes: 4 },
    });
  });

  test('is not told where one is chosen that has everything, though it were allowed', () => {
    expect(lost(fencing({ allowedLoss: 2 }), [fenced('b', 5), fenced('c', 7)])).toMatchObject({
      candidate: of('c'),
      loss: null,
    });
  });

  test('of a server whose history is not known has no bound', () => {
    const strange = fenced('b', 5, { position: { history: 'strange', offset: 5 } });
    expect(lost(fencing({ allowedLoss: 2 }), [strange])).toMatchObject({ candidate: of('b'), loss: { bytes: null } });
  });

  test('without a promise: whose data reach farthest, if it lacks no more than it may', () => {
    const standing = fencing({ mode: 'pass-through', confirmations: 0, inSync: [] });
    expect(lost(standing, [fenced('b', 5, { priority: 9 }), fenced('c', 7)])).toMatchObject({
      candidate: of('c'),
      loss: { epoch: 2, bytes: null, seenBytes: 2 },
    });
    // The target of a switchover is chosen if it has everything, and else the old primary.
    const planned = { ...standing, target: 'b' };
    expect(lost(planned, [fenced('a', 9), fenced('b', 7, { priority: 9 })])).toMatchObject({ candidate: of('a') });
    expect(lost(planned, [fenced('a', 9), fenced('b', 9), fenced('c', 9, { priority: 9 })])).toMatchObject({
      candidate: of('b'),
    });
    expect(lost(standing, [fenced('b', 5, { maxLagBytes: 3 })])).toBeNull();
    expect(lost({ ...standing, allowedLoss: 2 }, [fenced('b', 5, { maxLagBytes: 3 })])).not.toBeNull();
  });
});
