/** What a comparison says of one method, in the few figures that a choice is told. */

import type { Figure } from '../proof/method-costs.ts';
import type { Comparison } from './comparison.ts';
import type { FaultName } from './faults.ts';
import type { FaultFigures, Figure as Measured } from './figures.ts';

const told = (figure: Measured, unit = ''): string =>
  typeof figure === 'number' ? `${figure}${unit}` : `not applicable: ${figure.notApplicable}`;

const spread = (found: FaultFigures['recoveryMs']): string =>
  'notApplicable' in found ? `never: ${found.notApplicable}` : `${told(found.median)} and ${told(found.worst, ' ms')}`;

/**
 * The figures of the method `name` in a comparison that has it.
 *
 * @param remark what is otherwise there than in what is recommended
 * @throws RangeError when the comparison does not have it
 */
export function choiceFigures(comparison: Comparison, name: string, remark?: string): readonly Figure[] {
  const method = comparison.methods.find((it) => it.name === name);
  if (method === undefined || !('calm' in method)) {
    throw new RangeError(`expected a comparison of '${name}', got one without: npm run docs:comparison`);
  }
  const { calm, faults } = method;
  const of = remark === undefined ? '' : ` (${remark})`;
  const figure = (what: string, value: string, command: string): Figure => ({
    what: `${what}${of}`,
    value,
    command: `npx ${command}`,
  });
  const under = (fault: FaultName, what: string): readonly Figure[] => {
    const cell = faults.find((it) => it.fault === fault);
    if (cell === undefined || !('command' in cell)) return [];
    const { command, recoveryMs, unavailableMs, integrity } = cell;
    return [
      figure(`transfers again after ${what}: median and worst of ${cell.runs}`, spread(recoveryMs), command),
      figure(`no success for so long after ${what}: median and worst`, spread(unavailableMs), command),
      figure(
        `acknowledged transfers that ${what} loses`,
        `${told(integrity.lost)} of ${told(integrity.acknowledged)}`,
        command,
      ),
    ];
  };
  const { p50, p99 } = calm.latencyMs;
  return [
    figure('a transfer takes, median and 99 of 100', `${told(p50)} and ${told(p99, ' ms')}`, calm.command),
    figure('messages per transfer', told(calm.messagesPerCommit), calm.command),
    figure('flushes per transfer', told(calm.flushesPerCommit), calm.command),
    ...under('crash', 'a crash'),
    ...under('zone-loss', 'the loss of a zone'),
  ];
}
