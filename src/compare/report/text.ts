/** A comparison as tables for a terminal, and for documents. */

import { type ConsistencyName, consistencyModels, consistencyNames } from '../../history.ts';
import { table } from '../../proof/tables.ts';
import type { Comparison, FaultCell, MethodFigures } from '../comparison.ts';
import type { Consistency, Figure, Integrity, Verdicts } from '../figures.ts';
import { isolationTable, isolationTitle } from './isolation.ts';
import { notApplicable } from './words.ts';

/** A figure as text, with so many digits after the point. */
export const shown = (figure: Figure, digits = 1): string =>
  typeof figure === 'number' ? figure.toFixed(digits) : notApplicable;

/** Whether what satisfies `one` satisfies `other`. */
const implies = (one: ConsistencyName, other: ConsistencyName): boolean =>
  consistencyModels[one].implies.some((it) => it === other || implies(it, other));

const isSatisfied = ({ violation, undecided }: Verdicts): boolean => violation + undecided === 0;

/** The strongest consistency models that were kept in all runs; and how often linearizability was not, where it was not. */
export function shownConsistency(consistency: Consistency): string {
  const kept = consistencyNames.filter((name) => isSatisfied(consistency[name]));
  const strongest = kept.filter((name) => kept.every((other) => !implies(other, name)));
  const { satisfied, violation, undecided } = consistency.linearizable;
  const runs = satisfied + violation + undecided;
  return [
    strongest.length === 0 ? 'none for certain' : strongest.join(', '),
    ...(violation > 0 ? [`not linearizable in ${violation} of ${runs}`] : []),
    ...(undecided > 0 ? [`undecided in ${undecided} of ${runs}`] : []),
  ].join('; ');
}

/** A time to recover as text. */
export const shownRecovery = (figure: Figure): string => (typeof figure === 'number' ? figure.toFixed(0) : 'never');

/** Losses as text. */
export const shownLoss = ({ acknowledged, lost, unreadable }: Integrity): string =>
  `${lost} of ${acknowledged}${unreadable > 0 ? `; ${unreadable} unreadable` : ''}`;

/** What methods cost, and what they give, while nothing is wrong. */
export const calmTable = ({ methods }: Comparison): string =>
  table(
    ['method', 'consistency', 'p50 ms', 'p99 ms', 'p99.9 ms', 'messages', 'flushes', 'per second'],
    methods.map(({ name, calm }) => [
      name,
      shownConsistency(calm.consistency),
      shown(calm.latencyMs.p50),
      shown(calm.latencyMs.p99),
      shown(calm.latencyMs.p999),
      shown(calm.messagesPerCommit),
      shown(calm.flushesPerCommit),
      shown(calm.throughputPerSecond, 0),
    ]),
    2,
  );

/** The cell of a method and a kind of fault, or why there is none. */
export const cellOf = ({ faults }: MethodFigures, fault: string): FaultCell | undefined =>
  faults.find((it) => it.fault === fault);

/** What came of a kind of fault, where it can befall the method. */
type ShownCell = Exclude<FaultCell, { readonly notApplicable: string }>;

/** One table of a figure by method and kind of fault. */
export const faultTable = ({ methods, faults }: Comparison, text: (cell: ShownCell) => string): string =>
  table(
    ['method', ...Object.keys(faults)],
    methods.map((method) => [
      method.name,
      ...Object.keys(faults).map((fault) => {
        const cell = cellOf(method, fault);
        return cell === undefined || 'notApplicable' in cell ? notApplicable : text(cell);
      }),
    ]),
    1,
  );

/** A figure of each kind of fault, as it is shown. */
export interface FaultFigure {
  readonly title: string;
  readonly text: (cell: ShownCell) => string;
}

