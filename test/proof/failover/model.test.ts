import { describe, expect, test } from 'vitest';
import { check } from '../../../src/checker.ts';
import { failoverChartsModel } from '../../../src/proof/failover/charts/model.ts';
import { inOrder, oneServer, type Reign, survives, type Told } from '../../../src/proof/failover/claims.ts';
import { failoverModel } from '../../../src/proof/failover/model.ts';

// Bounded by states, not by time: a busy machine takes longer.
describe('failover, checked with managers that do whatever the rules allow', () => {
  test.each([{}, { confirmations: 2 }, { keeper: 'servers', pauses: 1 }] as const)(
    'keeps its claims, and reaches its goals: %o',
    (bounds) => {
      const { ok, complete, states, properties } = check(failoverModel(bounds));
      expect(properties.filter(({ verdict }) => verdict !== 'holds' && verdict !== 'reached')).toEqual([]);
      expect([ok, complete]).toEqual([true, true]);
      expect(states).toBeGreaterThan(1_000);
    },
  );
});

test.each([{ looks: 0 }, { live: true, looks: 0, recoveries: 0 }] as const)(
  'the charts of failover keep its claims, and come to an end: %o',
  (bounds) => {
    const { complete, properties } = check(failoverChartsModel(bounds));
    expect(properties.filter(({ verdict }) => verdict !== 'holds' && verdict !== 'reached')).toEqual([]);
    expect(complete).toBe(true);
  },
);

describe('the claims of failover', () => {
  const told: Told = { write: 'w1', epoch: 2, server: 'r1', isLate: false };
  const reignOf = (epoch: number, writes: readonly string[]): Reign => ({
    server: 'r2',
    epoch,
    holds: (write) => writes.includes(write),
  });

  test('a later primary has what was acknowledged, and an earlier one need not', () => {
    expect(survives(told, reignOf(3, ['w1']))).toBeUndefined();
    expect(survives(told, reignOf(2, []))).toBeUndefined();
    expect(survives(told, reignOf(3, []))).toBe('r2, primary of epoch 3, lacks w1, which was acknowledged in epoch 2');
  });

  test('two servers do not acknowledge in one epoch', () => {
    expect(oneServer(told, { ...told, write: 'w2' })).toBeUndefined();
    expect(oneServer(told, { ...told, server: 'r2', epoch: 3 })).toBeUndefined();
    expect(oneServer(told, { ...told, server: 'r2' })).toBe('r1 and r2 both acknowledge in epoch 2');
  });

  test('a reply is none of an epoch that was over when it was asked for', () => {
    expect(inOrder(told)).toBeUndefined();
    expect(inOrder({ ...told, isLate: true })).toContain('w1 is answered in epoch 2');
  });
});
