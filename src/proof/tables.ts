/** The tables of the docs, made from the descriptors: protocols, bounds, proven systems and broken twins. */

import * as v from 'valibot';
import { optionNameOf } from './bounds.ts';
import type { Protocol, TwinDescription } from './protocol.ts';

const figure = v.object({ states: v.number(), transitions: v.number(), depth: v.number() });
const figures = v.record(v.string(), v.record(v.string(), figure));

/** How large the proven systems are, by protocol and system, as they were last counted. */
export type Figures = v.InferOutput<typeof figures>;

/** Reads figures. @throws ValiError */
export const figuresSchema = (value: unknown): Figures => v.parse(figures, value);

type Row = readonly string[];

/** A Markdown table whose columns are padded; those from `numbersFrom` on stand to the right. */
export function table(head: Row, rows: readonly Row[], numbersFrom = head.length): string {
  const widths = head.map((title, at) => Math.max(3, title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const cell = (text: string, at: number): string =>
    at < numbersFrom ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0);
  const line = (row: Row): string => `| ${row.map(cell).join(' | ')} |`;
  const rule = widths.map((width, at) => (at < numbersFrom ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(head), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n');
}

const counted = (value: number): string => value.toLocaleString('en');

/** What there is. */
export const protocolsTable = (protocols: readonly Protocol[]): string =>
  table(
    ['protocol', 'what it is', 'proven systems', 'broken twins'],
    protocols.map(({ name, about, systems, twins }) => [
      `\`${name}\``,
      about,
      String(systems.length),
      String(twins.length),
    ]),
    2,
  );

/** The bounds of a system, as options. */
export const boundsTable = ({ bounds }: Protocol): string =>
  table(
    ['option', 'default', 'what it says'],
    Object.entries(bounds).map(([name, bound]) => {
      const isNegated = bound.placeholder === undefined && bound.default === true;
      const value = bound.placeholder === undefined ? '' : ` <${bound.placeholder}>`;
      return [`\`--${isNegated ? 'no-' : ''}${optionNameOf(name)}${value}\``, bound.defaultText, bound.about];
    }),
  );

/** The systems that are proven, the largest first; one that was not counted yet stands at the end. */
export function systemsTable({ name, systems, systemName }: Protocol, recorded: Figures): string {
  const rows = systems.map(({ bounds, knownTruth }) => {
    const system = systemName(bounds);
    const title = knownTruth === undefined ? system : `${system} - **known to be violated**`;
    return { title, figures: recorded[name]?.[system] };
  });
  const sorted = rows.toSorted((a, b) => (b.figures?.states ?? 0) - (a.figures?.states ?? 0));
  return table(
    ['system', 'distinct states', 'transitions', 'depth'],
    sorted.map(({ title, figures }) => [
      title,
      figures === undefined ? '?' : counted(figures.states),
      figures === undefined ? '?' : counted(figures.transitions),
      figures === undefined ? '?' : String(figures.depth),
    ]),
    1,
  );
}

/** All that was counted of the protocols' proven systems, in one sentence. */
export function totalText(protocols: readonly Protocol[], recorded: Figures): string {
  const all = protocols.flatMap(({ name, systems, systemName }) =>
    systems.flatMap(({ bounds }) => recorded[name]?.[systemName(bounds)] ?? []),
  );
  const sum = (of: (one: (typeof all)[number]) => number): number => all.reduce((total, one) => total + of(one), 0);
  const states = counted(sum((one) => one.states));
  return `Together ${states} states and ${counted(sum((one) => one.transitions))} transitions.`;
}

/** How much of each protocol was explored: all of its proven systems together, as far as they were counted, and the largest. */
export const exploredTable = (protocols: readonly Protocol[], recorded: Figures): string =>
  table(
    ['protocol', 'proven systems', 'distinct states', 'of the largest', 'broken twins'],
    protocols.map(({ name, systems, systemName, twins }) => {
      const states = systems.flatMap(({ bounds }) => recorded[name]?.[systemName(bounds)]?.states ?? []);
      const sum = states.reduce((total, one) => total + one, 0);
      const found = states.length === 0 ? ['?', '?'] : [sum, Math.max(...states)].map(counted);
      return [`\`${name}\``, counted(systems.length), ...found, counted(twins.length)];
    }),
    1,
  );

const foundBy = ({ checker, simulator }: TwinDescription): string =>
  [checker === undefined ? [] : `checker: ${checker.violates}`, simulator === undefined ? [] : 'simulator']
    .flat()
    .join('; ');

/** The broken twins, and how each is found. */
export const twinsTable = ({ twins }: Protocol): string =>
  table(
    ['what it does wrong', 'the rule that it breaks', 'found by'],
    twins.map((twin) => [twin.name, twin.rule, foundBy(twin)]),
  );
