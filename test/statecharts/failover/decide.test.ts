/** The rule of the register: which change is possible where, and what it makes of the standing. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  changeOf,
  decide,
  foundingStanding,
  isWanting,
  type Member,
  type Standing,
  type Wanted,
} from '../../../statecharts/failover.ts';

const of = (server: string, incarnation = '1'): Member => ({ server, incarnation });
const [a, b, c] = [of('a'), of('b'), of('c')];
/** Epoch 3 is a's, with b and c in sync. */
const reigning: Standing = {
  ...foundingStanding({ mode: 'durable', maxFlaps: 1 }),
  revision: 9,
  term: 2,
  manager: 'm1',
  phase: 'monitoring',
  epoch: 3,
  version: 4,
  primary: a,
  inSync: [b, c],
};
const having = (standing: Standing, ...wanted: readonly Wanted[]): Standing =>
  wanted.reduce((it, next) => decide(it, changeOf(it, next)), standing);
const elect: Wanted = { type: 'elect', epoch: 4, reason: 'primary-dead', target: null };
const choose: Wanted = { type: 'choose', epoch: 4, candidate: b, offset: 7, inSync: [c], loss: null };
const promoted: Wanted = { type: 'promoted', epoch: 4, history: 'h4' };
const redirected: Wanted = { type: 'redirected', epoch: 4 };
const failedOver = having(reigning, elect, choose, promoted);

describe('every change', () => {
  test('is refused when it follows another revision, or is of another term', () => {
    const change = changeOf(reigning, elect);
    expect(decide(reigning, { ...change, expected: 8 })).toBe(reigning);
    expect(decide(reigning, { ...change, term: 1 })).toBe(reigning);
    expect(decide(reigning, { ...change, term: 3 })).toBe(reigning);
  });

  test('of office begins the next term, and no other one', () => {
    const bid = { type: 'takeOffice', node: 'm2', expected: 9 } as const;
    expect(decide(reigning, { ...bid, term: 3 })).toMatchObject({ term: 3, manager: 'm2', revision: 10, epoch: 3 });
    expect(decide(reigning, { ...bid, term: 2 })).toBe(reigning);
    expect(decide(reigning, { ...bid, term: 4 })).toBe(reigning);
  });

  test('makes one revision, and is nothing new when it is asked again', () => {
    const members = fc
      .subarray([b, c, of('d'), of('b', '2')])
      .filter((all) => new Set(all.map((it) => it.server)).size === all.length)
      .map((all) => [...all].sort((one, other) => (one.server < other.server ? -1 : 1)));
    const epoch = fc.integer({ min: 1, max: 6 });
    const version = fc.integer({ min: 1, max: 8 });
    const wanted: fc.Arbitrary<Wanted> = fc.oneof(
      fc.record({
        type: fc.constant('elect' as const),
        epoch,
        reason: fc.constantFrom('primary-dead', 'switchover'),
        target: fc.constant(null),
      }),
      fc.record({ type: fc.constant('degrade' as const), epoch }),
      fc.record({
        type: fc.constant('choose' as const),
        epoch,
        candidate: fc.constantFrom(a, b),
        offset: fc.constant(1),
        inSync: members,
        loss: fc.constant(null),
      }),
      fc.record({ type: fc.constant('promoted' as const), epoch, history: fc.constantFrom('h1', 'h2') }),
      fc.record({ type: fc.constant('redirected' as const), epoch }),
      fc.record({ type: fc.constant('settled' as const), epoch }),
      fc.record({ type: fc.constant('grow' as const), epoch, version, members }),
      fc.record({ type: fc.constant('shrink' as const), epoch, version, members }),
      fc.record({ type: fc.constant('shrunk' as const), epoch, version }),
      fc.record({ type: fc.constant('maintain' as const), isOn: fc.boolean() }),
      fc.constant({ type: 'resume' as const }),
      fc.record({ type: fc.constant('allowLoss' as const), epoch }),
    );
    fc.assert(
      fc.property(fc.array(wanted, { maxLength: 40 }), (all) => {
        let standing = reigning;
        for (const next of all) {
          const before = standing;
          standing = having(standing, next);
          if (standing === before) continue;
          expect(standing.revision).toBe(before.revision + 1);
          expect(isWanting(standing, next)).toBe(false);
          expect([standing.epoch - before.epoch]).toContain(standing.epoch > before.epoch ? 1 : 0);
          // Within an epoch, versions only grow; and the primary is never among those whose confirmations count.
          if (standing.epoch === before.epoch && standing.primary !== null) {
            expect(standing.version).toBeGreaterThanOrEqual(before.version);
          }
          expect(standing.inSync.map(({ server }) => server)).not.toContain(standing.primary?.server ?? '');
          expect(standing.flaps).toBeLessThanOrEqual(standing.maxFlaps);
        }
      }),
    );
  });
});

