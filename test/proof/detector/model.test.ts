import { describe, expect, test } from 'vitest';
import { check } from '../../../src/checker.ts';
import { BoundError } from '../../../src/proof/bounds.ts';
import { claims, noteChange, noteDown, noteUp, type Watching, watchingOf } from '../../../src/proof/detector/claims.ts';
import { detectorModel } from '../../../src/proof/detector/model.ts';
import { faultDetectorAddress, type Opinion, type OpinionChange } from '../../../statecharts/failover.ts';

describe('fault detectors, checked', () => {
  test('confirm by a quorum alone, and discard a stall', () => {
    const { ok, states, complete } = check(detectorModel({ pings: 1, silences: 1, stalls: 1, relays: 1 }));
    expect([ok, complete]).toEqual([true, true]);
    expect(states).toBeGreaterThan(500);
  });

  test('all confirm a node that is dead, at last', () => {
    const { properties } = check(detectorModel({ pings: 0, silences: 'unlimited', dead: true }));
    expect(properties).toContainEqual({
      name: 'every detector confirms that it is dead',
      kind: 'eventually',
      verdict: 'holds',
    });
  });

  test.each([{ crashing: ['d3'] }, { dead: true, crashing: ['w'] }])(
    'refuse bounds that make no sense: %o',
    (given) => {
      expect(() => detectorModel(given)).toThrow(BoundError);
    },
  );
});

describe('the claims of fault detectors', () => {
  const settings = { probeTimeoutMs: 100, maxHealth: 1, stallMs: 50 };
  const of = (node: string, opinion: Opinion, change: Partial<OpinionChange> = {}): OpinionChange => ({
    type: 'changed',
    watched: 'w',
    by: faultDetectorAddress(node, 'w'),
    opinion,
    atMs: 1_000,
    life: 1,
    heardMs: null,
    why: { type: 'answers' },
    ...change,
  });
  type Note = OpinionChange | { readonly down: string } | { readonly up: string };
  const brokenAfter = (...notes: readonly Note[]): Watching['broken'] =>
    notes.reduce(
      (watching, note) =>
        'type' in note
          ? noteChange(watching, note, settings)
          : 'down' in note
            ? noteDown(watching, note.down)
            : noteUp(watching, note.up),
      watchingOf('w', ['d1', 'd2', 'd3']),
    ).broken;

  test('are kept where a quorum confirms, also by suspicions that others have given up since', () => {
    expect(
      brokenAfter(of('d1', 'suspected'), of('d2', 'suspected'), of('d2', 'trusted'), of('d1', 'confirmed')),
    ).toBeNull();
    expect(brokenAfter(of('d2', 'suspected'), of('d1', 'suspected'), of('d1', 'confirmed'))).toBeNull();
  });

  test('are broken where those who confirm suspected it only before', () => {
    const broken = brokenAfter(
      of('d2', 'suspected'),
      of('d2', 'trusted'),
      of('d1', 'suspected'),
      of('d1', 'confirmed'),
    );
    expect(broken).toEqual({
      claim: claims.quorum,
      how: 'd1 took w for dead, which only d1 of 3 had suspected since it did',
    });
    expect(
      brokenAfter(of('d2', 'suspected'), { down: 'd2' }, of('d1', 'suspected'), of('d1', 'confirmed'))?.claim,
    ).toBe(claims.quorum);
  });

  test('are broken where a node recovers that has not started again', () => {
    const dead = [{ down: 'w' }, of('d1', 'suspected'), of('d2', 'suspected'), of('d1', 'confirmed')] as const;
    expect(brokenAfter(...dead, of('d1', 'recovered'))?.claim).toBe(claims.recovery);
    expect(brokenAfter(...dead, { up: 'w' }, of('d1', 'recovered'))).toBeNull();
  });

  test('are broken where an earlier life is heard after a later one', () => {
    expect(brokenAfter(of('d1', 'trusted', { life: 2 }), of('d1', 'suspected', { life: 1 }))?.claim).toBe(claims.lives);
    expect(
      brokenAfter(of('d1', 'trusted', { life: 2 }), { down: 'd1' }, of('d1', 'suspected', { life: 0 })),
    ).toBeNull();
  });

  test('are broken where a suspicion comes later than silence and a probe can take', () => {
    const silent = (sinceMs: number) =>
      of('d1', 'suspected', { why: { type: 'silent', sinceMs, asked: 0, relayed: 0 } });
    expect(brokenAfter(silent(700))).toBeNull();
    expect(brokenAfter(silent(699))?.claim).toBe(claims.stall);
  });
});
