/** What a manager writes into its node's journal, and under which addresses. */

import * as v from 'valibot';
import { type Address, addressOf, type TaggedBy } from '../../../statecharts/actor.ts';
import { keptAnswer } from '../../../statecharts/two-phase-commit.ts';
import { lastResource } from './last-resources.ts';

/** Of all these records. */
export const memoryVersion = 1;
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const order = v.object({ incarnation: count, sequence: count });
export const managerRecords = {
  /** Replaces the one before it. */
  life: v.object({
    incarnation: count,
    mark: order,
    lastResources: v.array(lastResource),
    /** The latest life that let resources forget; lives that did not write it did so at once. */
    forgetful: v.optional(count),
    /** The resources of all lives since then; of lives that did not write them, none are known. */
    witnesses: v.optional(v.array(v.string()), []),
  }),
};
export const outcomeRecords = {
  committed: v.object({
    transaction: v.string(),
    idempotencyKey: v.nullable(v.string()),
    answer: v.optional(keptAnswer),
  }),
  /** What repetitions are to be answered, should it commit. */
  answered: v.object({ transaction: v.string(), answer: keptAnswer }),
  /** Others than the journal are about to decide under a key: the resource will know whether it happened. */
  intent: v.object({ transaction: v.string(), idempotencyKey: v.string(), resource: v.string() }),
  /** It did not happen. */
  dropped: v.object({ transaction: v.string() }),
};
export type LifeRecord = TaggedBy<typeof managerRecords>;
export type OutcomeRecord = TaggedBy<typeof outcomeRecords>;

const managerName = 'txn.manager';
/** Generations of outcomes are told apart by the keys of their addresses. */
export const outcomesName = 'txn.outcomes';

/** The address under which a manager keeps its records, and its endpoint answers. */
export const managerAddress = (node: string): Address => addressOf(node, managerName);
