/** Renders a failed run for people: what went wrong, the faults, and the last things that happened before. */

import type { RunResult } from './run.ts';

/** Lines of the event log that say little to a person. */
const silent = new Set(['seen', 'sent']);

/** Renders a run that kept its log. `maxLines` bounds the part that tells what happened. */
export function renderTrace(result: RunResult, maxLines = 60): string {
  const { violation, schedule, log } = result;
  const told = log.lines.filter((line) => !silent.has(line.split(' ', 2)[1] ?? '') || line.endsWith(' lost'));
  const shown = told.slice(-maxLines);
  const elided = told.length - shown.length;
  return [
    violation === undefined
      ? 'no violation'
      : `${violation.kind} violated at ${violation.atMs.toFixed(1)} ms: ${violation.problem}`,
    `${schedule.nodes} nodes, ${schedule.faults.length} faults, ${schedule.operations.length} operations, seed ${schedule.seed}`,
    ...(elided > 0 ? [`... ${elided} earlier lines`] : []),
    ...shown.map(renderLine),
  ].join('\n');
}

function renderLine(line: string): string {
  const [at = '', kind = '', ...rest] = line.split(' ');
  const time = `${Number(at).toFixed(1).padStart(9)} ms`;
  if (kind === 'delivered') return `${time}  ${rest[0]} -> ${rest[1]}  ${rest[2]}`;
  if (kind === 'sent' || kind === 'cut')
    return `${time}  ${rest[0]} -x ${rest[1]}  ${rest[2]} (${kind === 'cut' ? 'cut off' : 'lost'})`;
  return `${time}  ${kind.toUpperCase()} ${rest.join(' ')}`;
}
