/** What came of judging by consistency models, in words, for a terminal. */

import { limitReasons } from '../effort.ts';
import { describeOperation } from '../report.ts';
import type { UndecidedReason } from './finding.ts';
import type { ConsistencyResult, StrongestConsistency } from './judge.ts';
import { type ConsistencyName, consistencyModels } from './models.ts';

/** Operations of a part that are listed. */
const listedOperations = 20;

const reasons: Readonly<Record<UndecidedReason, string>> = {
  ...limitReasons,
  ambiguous: 'reads may have returned any of several writes of one value; write each value once',
  'nothing-answered': 'no operation was answered, so the history proves nothing',
  'never-quiet': 'no object was read after the last write to it had ended; let the system rest, and read once more',
  'not-defined': 'it is defined for reads, writes and cas alone',
};

const adjectives: Readonly<Record<ConsistencyName, string>> = {
  linearizable: 'linearizable',
  sequential: 'sequentially consistent',
  causal: 'causally consistent',
  pram: 'PRAM consistent',
  'writes-follow-reads': 'consistent with writes follow reads',
  'monotonic-writes': 'consistent with monotonic writes',
  'monotonic-reads': 'consistent with monotonic reads',
  'read-your-writes': 'consistent with read your writes',
  eventual: 'eventually consistent (after quiescence)',
};

/** Renders what came of one model. Bounded: a long part is cut, and says so. */
export function renderConsistency(result: ConsistencyResult): string {
  const { consistency, verdict, reason, process, part } = result;
  const { statement, source } = consistencyModels[consistency];
  const adjective = adjectives[consistency];
  const definition = `${consistency}: ${statement} (${source}).`;
  if (verdict === 'satisfied') return `Satisfied: the history is ${adjective}, as a ${result.model}.\n${definition}\n`;
  if (verdict === 'undecided')
    return `Undecided: ${reason === undefined ? 'nobody knows' : reasons[reason]}.\n${definition}\n`;
  const seenBy = process === undefined ? '' : `, as process ${String(process)} saw it`;
  return `${[`Violation: the history is not ${adjective}${seenBy}.`, definition, ...renderPart(part)].join('\n')}\n`;
}

function renderPart(part: ConsistencyResult['part']): string[] {
  if (part === undefined) return [];
  const { operations, isShortest, isCut } = part;
  const kind = isShortest
    ? 'The shortest part'
    : isCut
      ? 'A part (the search for a shorter one reached a limit)'
      : 'A part';
  const more = operations.length - listedOperations;
  return [
    '',
    `${kind} that is a violation by itself:`,
    ...operations.slice(0, listedOperations).map(describeOperation),
    ...(more > 0 ? [`  and ${more} more operations`] : []),
  ];
}

/** Renders what came of all models: a line for each, and the parts that the strongest violated ones forbid. */
export function renderStrongest({ results, strongest }: StrongestConsistency): string {
  const width = Math.max(...results.map(({ consistency }) => consistency.length));
  const lines = results.map(({ consistency, verdict, reason }) => {
    const why = reason === undefined ? '' : `: ${reasons[reason]}`;
    return `  ${consistency.padEnd(width)}  ${verdict}${why}`;
  });
  const first = results.find(({ verdict }) => verdict === 'violation');
  return `${[
    strongest.length === 0 ? 'No consistency model was shown to be satisfied.' : `Strongest: ${strongest.join(', ')}.`,
    ...lines,
    ...(first === undefined ? [] : ['', renderConsistency(first).trimEnd()]),
  ].join('\n')}\n`;
}
