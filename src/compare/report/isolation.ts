/** How transactions of several statements are isolated, as rows of a table: what was kept over one and over two databases. */

import { type IsolationName, isolationNames } from '../../history.ts';
import { table } from '../../proof/tables.ts';
import type { Comparison, MethodFigures } from '../comparison.ts';
import type { IsolationFigures } from '../isolation/figures.ts';
import { notApplicable } from './words.ts';

/** What a method gives where its transactions are asked for by one isolation. */
export interface IsolationRow {
  /** The isolation of each branch. */
  readonly asked: string;
  readonly one: string;
  readonly two: string;
  /** The shortest anomaly over two databases that the next level forbids; undefined where none was found. */
  readonly anomaly: string | undefined;
}

/** The strongest level that was kept in all runs, and in how many the next one was not for certain. */
function keptIn({ strongest, levels, runs }: IsolationFigures): string {
  const above: IsolationName | undefined =
    isolationNames[(strongest === null ? isolationNames.length : isolationNames.indexOf(strongest)) - 1];
  const kept = strongest ?? 'none for certain';
  if (above === undefined) return kept;
  const { violation, undecided } = levels[above];
  return [
    kept,
    ...(violation > 0 ? [`not ${above} in ${violation} of ${runs}`] : []),
    ...(undecided > 0 ? [`${above} undecided in ${undecided} of ${runs}`] : []),
  ].join('; ');
}

/** The rows of a method whose transactions were judged. */
export function isolationRows(asked: readonly IsolationFigures[]): readonly IsolationRow[] {
  return asked
    .filter(({ databases }) => databases === 1)
    .map((one) => {
      const two = asked.find(({ databases, isolation }) => databases === 2 && isolation === one.isolation);
      return {
        asked: one.isolation,
        one: keptIn(one),
        two: two === undefined ? notApplicable : keptIn(two),
        anomaly: two?.anomaly ?? undefined,
      };
    });
}

/** What is told of isolation, as it is titled. */
export const isolationTitle =
  'Isolation of transactions of several statements, judged: the strongest level kept in all runs, by what each branch was asked for';

/** What stands where no anomaly was found. */
export const noAnomaly = 'none was found';

const rowsOf = ({ name, isolation }: MethodFigures): readonly (readonly string[])[] =>
  'notApplicable' in isolation
    ? [[name, notApplicable, '', '', '']]
    : isolationRows(isolation.asked).map(({ asked, one, two, anomaly }) => [
        name,
        asked,
        one,
        two,
        anomaly === undefined ? noAnomaly : `\`${anomaly}\``,
      ]);

/** For a terminal, and for documents. */
export const isolationTable = ({ methods }: Comparison): string =>
  table(
    ['method', 'each branch', 'over one database', 'over two', 'shortest anomaly over two'],
    methods.flatMap(rowsOf),
  );
