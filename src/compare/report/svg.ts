/** Plots of a report, as SVG without script, font or image from elsewhere. Shapes, patterns and numbers say all; no colour does. */

import type { Figure } from '../figures.ts';
import { shown } from './text.ts';

/** What stands for text in HTML and SVG. */
export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** What plots of a page refer to: once in it. */
export const patterns =
  '<svg width="0" height="0" aria-hidden="true"><defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" ' +
  'patternTransform="rotate(45)"><line x1="0" y1="0" x2="0" y2="6" stroke="currentColor" stroke-width="2"/></pattern></defs></svg>';

const labelWidth = 230;
const plotWidth = 520;
const valueWidth = 130;
const rowHeight = 24;
const headHeight = 34;
const width = labelWidth + plotWidth + valueWidth;

const text = (x: number, y: number, content: string, more = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${escaped(content)}</text>`;

const frame = (title: string, rows: number, body: readonly string[]): string => {
  const height = headHeight + rows * rowHeight + 8;
  return [
    `<svg role="img" aria-label="${escaped(title)}" viewBox="0 0 ${width} ${height}" ` +
      `width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="12" fill="currentColor">`,
    ...body,
    '</svg>',
  ].join('\n');
};

const rowAt = (index: number): number => headHeight + index * rowHeight + rowHeight / 2;

/** A scale from 0, or by powers of ten from the one below the least value. */
function scaleOf(
  values: readonly number[],
  isLogarithmic: boolean,
): { at(value: number): number; readonly ticks: readonly number[] } {
  const most = Math.max(1e-3, ...values);
  if (!isLogarithmic) {
    const step = 10 ** Math.floor(Math.log10(most));
    const wide = [step / 2, step, step * 2.5].find((it) => most / it <= 5) ?? step * 2.5;
    const ticks = Array.from({ length: Math.floor(most / wide) + 1 }, (_, index) => index * wide);
    return { at: (value) => (value / most) * plotWidth, ticks };
  }
  const from = Math.floor(Math.log10(Math.max(1e-3, Math.min(...values))));
  const to = Math.max(from + 1, Math.ceil(Math.log10(most)));
  const ticks = Array.from({ length: to - from + 1 }, (_, index) => 10 ** (from + index));
  return { at: (value) => ((Math.log10(Math.max(value, 10 ** from)) - from) / (to - from)) * plotWidth, ticks };
}

const axisOf = (ticks: readonly number[], at: (value: number) => number, rows: number): readonly string[] =>
  ticks.flatMap((tick) => {
    const x = labelWidth + at(tick);
    return [
      `<line x1="${x.toFixed(1)}" x2="${x.toFixed(1)}" y1="${headHeight - 6}" y2="${headHeight + rows * rowHeight}" ` +
        'stroke="currentColor" stroke-opacity="0.25"/>',
      text(x, headHeight - 12, tick.toLocaleString('en'), 'text-anchor="middle" font-size="10"'),
    ];
  });

export interface Bar {
  readonly label: string;
  readonly value: Figure;
  /** What is said in place of the number. */
  readonly said?: string;
  /** It is not all that is to be said: hatched. Default false. */
  readonly isPartial?: boolean;
}

/** One bar for each label. */
export function barPlot(title: string, bars: readonly Bar[], digits = 1): string {
  const { at, ticks } = scaleOf(
    bars.flatMap(({ value }) => (typeof value === 'number' ? value : [])),
    false,
  );
  const drawn = bars.flatMap(({ label, value, said = shown(value, digits), isPartial = false }, index) => {
    const y = rowAt(index);
    const length = typeof value === 'number' ? at(value) : 0;
    const fill = isPartial ? 'url(#hatch)' : 'currentColor';
    return [
      text(labelWidth - 8, y + 4, label, 'text-anchor="end"'),
      `<rect x="${labelWidth}" y="${(y - 7).toFixed(1)}" width="${length.toFixed(1)}" height="14" fill="${fill}" ` +
        'fill-opacity="0.75" stroke="currentColor"/>',
      text(labelWidth + length + 6, y + 4, said),
    ];
  });
  return frame(title, bars.length, [...axisOf(ticks, at, bars.length), ...drawn]);
}

export interface Marks {
  readonly label: string;
  readonly p50: Figure;
  readonly p99: Figure;
  readonly p999: Figure;
}

/** A circle for the median, a square for p99, a triangle for p99.9, on a scale by powers of ten. */
export function quantilePlot(title: string, rows: readonly Marks[]): string {
  const numbers = rows.flatMap(({ p50, p99, p999 }) => [p50, p99, p999].filter((it) => typeof it === 'number'));
  const { at, ticks } = scaleOf(numbers, true);
  const shapes = {
    p50: (x: number, y: number) => `<circle cx="${x.toFixed(1)}" cy="${y}" r="4.5" fill="currentColor"/>`,
    p99: (x: number, y: number) =>
      `<rect x="${(x - 4).toFixed(1)}" y="${y - 4}" width="8" height="8" fill="none" stroke="currentColor" stroke-width="1.5"/>`,
    p999: (x: number, y: number) =>
      `<path d="M ${x.toFixed(1)} ${y - 6} l 6 11 h -12 z" fill="none" stroke="currentColor" stroke-width="1.5"/>`,
  } as const;
  const drawn = rows.flatMap((row, index) => {
    const y = rowAt(index);
    const marks = (['p50', 'p99', 'p999'] as const).flatMap((name) => {
      const value = row[name];
      return typeof value === 'number' ? [{ value, shape: shapes[name](labelWidth + at(value), y) }] : [];
    });
    const [first, last] = [marks[0], marks.at(-1)];
    const line =
      first === undefined || last === undefined
        ? ''
        : `<line x1="${(labelWidth + at(first.value)).toFixed(1)}" x2="${(labelWidth + at(last.value)).toFixed(1)}" y1="${y}" y2="${y}" stroke="currentColor"/>`;
    const said = [row.p50, row.p99, row.p999].map((it) => (typeof it === 'number' ? it.toFixed(1) : '-')).join(' / ');
    return [
      text(labelWidth - 8, y + 4, row.label, 'text-anchor="end"'),
      line,
      ...marks.map(({ shape }) => shape),
      text(labelWidth + plotWidth + 14, y + 4, said, 'font-size="11"'),
    ];
  });
  return frame(title, rows.length, [...axisOf(ticks, at, rows.length), ...drawn]);
}
