/** What documents and the command line show of the odds of all protocols. */

import type { ProtocolOdds } from '../odds.ts';

/** What the two factors are, of each method, and where a common definition of them is wrong. */
export function factorsTable(methods: readonly ProtocolOdds[]): string {
  const rows = methods.map(({ name, about, factors, remark }) => {
    return `| \`${name}\`: ${about} | ${factors.prepare} | ${factors.commit} | ${remark ?? ''} |`;
  });
  return [
    '| method | prepared | and then committed | where a common definition is wrong |',
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}
