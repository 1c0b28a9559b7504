/** A verdict in words, for a terminal. */

import { type CheckResult, hasAnswers, type ObjectResult, type Unfinished } from './check.ts';
import type { SequentialModel } from './model.ts';
import { type History, type Operation, showKey, showLines, showOperation, showValue } from './operation.ts';

/** Operations of the longest prefix that are listed: the last ones. */
const listedOperations = 10;
/** Objects without a verdict that are listed. */
const listedObjects = 10;

const reasons: Readonly<Record<Unfinished, string>> = {
  time: 'the budget of time was used up',
  steps: 'the limit of steps was reached',
  memory: 'the limit of memory was reached',
  'settled-elsewhere': 'another object was refuted first',
};

const nothingProven = [
  'Unknown: no operation was answered, so the history proves nothing. Was it recorded at all, and of a system that runs?',
];

/** Renders what came of a check. Bounded: long lists are cut, and say so. */
export function renderReport(history: History, result: CheckResult, model: SequentialModel<unknown>): string {
  const first = hasAnswers(history) ? headline(result, model) : nothingProven;
  const lines = [...first, '', ...figures(history, result)];
  return `${lines.join('\n')}\n`;
}

function headline(result: CheckResult, model: SequentialModel<unknown>): string[] {
  const { violation, verdict } = result;
  if (violation !== undefined) return describeViolation(violation, model);
  if (verdict === 'linearizable')
    return [`Linearizable: some order of the operations is a run of the model ${model.name}.`];
  const open = result.objects.filter((object) => object.verdict === 'unknown');
  return [
    'Unknown: neither an order of the operations was found, nor was it shown that there is none.',
    ...open.slice(0, listedObjects).map(describeUnfinished),
    ...(open.length > listedObjects ? [`  and ${open.length - listedObjects} more objects`] : []),
    'Allow more time or memory, or check a shorter history, or one with fewer operations of unknown outcome.',
  ];
}

function describeUnfinished({ key, unfinished, explained, answers, unknownOutcomes }: ObjectResult): string {
  const reason = unfinished === undefined ? '' : `, ${reasons[unfinished]}`;
  return `  ${showKey(key)}: explained ${explained} of ${answers} answers, ${unknownOutcomes} unknown outcomes${reason}`;
}

function describeViolation(violation: ObjectResult, model: SequentialModel<unknown>): string[] {
  const { stuckAt, stuckStates, stuckStatesInAll, linearization, explained, key } = violation;
  if (stuckAt === undefined) return [];
  const hidden = linearization.length - listedOperations;
  const states = stuckStates.map((state) => showValue(state)).join(', ');
  const more = stuckStatesInAll > stuckStates.length ? `, and ${stuckStatesInAll - stuckStates.length} more` : '';
  return [
    `Not linearizable: ${showKey(key)}, as a ${model.name}.`,
    '',
    'The first operation that cannot be linearized:',
    describeOperation(stuckAt),
    '',
    `The ${model.stateName} can have been, at that point: ${states}${more}`,
    '',
    `The longest prefix that can be linearized explains ${explained} answers, and ends:`,
    ...(hidden > 0 ? [`  ... ${hidden} operations before`] : []),
    ...linearization.slice(-listedOperations).map(describeOperation),
    ...(linearization.length === 0 ? ['  (nothing: it is the first answer)'] : []),
  ];
}

/** One line for an operation. */
export const describeOperation = (operation: Operation): string =>
  `  ${showLines(operation).padEnd(16)}  process ${String(operation.process).padEnd(4)}  ${showOperation(operation)}`;

function figures(history: History, result: CheckResult): string[] {
  const sum = (of: (object: ObjectResult) => number): number =>
    result.objects.reduce((total, object) => total + of(object), 0);
  const grouped = (count: number): string => count.toLocaleString('en');
  const failed = history.operations.filter(({ outcome }) => outcome === 'failed').length;
  return [
    `${grouped(history.operations.length)} operations on ${grouped(result.objects.length)} objects: ` +
      `${grouped(sum(({ answers }) => answers))} ok, ${grouped(failed)} failed, ` +
      `${grouped(sum(({ unknownOutcomes }) => unknownOutcomes))} unknown; ${grouped(history.faults.length)} faults`,
    `${grouped(sum(({ steps }) => steps))} steps, ${grouped(sum(({ configurations }) => configurations))} configurations, ` +
      `${(result.peakBytes / 2 ** 20).toFixed(1)} MiB at most, ${Math.round(result.elapsedMs)} ms`,
  ];
}
