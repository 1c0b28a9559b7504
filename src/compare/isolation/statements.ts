/** Transactions of several statements, and where the accounts are that they read and write. */

import * as v from 'valibot';
import { type BranchIsolation, branchIsolations } from '../../resources/mode.ts';

export const stepSchema = v.object({
  f: v.picklist(['read', 'write']),
  account: v.string(),
  /** What a write adds. */
  amount: v.number(),
});
/** One statement. */
export type Step = Readonly<v.InferOutput<typeof stepSchema>>;

export const statementsSchema = v.object({
  f: v.literal('statements'),
  id: v.string(),
  isolation: v.picklist(branchIsolations),
  databases: v.picklist([1, 2]),
  steps: v.pipe(v.array(stepSchema), v.readonly()),
});
/** A transaction of several statements. */
export type Statements = Readonly<v.InferOutput<typeof statementsSchema>>;

/** What transactions are asked for, and over how many databases. */
export interface IsolationAsked {
  readonly isolation: BranchIsolation;
  readonly databases: 1 | 2;
}

/** All that is judged. */
export const isolationsAsked: readonly IsolationAsked[] = branchIsolations.flatMap((isolation) =>
  ([1, 2] as const).map((databases) => ({ isolation, databases })),
);

/** Where the accounts are, by the first letter of their names. */
export const databaseOf = (account: string, databases: 1 | 2): 'first' | 'second' =>
  databases === 2 && account.startsWith('y') ? 'second' : 'first';
