/** How transactions of several statements are isolated, judged by the history checker: of all runs of a method together. */

import {
  type Anomaly,
  anomalyInBrief,
  type IsolationName,
  type IsolationResult,
  isolationNames,
  strongestIsolation,
} from '../../history.ts';
import type { Verdicts } from '../figures.ts';
import { historyOf, type NotedStatements } from './notes.ts';
import type { IsolationAsked } from './statements.ts';

/** What came of transactions that were asked for by one isolation, over one or two databases. */
export interface IsolationFigures extends IsolationAsked {
  readonly runs: number;
  /** Transactions that took effect, in all runs. */
  readonly committed: number;
  /** In how many runs each level was kept. */
  readonly levels: Readonly<Record<IsolationName, Verdicts>>;
  /** The strongest that was kept in all of them; null where none was for certain. */
  readonly strongest: IsolationName | null;
  /** The shortest anomaly that the next level forbids; null where there was none. */
  readonly anomaly: string | null;
}

/** More than histories of this size need. */
const stepLimit = 1_000_000;
/** Verdicts depend on steps alone. */
const still = { nowMs: () => 0, setTimeout: () => 0, clearTimeout: () => {}, enqueue: () => {} };

/** One value for each level, the strongest first. */
export const byIsolation = <Value>(
  valueBy: (name: IsolationName) => Value,
): Readonly<Record<IsolationName, Value>> => ({
  'strict-serializable': valueBy('strict-serializable'),
  serializable: valueBy('serializable'),
  'snapshot-isolation': valueBy('snapshot-isolation'),
  'read-committed': valueBy('read-committed'),
});

/** The figures of one or more runs. */
export function isolationFigures(
  asked: IsolationAsked,
  runs: readonly (readonly NotedStatements[])[],
): IsolationFigures {
  const judged = runs.map((notes) => strongestIsolation(historyOf(notes), { clock: still, stepLimit }).results);
  const resultsOf = (name: IsolationName): readonly IsolationResult[] =>
    judged.flatMap((results) => results.filter(({ isolation }) => isolation === name));
  const levels = byIsolation((name): Verdicts => {
    const count = (wanted: IsolationResult['verdict']): number =>
      resultsOf(name).filter(({ verdict }) => verdict === wanted).length;
    return { satisfied: count('satisfied'), violation: count('violation'), undecided: count('undecided') };
  });
  const strongest = isolationNames.find((name) => levels[name].satisfied === runs.length) ?? null;
  const above = isolationNames[(strongest === null ? isolationNames.length : isolationNames.indexOf(strongest)) - 1];
  const shortest =
    above === undefined ? undefined : shortestOf(resultsOf(above).flatMap(({ anomaly }) => anomaly ?? []));
  return {
    ...asked,
    runs: runs.length,
    committed: judged.reduce((sum, results) => sum + (results[0]?.committed ?? 0), 0),
    levels,
    strongest,
    anomaly: shortest === undefined ? null : anomalyInBrief(shortest),
  };
}

/** The one with the fewest transactions, and of these the one in which they do least. */
const shortestOf = (anomalies: readonly Anomaly[]): Anomaly | undefined => {
  const sizeOf = ({ transactions }: Anomaly): number =>
    transactions.reduce((sum, { operations }) => sum + operations.length, 0);
  return anomalies.toSorted(
    (one, other) => one.transactions.length - other.transactions.length || sizeOf(one) - sizeOf(other),
  )[0];
};
