/** Draws a history as one self-contained SVG: no script, no font, no image from elsewhere. */

import type { CheckResult, ObjectResult } from '../check.ts';
import type { SequentialModel } from '../model.ts';
import { type History, showKey, showLines, showOperation, showValue } from '../operation.ts';
import { type Bar, type FaultBar, type Layout, layOut, type PictureLimits, type Standing } from './layout.ts';

const laneHeight = 30;
const barHeight = 20;
const faultRowHeight = 16;
const gutter = 96;
const characterWidth = 6.1;
const labelLimit = 40;
const titleLimit = 200;

const colours: Readonly<Record<Standing, { fill: string; stroke: string; meaning: string }>> = {
  linearized: { fill: '#d9f0dd', stroke: '#2e7d32', meaning: 'took effect in the longest prefix' },
  culprit: { fill: '#ffd6d6', stroke: '#c62828', meaning: 'cannot be linearized' },
  open: { fill: '#e3ecfb', stroke: '#3d6db5', meaning: 'not part of that prefix' },
  failed: { fill: '#eeeeee', stroke: '#9e9e9e', meaning: 'failed: did not happen' },
};
const faultColour = '#b26a00';

/**
 * A picture of one object's operations, with the faults on the same axis of time. It holds at most 100 operations, 40
 * processes and 30 faults, unless told otherwise, in at most 256 KiB, and says how many it leaves out.
 *
 * @param object by default the one that was refuted, else one without a verdict, else the first
 * @returns an SVG document; undefined when the history has no operations
 */
export function renderPicture(
  history: History,
  result: CheckResult,
  model: SequentialModel<unknown>,
  options: PictureLimits & { readonly object?: ObjectResult } = {},
): string | undefined {
  const object =
    options.object ??
    result.violation ??
    result.objects.find(({ verdict }) => verdict === 'unknown') ??
    result.objects.find(({ answers }) => answers > 0) ??
    result.objects[0];
  if (object === undefined) return undefined;
  return draw(layOut(history, object, options), captions(object, model), history.begin.timeMs);
}

function captions(object: ObjectResult, model: SequentialModel<unknown>): string[] {
  const title = { linearizable: 'Linearizable', violation: 'Not linearizable', unknown: 'Unknown' }[object.verdict];
  const progress = `${object.explained} of ${object.answers} answers explained`;
  const head = `${title}: ${showKey(object.key)}, as a ${model.name} (${progress})`;
  const { stuckAt } = object;
  if (stuckAt === undefined || object.verdict !== 'violation') return [head];
  const states = object.stuckStates.map((state) => showValue(state, labelLimit)).join(', ');
  const more = object.stuckStatesInAll > object.stuckStates.length ? ', …' : '';
  return [
    head,
    `First that cannot be linearized: process ${stuckAt.process}, ${showOperation(stuckAt, labelLimit)} (${showLines(stuckAt)}). ` +
      `The ${model.stateName} can have been: ${states}${more}`,
  ];
}

function draw(layout: Layout, head: readonly string[], beginMs: number): string {
  const faultsTop = 16 + head.length * 18 + 24;
  const lanesTop = faultsTop + layout.faults.length * faultRowHeight + 24;
  const bottom = lanesTop + layout.processes.length * laneHeight;
  const width = Math.max(900, gutter + layout.width + 180);
  const height = bottom + 44;
  const middleOf = (lane: number): number => lanesTop + lane * laneHeight + laneHeight / 2;
  const parts: string[] = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
      'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="10">',
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...head.map((caption, index) =>
      text(16, 24 + index * 18, caption, index === 0 ? 'font-size="14" font-weight="bold"' : 'font-size="11"'),
    ),
    ...layout.ticks.flatMap(({ x, timeMs }) => [
      `<line x1="${gutter + x}" x2="${gutter + x}" y1="${faultsTop - 4}" y2="${bottom}" stroke="#e6e6e6"/>`,
      text(gutter + x, faultsTop - 8, showTime(timeMs - beginMs), 'fill="#666666"'),
    ]),
    ...layout.faults.map((fault) => drawFault(fault, faultsTop, bottom)),
    ...layout.processes.flatMap((process, lane) => [
      text(16, middleOf(lane) + 4, shorten(String(process), 12), 'fill="#333333"'),
      `<line x1="${gutter}" x2="${gutter + layout.width}" y1="${middleOf(lane)}" y2="${middleOf(lane)}" stroke="#f2f2f2"/>`,
    ]),
    ...layout.bars.map((bar) => drawBar(bar, middleOf(bar.lane))),
    ...drawPoints(layout, middleOf),
    ...drawLegend(bottom + 16),
  ];
  const hidden = describeHidden(layout);
  if (hidden !== '') parts.push(text(16, bottom + 36, hidden, 'fill="#666666"'));
  return `${parts.join('\n')}\n</svg>\n`;
}

