/** Writes the module in which the command line has what is measured of methods. */

import type { Figure } from '../../src/proof/method-costs.ts';

/** As the formatter breaks lines. */
const lineLength = 120;

/** The module in which the command line has the figures. */
export function recordedModule(costs: Readonly<Record<string, readonly Figure[]>>): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", "\\'")}'`;
  const field = (name: string, text: string): string => {
    const line = `      ${name}: ${quoted(text)},\n`;
    return line.length - 1 <= lineLength ? line : `      ${name}:\n        ${quoted(text)},\n`;
  };
  const figure = ({ what, value, command }: Figure): string =>
    `    {\n${field('what', what)}${field('value', value)}${field('command', command)}    },\n`;
  const entries = Object.entries(costs).map(([name, figures]) => {
    const key = /^\w+$/.test(name) ? name : quoted(name);
    return figures.length === 0 ? `  ${key}: [],\n` : `  ${key}: [\n${figures.map(figure).join('')}  ],\n`;
  });
  return `/** What methods cost, as it was measured. Made by \`npm run docs\`; not to be edited. */

import type { Figure } from '../../proof/method-costs.ts';

export const recordedCosts: Readonly<Record<string, readonly Figure[]>> = {
${entries.join('')}};
`;
}
