/** What the three ways say, as a table and as JSON. */

import { boundOfNone } from '../../odds.ts';
import { confidence } from '../../proof/odds/mean.ts';
import {
  type FormulaValue,
  type ModelBounds,
  type NotGiven,
  type QuantityName,
  quantities,
  quantityNames,
  type SampleInterval,
} from '../../proof/odds/quantities.ts';
import type { GatheredOdds } from './gather.ts';
import { parametersText, quantityText } from './numbers.ts';

type Answer = FormulaValue | ModelBounds | SampleInterval | NotGiven;

const heads = ['', 'by formula', 'from the model', 'by runs (99.9 %)'] as const;

/** What a way says of a quantity, in a cell. */
function cellOf(quantity: QuantityName, answer: Answer): string {
  const text = (value: number): string => quantityText(quantity, value);
  switch (answer.type) {
    case 'value':
      return answer.unmetAssumption === undefined ? text(answer.value) : `${text(answer.value)} (*)`;
    case 'bounds':
      return `${text(answer.lower)} to ${text(answer.upper)}`;
    case 'sample':
      if (answer.count === 0) return `none of ${answer.runs}: at most ${text(boundOfNone(answer.runs, confidence))}`;
      return `${text(answer.value)} (${text(answer.lower)} to ${text(answer.upper)})`;
    case 'not-given':
      return '-';
  }
}

/** A method as a table, with what is not given, and why, below it. */
export function tableOf({ method, parameters, formulas, model, sample, disagreements }: GatheredOdds): string {
  const rows = quantityNames.map((name) => [
    quantities[name].title + (quantities[name].unit === 'ms' ? ' in ms' : ''),
    cellOf(name, formulas[name]),
    cellOf(name, model[name]),
    cellOf(name, sample[name]),
  ]);
  const widths = heads.map((head, at) => Math.max(head.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const lines = [heads, ...rows].map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [
    `${method.name}: ${method.about}`,
    `  prepare: ${method.factors.prepare}`,
    `  commit: ${method.factors.commit}`,
    ...(method.remark === undefined ? [] : [`  ${method.remark}`]),
    `  ${parametersText(parameters)}`,
    '',
    ...lines,
    ...notesOf({ formulas, model, sample }),
    ...disagreements.map(({ quantity, problem }) => `DISAGREE on ${quantities[quantity].title}: ${problem}`),
  ].join('\n');
}

/** Why something is missing, or does not count: once for each reason, with all that it is the reason of. */
function notesOf({ formulas, model, sample }: Pick<GatheredOdds, 'formulas' | 'model' | 'sample'>): readonly string[] {
  const why = new Map<string, { readonly ways: Set<string>; readonly titles: Set<string> }>();
  const note = (reason: string, way: string, quantity: QuantityName): void => {
    const { ways, titles } = why.get(reason) ?? { ways: new Set(), titles: new Set() };
    why.set(reason, { ways: ways.add(way), titles: titles.add(quantities[quantity].title) });
  };
  for (const name of quantityNames) {
    const formula = formulas[name];
    if (formula.type === 'value' && formula.unmetAssumption !== undefined) {
      note(`${formula.unmetAssumption}, which is not so here`, '(*) the formula takes for granted that', name);
    }
    const answers = { 'by formula': formula, 'from the model': model[name], 'by runs': sample[name] };
    for (const [way, answer] of Object.entries(answers)) {
      if (answer.type === 'not-given') note(answer.reason, way, name);
    }
  }
  return [...why].map(([reason, { ways, titles }]) => {
    const [way = ''] = ways;
    const head = way.startsWith('(*)') ? `${way} ` : `- not given ${[...ways].join(', ')}: `;
    return `${head}${reason} (${[...titles].join(', ')})`;
  });
}

/** A method as plain data. */
export const dataOf = ({ method, parameters, formulas, model, sample, disagreements }: GatheredOdds) => ({
  method: method.name,
  about: method.about,
  factors: method.factors,
  ...(method.remark === undefined ? {} : { remark: method.remark }),
  parameters,
  agrees: disagreements.length === 0,
  disagreements,
  quantities: quantityNames.map((name) => ({
    name,
    ...quantities[name],
    formula: formulas[name],
    model: model[name],
    runs: sample[name],
  })),
});