describe('a failover', () => {
  test('begins an epoch, and keeps who holds what was acknowledged', () => {
    const shrinking = having(reigning, { type: 'shrink', epoch: 3, version: 5, members: [b] });
    const next = having(shrinking, elect);
    expect(next).toMatchObject({ phase: 'fencing', epoch: 4, primary: a, inSync: [b, c], shrinking: null });
  });

  test('records one candidate in an epoch', () => {
    const chosen = having(reigning, elect, choose);
    expect(chosen).toMatchObject({
      phase: 'promoting',
      primary: null,
      candidate: b,
      inSync: [c],
      version: 1,
      beginsAt: 7,
    });
    expect(isWanting(chosen, { ...choose, candidate: c, inSync: [] })).toBe(false);
  });

  test('does not choose in an epoch that is over, or among those of another one', () => {
    const fencing = having(reigning, elect);
    expect(isWanting(fencing, { ...choose, epoch: 3 })).toBe(false);
    expect(isWanting(fencing, { ...choose, inSync: [b] })).toBe(false);
    expect(isWanting(reigning, choose)).toBe(false);
  });

  test('ends with the promotion, whose history is known from then on', () => {
    expect(failedOver).toMatchObject({ phase: 'redirecting', primary: b, candidate: null });
    expect(failedOver.histories).toEqual([{ epoch: 4, history: 'h4', since: 7 }]);
  });

  test('that begins before the last one has settled is a flap; too many are left to the operator', () => {
    const again = having(failedOver, { ...elect, epoch: 5 });
    expect(again).toMatchObject({ phase: 'fencing', epoch: 5, flaps: 1 });
    const third = having(again, { ...choose, epoch: 5 }, { ...elect, epoch: 6 });
    expect(third).toMatchObject({ phase: 'manual', reason: 'flapping', epoch: 5, flaps: 1 });
    expect(having(third, { type: 'resume' })).toMatchObject({ phase: 'fencing', epoch: 6, flaps: 0 });
  });

  test('that has settled is forgotten as a flap', () => {
    const again = having(failedOver, { ...elect, epoch: 5 }, { ...choose, epoch: 5 }, { ...promoted, epoch: 5 });
    const settled = having(again, { ...redirected, epoch: 5 }, { type: 'settled', epoch: 5 });
    expect(settled).toMatchObject({ phase: 'monitoring', flaps: 0 });
  });

  test('does not begin by itself in maintenance, but by an operator', () => {
    const maintained = having(reigning, { type: 'maintain', isOn: true });
    expect(maintained).toMatchObject({ phase: 'manual', reason: 'maintenance' });
    expect(isWanting(maintained, elect)).toBe(false);
    expect(having(maintained, { ...elect, reason: 'switchover', target: 'b' })).toMatchObject({
      phase: 'fencing',
      target: 'b',
    });
    expect(having(maintained, { type: 'maintain', isOn: false })).toMatchObject({ phase: 'monitoring' });
  });

  test('that is under way when maintenance begins ends in it', () => {
    const standing = having(failedOver, { type: 'maintain', isOn: true }, redirected, { type: 'settled', epoch: 4 });
    expect(standing).toMatchObject({ phase: 'manual', reason: 'maintenance' });
  });

  test('does not begin by itself either where maintenance was wanted before the last one had settled', () => {
    const standing = having(failedOver, { type: 'maintain', isOn: true }, { ...elect, epoch: 5 });
    expect(standing).toMatchObject({ phase: 'manual', reason: 'maintenance', epoch: 4 });
  });

  test('may lose what was acknowledged only in the epoch for which that is allowed', () => {
    const fencing = having(reigning, elect, { type: 'allowLoss', epoch: 4 });
    expect(fencing.allowedLoss).toBe(4);
    expect(isWanting(reigning, { type: 'allowLoss', epoch: 3 })).toBe(false);
    expect(having(fencing, choose, { ...elect, epoch: 5 }).allowedLoss).toBeNull();
  });
});

describe('the in-sync set', () => {
  test('grows at once, by members alone that are not primary', () => {
    const members = [b, c, of('d')];
    expect(having(reigning, { type: 'grow', epoch: 3, version: 5, members })).toMatchObject({
      version: 5,
      inSync: members,
    });
    expect(isWanting(reigning, { type: 'grow', epoch: 3, version: 5, members: [a, b, c] })).toBe(false);
    expect(isWanting(reigning, { type: 'grow', epoch: 3, version: 5, members: [b, of('c', '2'), of('d')] })).toBe(
      false,
    );
    expect(isWanting(reigning, { type: 'grow', epoch: 3, version: 6, members })).toBe(false);
  });

  test('shrinks once the primary has said so, and not before', () => {
    const intended = having(reigning, { type: 'shrink', epoch: 3, version: 5, members: [b] });
    expect(intended).toMatchObject({ version: 4, inSync: [b, c], shrinking: { version: 5, members: [b] } });
    expect(isWanting(intended, { type: 'shrunk', epoch: 3, version: 4 })).toBe(false);
    expect(having(intended, { type: 'shrunk', epoch: 3, version: 5 })).toMatchObject({
      version: 5,
      inSync: [b],
      shrinking: null,
    });
  });

  test('keeps as many as confirm a write', () => {
    expect(isWanting(reigning, { type: 'shrink', epoch: 3, version: 5, members: [] })).toBe(false);
  });

  test('takes back what it intended under another version, as the primary may have been told', () => {
    const intended = having(reigning, { type: 'shrink', epoch: 3, version: 5, members: [b] });
    const whole = having(intended, { type: 'grow', epoch: 3, version: 6, members: [b, c] });
    expect(whole).toMatchObject({ version: 6, inSync: [b, c], shrinking: null });
    expect(isWanting(whole, { type: 'shrunk', epoch: 3, version: 5 })).toBe(false);
  });

  test('has a member in its new incarnation only as the outcome of a shrinking', () => {
    const members = [b, of('c', '2')];
    const intended = having(reigning, { type: 'shrink', epoch: 3, version: 5, members });
    expect(intended.inSync).toEqual([b, c]);
    expect(having(intended, { type: 'shrunk', epoch: 3, version: 5 }).inSync).toEqual(members);
  });
});
