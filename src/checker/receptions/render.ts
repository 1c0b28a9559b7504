/** Shows receptions to people: those that are unspecified, a table of all of them, and what else is worth a look. */

import {
  type ExploredTransition,
  type Fate,
  type Flow,
  type Hole,
  neverTaken,
  type Reception,
  type Receptions,
  type Unspecified,
  untaken,
} from '../receptions.ts';
import { renderTrace, taggedText } from '../render.ts';

const fates: readonly Fate[] = ['taken', 'ignored', 'absent', 'unspecified'];

/** A hole in words: what comes, where its addressee stands, and a shortest run to there. */
export const renderHole = ({ state, letter: { from, to, message }, trace }: Hole): string =>
  [
    `UNSPECIFIED: ${taggedText(message)} from ${from} comes to ${to}, which stands at '${state}' and says nothing to it:`,
    renderTrace(trace),
  ].join('\n');

/** How many receptions there are, and how many transitions were taken, on one line. */
export function receptionsLine(receptions: Receptions<Unspecified>): string {
  const acting = receptions.transitions.filter(({ isIgnoring }) => !isIgnoring).length;
  const counts = `${receptions.receptions.length} receptions, ${receptions.holes.length} unspecified`;
  return `${counts}; ${acting - untaken(receptions).length} of ${acting} transitions taken`;
}

/** Receptions for the command line. The numbers in the table are of different situations. */
export function renderReceptions(receptions: Receptions<Unspecified>): string {
  const { holes, undelivered } = receptions;
  const rows = [...receptions.receptions].sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
  return [
    receptionsLine(receptions),
    ...tableOf(rows),
    ...listOf(
      "UNSPECIFIED: end the transitions for it with what holds otherwise, if only '{}'",
      holes.map((hole) => `${flowText(hole)}, in ${hole.state}`),
    ),
    ...listOf('Sent, and never delivered', undelivered.map(flowText)),
    ...listOf('Delivered, and taken in no state', neverTaken(receptions).map(flowText)),
    ...listOf('Transitions that nothing took', untaken(receptions).map(transitionText)),
  ].join('\n');
}

const orderOf = ({ from, to, type, state }: Reception): string => [from, to, type, state].join('\n');

const flowText = ({ from, type, to }: Flow): string => `${from} -> ${to}: ${type}`;

/** `raft.server: leader, on append [isStaleTerm] (Raft §3.3)`. */
function transitionText({ actor, source, event, guard, targets, rule }: ExploredTransition): string {
  const timer = /^xstate\.after\.(.+?)\./.exec(event)?.[1];
  const cause = timer !== undefined ? `after ${timer}` : event === '' ? 'always' : `on ${event}`;
  const asked = guard === undefined ? '' : ` [${guard}]`;
  const leads = targets.length === 0 ? '' : ` -> ${targets.join(', ')}`;
  return `${actor}: ${source}, ${cause}${asked}${leads}${rule === undefined ? '' : ` (${rule})`}`;
}

/** The receptions, by sender and addressee. */
function tableOf(receptions: readonly Reception[]): string[] {
  const head = ['message', ...fates, 'in'];
  const cellsOf = ({ type, fates: met, state }: Reception): string[] => [
    type,
    ...fates.map((fate) => (met[fate] === 0 ? '-' : String(met[fate]))),
    state,
  ];
  const rows = receptions.map(cellsOf);
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const padded = (cell: string, at: number): string => {
    const width = widths[at] ?? 0;
    return at === 0 || at === head.length - 1 ? cell.padEnd(width) : cell.padStart(width);
  };
  const lineOf = (cells: readonly string[]): string => `  ${cells.map(padded).join('  ')}`.trimEnd();
  return receptions.flatMap((it, at) => {
    const before = receptions[at - 1];
    const isSamePair = before?.from === it.from && before.to === it.to;
    return [...(isSamePair ? [] : ['', `${it.from} -> ${it.to}`, lineOf(head)]), lineOf(rows[at] ?? [])];
  });
}

const listOf = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ['', `${title}:`, ...lines.map((line) => `  ${line}`)];
