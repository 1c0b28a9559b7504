/** What came of judging by isolation levels, in words, for a terminal. */

import { limitReasons } from '../effort.ts';
import type { Dependency } from './graph.ts';
import type { Anomaly, IsolationResult, StrongestIsolation } from './judge.ts';
import { type AnomalyName, isolationLevels } from './levels.ts';
import { showTransactionOperation, type Transaction } from './transaction.ts';

/** Transactions of an anomaly, and operations of each, that are listed. */
const listed = 12;

const meanings: Readonly<Record<AnomalyName, string>> = {
  G0: 'writes of several transactions are interleaved',
  G1a: 'what an aborted transaction wrote was read',
  G1b: 'what a transaction wrote and replaced itself was read',
  G1c: 'writes and reads go round in a circle',
  'G-single': 'one anti-dependency closes a circle, as where an update is lost or a read skewed',
  'G-nonadjacent': 'anti-dependencies that are not next to each other close a circle',
  G2: 'anti-dependencies next to each other close a circle, as in a write skew',
  'real-time': 'what began later was ordered before',
  internal: 'a read does not show what its own transaction wrote',
  unwritten: 'what was read, no transaction wrote',
  'incompatible-order': 'two reads of a list contradict each other, or one of them what was appended',
};

const reasons: Readonly<Record<NonNullable<IsolationResult['reason']>, string>> = {
  ...limitReasons,
  'nothing-committed': 'no transaction is known to have committed, so the history proves nothing',
  'version-order':
    'the history does not tell in which order versions were written; append to lists, or record versions',
};

/** Renders what came of one level. Bounded: long lists are cut, and say so. */
export function renderIsolation(result: IsolationResult): string {
  const { isolation, verdict, reason, anomaly, committed, unordered } = result;
  const { statement, source } = isolationLevels[isolation];
  const figures = `${committed} transactions took effect; ${unordered.length} objects do not tell the order of their versions`;
  const lines =
    verdict === 'satisfied'
      ? [`Satisfied: the history is one of ${isolation}.`]
      : verdict === 'undecided'
        ? [`Undecided: ${reason === undefined ? 'nobody knows' : reasons[reason]}.`]
        : [`Violation: the history is none of ${isolation}.`];
  return `${[...lines, `${isolation}: ${statement} (${source}).`, ...describeAnomaly(anomaly), '', figures].join('\n')}\n`;
}

/** Renders what came of all levels, and the anomaly of the strongest that is violated. */
export function renderStrongestIsolation({ results, strongest }: StrongestIsolation): string {
  const width = Math.max(...results.map(({ isolation }) => isolation.length));
  const violated = results.find(({ verdict }) => verdict === 'violation');
  return `${[
    strongest === undefined ? 'No isolation level was shown to be satisfied.' : `Strongest: ${strongest}.`,
    ...results.map(
      ({ isolation, verdict, reason, anomaly }) =>
        `  ${isolation.padEnd(width)}  ${verdict}${anomaly === undefined ? '' : ` (${anomaly.name})`}${reason === undefined ? '' : `: ${reasons[reason]}`}`,
    ),
    ...(violated === undefined ? [] : ['', renderIsolation(violated).trimEnd()]),
  ].join('\n')}\n`;
}

/**
 * An anomaly in one line: its name, its transactions, and the cycle.
 *
 * @example
 * anomalyInBrief(anomaly) // 'G-single: t1: read x → []; t2: append x 1; t1 -rw x→ t2 -wr y→ t1'
 */
export function anomalyInBrief({ name, transactions, cycle }: Anomaly): string {
  const shown = transactions.slice(0, listed).map(({ id, operations }) => `${id}: ${inBrief(operations)}`);
  const more = transactions.length > listed ? [`and ${transactions.length - listed} more`] : [];
  const around = cycle.map(({ kind, from, key }) => `${from.id} -${kind}${key === undefined ? '' : ` ${key}`}→ `);
  return `${name}: ${[...shown, ...more, ...(cycle[0] === undefined ? [] : [`${around.join('')}${cycle[0].from.id}`])].join('; ')}`;
}

function inBrief(operations: Transaction['operations']): string {
  const more = operations.length > listed ? `, and ${operations.length - listed} more` : '';
  return `${operations.slice(0, listed).map(showTransactionOperation).join(', ')}${more}`;
}

function describeAnomaly(anomaly: Anomaly | undefined): string[] {
  if (anomaly === undefined) return [];
  const { name, transactions, cycle } = anomaly;
  const more = transactions.length - listed;
  return [
    '',
    `${name}: ${meanings[name]}.`,
    ...transactions.slice(0, listed).map(describeTransaction),
    ...(more > 0 ? [`  and ${more} more transactions`] : []),
    ...cycle.slice(0, listed).map(describeDependency),
  ];
}

function describeTransaction({ id, line, status, operations }: Transaction): string {
  return `  line ${line}  ${id} (${status}): ${inBrief(operations)}`;
}

const because: Readonly<Record<Dependency['kind'], (key: string) => string>> = {
  ww: (key) => `wrote the version of ${key} before that of`,
  wr: (key) => `wrote the version of ${key} that was read by`,
  rw: (key) => `read a version of ${key} that was replaced by`,
  rt: () => 'had ended before the begin of',
};

const describeDependency = ({ kind, from, to, key }: Dependency): string =>
  `  ${from.id} ${because[kind](String(key))} ${to.id}  (${kind})`;
