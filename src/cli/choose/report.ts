/** What came of the questions, for people and for scripts. */

import type { Figure } from '../../proof/method-costs.ts';
import type { Terminal } from '../terminal.ts';
import type { Conclusion } from './conclude.ts';
import { reasons } from './reasons.ts';
import { recordedCosts } from './recorded.ts';
import { remarksOn } from './remarks.ts';

/** What is measured of what was recommended. */
export const costsOf = (conclusion: Conclusion): readonly Figure[] =>
  'recommended' in conclusion ? (recordedCosts[conclusion.recommended.costsOf] ?? []) : [];

/** The conclusion as data. */
export function reportOf(conclusion: Conclusion): object {
  const { answers } = conclusion;
  const because = conclusion.reasons.map((reason) => ({ reason, text: reasons[reason] }));
  if ('refused' in conclusion) {
    const { name, title, change } = conclusion.refused;
    return { answers, refused: name, title, reasons: because, change };
  }
  const { name, title, about, document, start } = conclusion.recommended;
  const remarks = remarksOn(conclusion);
  return {
    answers,
    recommended: name,
    title,
    about,
    reasons: because,
    remarks,
    costs: costsOf(conclusion),
    document,
    start,
  };
}

/** Prints the conclusion. */
export function tellConclusion(conclusion: Conclusion, { out, outColours }: Terminal): void {
  const listed = (lines: readonly string[]): void => {
    for (const line of lines) out(`  - ${line}`);
  };
  const because = conclusion.reasons.map((reason) => reasons[reason]);
  if ('refused' in conclusion) {
    const { title, change } = conclusion.refused;
    out(outColours.yellow(`${title}.`));
    listed(because);
    out(change);
    return;
  }
  const { title, about, document, start } = conclusion.recommended;
  out(outColours.bold(outColours.green(title)));
  out(`${about}\n`);
  out('Because');
  listed(because);
  out('\nTo know');
  listed(remarksOn(conclusion));
  out('\nWhat it costs, as measured (command that measures it again)');
  const costs = costsOf(conclusion);
  listed(costs.map(({ what, value, command }) => `${what}: ${outColours.bold(value)} (${command})`));
  if (costs.length === 0) listed(['no figure of it is recorded']);
  out(`\nTo start from (${document} says the rest): ${start.file}`);
  for (const command of start.commands) out(`  $ ${command}`);
  out(`\n${start.content.trimEnd()}`);
}