/** What is told of each kind of fault, in the order in which it is shown. */
export const faultFiguresShown = {
  recovery: {
    title: 'Time to recover: median, ms, from the beginning of the fault to the first commit that began after it',
    text: ({ recoveryMs, recovered, runs }) =>
      'notApplicable' in recoveryMs
        ? 'never'
        : `${shownRecovery(recoveryMs.median)}${recovered < runs ? ` (${recovered} of ${runs})` : ''}`,
  },
  unavailability: {
    title: 'Unavailability: median, ms, in pauses of more than 250 ms in which nothing was committed',
    text: ({ unavailableMs }) => unavailableMs.median.toFixed(0),
  },
  blocked: {
    title: 'Transactions blocked: prepared for longer than a second, all runs',
    text: ({ blocked }) => shown(blocked, 0),
  },
  lost: {
    title:
      'Data lost: acknowledged transfers that are missing in the end, or of which no copy is left; and unreadable: those of which copies are left that cannot be read, all runs',
    text: ({ integrity }) => shownLoss(integrity),
  },
  latency: { title: 'Latency with the fault: p99, ms', text: ({ latencyMs }) => shown(latencyMs.p99) },
  consistency: {
    title: 'Consistency, as clients saw it: the strongest models kept in all runs',
    text: ({ consistency }) => shownConsistency(consistency),
  },
} as const satisfies Readonly<Record<string, FaultFigure>>;

/** The methods, and what each keeps where. */
export const methodsTable = ({ methods }: Comparison): string =>
  table(
    ['method', 'what it is'],
    methods.map(({ name, about }) => [`\`${name}\``, about]),
  );

/** What methods express, and why not. */
export const operationsTable = ({ methods, operations }: Comparison): string =>
  table(
    ['method', ...Object.keys(operations)],
    methods.map((method) => [
      method.name,
      ...Object.values(method.operations).map((it) => ('notApplicable' in it ? notApplicable : 'yes')),
    ]),
  );

/** Latency of transfers once a fault of whatever kind had begun. */
export const latencyWithFaultsTable = ({ methods }: Comparison): string =>
  table(
    ['method', 'transfers', 'p50 ms', 'p99 ms', 'p99.9 ms'],
    methods.map(({ name, latencyWithFaultsMs: { samples, p50, p99, p999 } }) => [
      name,
      String(samples),
      ...[p50, p99, p999].map((it) => shown(it)),
    ]),
    1,
  );

/** What figures mean: those of virtual time, and those of processes. */
export function groundText({ environment, runs }: Comparison): string {
  if (environment === undefined) {
    return `${runs} runs of each, on virtual time: processors cost nothing here, only waiting does`;
  }
  const { statement, node, platform, processors } = environment;
  return `${runs} runs of each, on Node ${node}, ${platform}, ${processors} processors. ${statement}`;
}

/** The methods that could not be compared, the kinds of faults that are not done to the others, and why; undefined if there are none. */
function leftOutTable({ methods, notApplicable: leftOut = [] }: Comparison): string | undefined {
  const spared = methods.flatMap(({ faults }) => faults.filter((it) => 'notApplicable' in it));
  const whyByFault = new Map(spared.map(({ fault, notApplicable: why }) => [fault, why]));
  const rows = [...leftOut.map(({ name, notApplicable: why }) => [name, why]), ...whyByFault];
  return rows.length === 0 ? undefined : table(['what', 'why'], rows);
}

/** All tables, for a terminal. */
export function textReport(comparison: Comparison): string {
  const { faults, live } = comparison;
  const leftOut = live === undefined ? undefined : leftOutTable(comparison);
  return [
    `${comparison.command}\n${groundText(comparison)}`,
    ...(leftOut === undefined ? [] : [`What is not applicable on processes\n\n${leftOut}`]),
    `What methods express\n\n${operationsTable(comparison)}`,
    `While nothing is wrong; per commit: messages, flushes\n\n${calmTable(comparison)}`,
    `${isolationTitle}\n\n${isolationTable(comparison)}`,
    ...(Object.keys(faults).length === 0
      ? []
      : [
          `Latency of transfers that succeeded once a fault had begun, of whatever kind\n\n${latencyWithFaultsTable(comparison)}`,
          ...Object.values(faultFiguresShown).map(({ title, text }) => `${title}\n\n${faultTable(comparison, text)}`),
        ]),
  ].join('\n\n');
}
