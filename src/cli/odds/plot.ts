/** The curves of a sweep, as text and as SVG without script, font or image from elsewhere. Shapes and dashes tell them apart. */

import { escaped } from '../../compare/report/svg.ts';
import { oddsParameters } from '../../proof/odds/parameters.ts';
import { type QuantityName, quantities } from '../../proof/odds/quantities.ts';
import { parameterText, rounded } from './numbers.ts';
import type { Sweep, SweepPoint } from './sweep.ts';

/** A curve: by formula where there is one all along, else by runs. */
interface Curve {
  readonly quantity: QuantityName;
  readonly by: 'formula' | 'runs';
  /** How it is drawn: in text, and as a dash pattern. */
  readonly mark: string;
  readonly dashes: string;
  readonly points: readonly { readonly at: number; readonly value: number }[];
}

const styles = [
  { quantity: 'commitIfPrepared', mark: 'c', dashes: '2 3' },
  { quantity: 'prepare', mark: 'p', dashes: '7 4' },
  { quantity: 'commit', mark: '*', dashes: 'none' },
  { quantity: 'blocked', mark: 'b', dashes: '9 3 2 3' },
] as const satisfies readonly Pick<Curve, 'quantity' | 'mark' | 'dashes'>[];

function curvesOf(points: readonly SweepPoint[]): readonly Curve[] {
  return styles.flatMap((style): readonly Curve[] => {
    const told = (by: 'formula' | 'runs') =>
      points.flatMap(({ at, [by]: way }) => {
        const value = way?.[style.quantity]?.value;
        return value === undefined ? [] : [{ at, value }];
      });
    const formula = told('formula');
    const by = formula.length > 0 ? 'formula' : 'runs';
    const all = by === 'formula' ? formula : told('runs');
    return all.length === 0 ? [] : [{ ...style, by, points: all }];
  });
}

const titleOf = ({ name }: Sweep, method: string): string => `${method} by ${oddsParameters[name].option}`;
const legendOf = ({ quantity, by }: Curve): string => `${quantities[quantity].title}, by ${by}`;
const share = (at: number, { from, to }: Sweep): number => (at - from) / (to - from);

const columns = 61;
const lines = 16;

/** The curves as text, and what it costs at some places. */
export function textPlot(points: readonly SweepPoint[], sweep: Sweep, method: string): string {
  const grid = Array.from({ length: lines + 1 }, () => Array.from({ length: columns }, () => ' '));
  const curves = curvesOf(points);
  for (const { mark, points: along } of curves) {
    for (const { at, value } of along) {
      const row = grid[Math.round((1 - value) * lines)];
      if (row !== undefined) row[Math.round(share(at, sweep) * (columns - 1))] = mark;
    }
  }
  const named = (line: number): string => (line % 4 === 0 ? (1 - line / lines).toFixed(2) : '');
  const [from, to] = [parameterText(sweep.name, sweep.from), parameterText(sweep.name, sweep.to)];
  return [
    titleOf(sweep, method),
    ...grid.map((row, line) => `${named(line).padStart(6)} |${row.join('')}`.trimEnd()),
    `${' '.repeat(7)}+${'-'.repeat(columns)}`,
    `${' '.repeat(8)}${from}${to.padStart(columns - from.length)}`,
    ...curves.map((curve) => `${' '.repeat(8)}${curve.mark}  ${legendOf(curve)}`),
    '',
    ...costTable(points, sweep),
  ].join('\n');
}

const costs = ['commit', 'blocked', 'latencyMs', 'messages'] as const;

function costTable(points: readonly SweepPoint[], sweep: Sweep): readonly string[] {
  const heads = [
    oddsParameters[sweep.name].option,
    ...costs.map((name) => quantities[name].title + (name === 'latencyMs' ? ' in ms' : '')),
  ];
  const rows = points
    .filter(({ runs }) => runs !== undefined)
    .map(({ at, formula, runs }) => [
      parameterText(sweep.name, Number(rounded(at))),
      ...costs.map((name) => {
        const told = formula[name] ?? runs?.[name];
        return told === undefined ? '-' : rounded(told.value);
      }),
    ]);
  const widths = heads.map((head, at) => Math.max(head.length, ...rows.map((row) => row[at]?.length ?? 0)));
  return [heads, ...rows].map((row) => row.map((cell, at) => cell.padStart(widths[at] ?? 0)).join('  '));
}

const width = 720;
const height = 440;
const plot = { left: 64, top: 40, width: 620, height: 280 } as const;
const bottom = plot.top + plot.height;

const text = (x: number, y: number, content: string, anchor = 'start'): string =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}">${escaped(content)}</text>`;
const yOf = (value: number): string => (plot.top + (1 - value) * plot.height).toFixed(1);

/** The curves as an SVG document, with what runs say, and how sure that is, as bars. */
export function svgPlot(points: readonly SweepPoint[], sweep: Sweep, method: string): string {
  const title = escaped(titleOf(sweep, method));
  const xOf = (at: number): number => Number((plot.left + share(at, sweep) * plot.width).toFixed(1));
  const grid = [0, 0.2, 0.4, 0.6, 0.8, 1].flatMap((value) => [
    `<line x1="${plot.left}" x2="${plot.left + plot.width}" y1="${yOf(value)}" y2="${yOf(value)}" stroke="#ccc"/>`,
    text(plot.left - 8, Number(yOf(value)) + 4, value.toFixed(1), 'end'),
  ]);
  const curves = curvesOf(points).flatMap((curve, index) => {
    const line = (way: string): string =>
      `<polyline points="${way}" fill="none" stroke="#000" stroke-width="2" stroke-dasharray="${curve.dashes}"/>`;
    const legendY = bottom + 44 + index * 18;
    const bars = points.flatMap(({ at, runs }) => {
      const told = runs?.[curve.quantity];
      return told === undefined ? [] : [barOf(xOf(at) + (index - 1.5) * 3, yOf(told.upper), yOf(told.lower))];
    });
    return [
      line(curve.points.map(({ at, value }) => `${xOf(at)},${yOf(value)}`).join(' ')),
      ...bars,
      line(`${plot.left},${legendY} ${plot.left + 40},${legendY}`),
      text(plot.left + 50, legendY + 4, legendOf(curve)),
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${title}" viewBox="0 0 ${width} ${height}" ` +
      `width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="12">`,
    `<title>${title}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text(plot.left, 24, titleOf(sweep, method)),
    ...grid,
    text(plot.left, bottom + 18, parameterText(sweep.name, sweep.from)),
    text(plot.left + plot.width, bottom + 18, parameterText(sweep.name, sweep.to), 'end'),
    text(plot.left + plot.width / 2, bottom + 18, oddsParameters[sweep.name].option, 'middle'),
    ...curves,
    text(plot.left + 330, bottom + 48, 'bars: what runs say, 99.9 %'),
    '</svg>',
    '',
  ].join('\n');
}

const barOf = (x: number, top: string, low: string): string =>
  `<path d="M${(x - 3).toFixed(1)} ${top}h6m-3 0V${low}m-3 0h6" fill="none" stroke="#555"/>`;
