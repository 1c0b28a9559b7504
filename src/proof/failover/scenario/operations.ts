/** What clients and operators of a simulated group do. */

import * as v from 'valibot';
import { chance, integerBelow, pick, type Random } from '../../../environment/random.ts';
import type { PlannedOperation } from '../../../simulator/schedule.ts';
import { drawOperations } from '../../operations.ts';
import { serverNames } from './servers.ts';

const key = v.string();
/** `at`: a server, for a client that asks the managers of none; null for one that does. */
const at = v.nullable(v.string());

export const operationSchema = v.variant('f', [
  v.object({ f: v.literal('put'), key, value: v.number(), at }),
  v.object({ f: v.literal('get'), key, at }),
  /** The operator wants another primary. */
  v.object({ f: v.literal('switchover') }),
  /** Whether writes are acknowledged; where no primary can be chosen, the operator allows that something is lost. */
  v.object({ f: v.literal('probe') }),
]);
export type GroupOperation = v.InferOutput<typeof operationSchema>;

const perRun = 60;
const clients = 6;
const keys = ['a', 'b'] as const;

/** Each writes a value of its own, so that a history has one meaning. */
export const planOperations = (
  machines: readonly string[],
  durationMs: number,
  random: Random,
): readonly PlannedOperation[] =>
  drawOperations({ count: perRun, clients }, { machines, durationMs, random }, (index): GroupOperation => {
    if (index % 20 === 19) return { f: 'switchover' };
    const place = chance(random, 0.2) ? (serverNames[integerBelow(random, serverNames.length)] ?? null) : null;
    const asked = { key: pick(random, keys) ?? 'a', at: place };
    return chance(random, 0.6) ? { f: 'put', value: index, ...asked } : { f: 'get', ...asked };
  });