function drawBar({ operation, standing, left, right, gaveUp, room }: Bar, middle: number): string {
  const { fill, stroke } = colours[standing];
  const x = gutter + left;
  const y = middle - barHeight / 2;
  const solidUntil = gaveUp ?? right;
  const shown = shorten(showOperation(operation, labelLimit), Math.max(1, Math.floor((room - 6) / characterWidth)));
  const dash = operation.outcome === 'ok' ? '' : ' stroke-dasharray="3 2"';
  const tail =
    operation.outcome === 'unknown'
      ? `<line x1="${gutter + solidUntil}" x2="${gutter + right}" y1="${middle + 8}" y2="${middle + 8}" stroke="${stroke}"${dash}/>`
      : '';
  return (
    `<g><title>${escaped(shorten(`process ${operation.process}: ${showOperation(operation)}, ${showLines(operation)}`, titleLimit))}</title>` +
    `<rect x="${x}" y="${y}" width="${Math.max(4, solidUntil - left)}" height="${barHeight}" rx="3" fill="${fill}" stroke="${stroke}"${dash}` +
    `${standing === 'culprit' ? ' stroke-width="2.5"' : ''}/>${tail}${text(x + 3, middle + 3, shown, 'fill="#111111"')}</g>`
  );
}

function drawFault({ fault, row, left, right }: FaultBar, top: number, bottom: number): string {
  const x = gutter + left;
  const width = Math.max(2, right - left);
  const y = top + row * faultRowHeight;
  const label = shorten(fault.target === undefined ? fault.kind : `${fault.kind} ${fault.target}`, labelLimit);
  return (
    `<g><title>${escaped(shorten(`${fault.kind} ${fault.target ?? ''}, line ${fault.begin.line} to ${fault.end?.line ?? 'the end'}`, titleLimit))}</title>` +
    `<rect x="${x}" y="${y}" width="${width}" height="${bottom - y}" fill="${faultColour}" fill-opacity="0.05"/>` +
    `<rect x="${x}" y="${y}" width="${width}" height="${faultRowHeight - 3}" fill="${faultColour}" fill-opacity="0.3"/>` +
    `${text(x + 3, y + 10, label, 'fill="#5c3700"')}</g>`
  );
}

/** The order in which operations took effect: a line from each to the next, broken where some are not in the picture. */
function drawPoints({ points }: Layout, middleOf: (lane: number) => number): string[] {
  return points.flatMap(({ rank, lane, x }, index) => {
    const y = middleOf(lane) - barHeight / 2;
    const before = points[index - 1];
    const dot = `<circle cx="${gutter + x}" cy="${y}" r="2.5" fill="#1b5e20"><title>takes effect as number ${rank + 1}</title></circle>`;
    if (before === undefined || before.rank !== rank - 1) return [dot];
    const line = `<line x1="${gutter + before.x}" y1="${middleOf(before.lane) - barHeight / 2}" x2="${gutter + x}" y2="${y}"`;
    return [`${line} stroke="#1b5e20" stroke-opacity="0.5"/>`, dot];
  });
}

function drawLegend(y: number): string[] {
  return Object.values(colours).flatMap(({ fill, stroke, meaning }, index) => [
    `<rect x="${16 + index * 215}" y="${y - 9}" width="11" height="11" fill="${fill}" stroke="${stroke}"/>`,
    text(32 + index * 215, y, meaning, 'fill="#333333"'),
  ]);
}

function describeHidden({ hidden }: Layout): string {
  const left = [
    ...(hidden.operations > 0 ? [`${hidden.operations} operations on this object`] : []),
    ...(hidden.faults > 0 ? [`${hidden.faults} faults`] : []),
  ];
  return left.length === 0 ? '' : `Not shown: ${left.join(', ')}`;
}

const showTime = (ms: number): string =>
  ms < 1_000 ? `+${Number(ms.toFixed(3))} ms` : `+${Number((ms / 1_000).toFixed(6))} s`;

const shorten = (label: string, limit: number): string =>
  label.length <= limit ? label : `${label.slice(0, Math.max(0, limit - 1))}…`;

const text = (x: number, y: number, content: string, attributes: string): string =>
  `<text x="${x}" y="${y}" ${attributes}>${escaped(content)}</text>`;

/** Text for XML: its own signs escaped, and the characters that no XML document may hold replaced. */
function escaped(content: string): string {
  return content
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
