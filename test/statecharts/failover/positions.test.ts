/** How far data reach, across epochs. */

import { describe, expect, test } from 'vitest';
import { choiceAmong, type Fenced } from '../../../statecharts/failover/group/choice.ts';
import { reachOf } from '../../../statecharts/failover/group/positions.ts';
import { foundingStanding, type Standing } from '../../../statecharts/failover/group/standing.ts';

const primary = { server: 'r1', incarnation: '1' };
const inSync = [{ server: 'r2', incarnation: '1' }];
const histories = [
  { epoch: 1, history: 'first', since: 0 },
  { epoch: 2, history: 'second', since: 20 },
];
/** Epoch 3 has begun; in epoch 2, whose history began at 20, r1 was primary. */
const standing: Standing = {
  ...foundingStanding({ mode: 'durable' }),
  phase: 'fencing',
  epoch: 3,
  version: 1,
  primary,
  inSync,
  histories,
};
const fencedAt = (server: string, history: string, offset: number): Fenced => ({
  server,
  incarnation: '1',
  position: { history, offset },
  priority: 0,
  isPromotable: true,
  isWell: true,
  isHot: true,
  isApart: true,
  maxLagBytes: null,
});

describe('a position', () => {
  test('reaches farther in a later epoch, and within one by its offset', () => {
    expect(reachOf(standing, fencedAt('r2', 'first', 30))).toEqual({ epoch: 1, offset: 30 });
    expect(reachOf(standing, fencedAt('r2', 'second', 20))).toEqual({ epoch: 2, offset: 20 });
  });

  test('reaches nowhere before its history begins, or in one that is not known', () => {
    expect(reachOf(standing, fencedAt('r3', 'second', 19))).toBeNull();
    expect(reachOf(standing, fencedAt('r3', 'another', 50))).toBeNull();
  });

  test('of a set too small to confirm anything is enough: each of it holds what was acknowledged before', () => {
    const fenced = [fencedAt('r2', 'second', 20)];
    expect(choiceAmong({ ...standing, confirmations: 2 }, fenced, null)?.candidate.server).toBe('r2');
  });

  test('of a standby that has only the name of the latest history is no reason to choose it', () => {
    const fenced = [fencedAt('r2', 'first', 20), fencedAt('r3', 'second', 10)];
    expect(choiceAmong(standing, fenced, null)?.candidate.server).toBe('r2');
  });
});
