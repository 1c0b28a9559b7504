/** A comparison as one page of HTML: nothing in it comes from elsewhere, and nothing in it runs. */

import type { Comparison, FaultCell, MethodFigures } from '../comparison.ts';
import type { Expressed } from '../contract.ts';
import { isolationRows, isolationTitle, noAnomaly } from './isolation.ts';
import { type Bar, barPlot, escaped, patterns, quantilePlot } from './svg.ts';
import { cellOf, groundText, shown, shownConsistency, shownLoss, shownRecovery } from './text.ts';
import { notApplicable } from './words.ts';

const style = `
:root { color-scheme: light dark; }
body { font-family: system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; line-height: 1.45; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid currentColor; }
table { border-collapse: collapse; margin: 1rem 0; font-size: 0.9rem; }
th, td { border: 1px solid #8888; padding: 0.25rem 0.6rem; text-align: left; vertical-align: top; }
tbody th { font-weight: 400; }
.scroll { overflow-x: auto; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
td.none { font-style: italic; opacity: 0.75; }
code { font-size: 0.85rem; }
figure { margin: 1rem 0; overflow-x: auto; }
figcaption { font-weight: 600; margin-bottom: 0.4rem; }
`;

type Cell = { readonly text: string; readonly kind: 'number' | 'text' | 'code' } | { readonly none: string };

const number = (text: string): Cell => ({ text, kind: 'number' });
const words = (text: string): Cell => ({ text, kind: 'text' });
const code = (text: string): Cell => ({ text, kind: 'code' });

function cellHtml(cell: Cell, at: number): string {
  if (at === 0 && 'text' in cell) return `<th scope="row">${escaped(cell.text)}</th>`;
  if ('none' in cell) return `<td class="none">${notApplicable}: ${escaped(cell.none)}</td>`;
  if (cell.kind === 'code') return `<td><code>${escaped(cell.text)}</code></td>`;
  return `<td${cell.kind === 'number' ? ' class="number"' : ''}>${escaped(cell.text)}</td>`;
}

const tableHtml = (head: readonly string[], rows: readonly (readonly Cell[])[]): string =>
  [
    '<div class="scroll" tabindex="0"><table>',
    `<thead><tr>${head.map((it) => `<th scope="col">${escaped(it)}</th>`).join('')}</tr></thead>`,
    '<tbody>',
    ...rows.map((row) => `<tr>${row.map(cellHtml).join('')}</tr>`),
    '</tbody></table></div>',
  ].join('\n');

const figureHtml = (caption: string, svg: string): string =>
  `<figure><figcaption>${escaped(caption)}</figcaption>\n${svg}\n</figure>`;

const figureCell = (value: Parameters<typeof shown>[0], digits = 1): Cell =>
  typeof value === 'number' ? number(shown(value, digits)) : { none: value.notApplicable };

const expressedCell = (it: Expressed): Cell => ('notApplicable' in it ? { none: it.notApplicable } : words(it.how));

function operationsHtml({ methods, operations }: Comparison): string {
  const meanings = Object.entries(operations).map(
    ([name, meaning]) => `<li><code>${name}</code> ${escaped(meaning)}</li>`,
  );
  const rows = methods.map((it) => [words(it.title), ...Object.values(it.operations).map(expressedCell)]);
  return `<h2>What methods express</h2>\n<ul>${meanings.join('')}</ul>\n${tableHtml(['method', ...Object.keys(operations)], rows)}`;
}

function calmHtml({ methods, environment }: Comparison): string {
  const labelled = methods.map(({ title, calm }) => ({ label: title, calm }));
  const rows = methods.map(({ title, calm }) => [
    words(title),
    words(shownConsistency(calm.consistency)),
    figureCell(calm.latencyMs.p50),
    figureCell(calm.latencyMs.p99),
    figureCell(calm.latencyMs.p999),
    figureCell(calm.messagesPerCommit),
    figureCell(calm.flushesPerCommit),
    figureCell(calm.idleMessagesPerSecond),
    figureCell(calm.throughputPerSecond, 0),
    code(calm.command),
  ]);
  const head = [
    'method',
    'linearizable',
    'p50, ms',
    'p99, ms',
    'p99.9, ms',
    'messages per commit',
    'flushes per commit',
  ];
  return [
    '<h2>While nothing is wrong</h2>',
    figureHtml(
      'Latency of a transfer in ms: circle p50, square p99, triangle p99.9; powers of ten',
      quantilePlot(
        'latency',
        labelled.map(({ label, calm: { latencyMs } }) => ({ label, ...latencyMs })),
      ),
    ),
    figureHtml(
      'Messages per commit',
      barPlot(
        'messages',
        labelled.map(({ label, calm }) => ({ label, value: calm.messagesPerCommit })),
      ),
    ),
    figureHtml(
      'Flushes per commit',
      barPlot(
        'flushes',
        labelled.map(({ label, calm }) => ({ label, value: calm.flushesPerCommit })),
      ),
    ),
    figureHtml(
      `Commits per second of clients that never rest, two beside each machine${environment === undefined ? ': what waiting permits' : ''}`,
      barPlot(
        'throughput',
        labelled.map(({ label, calm }) => ({ label, value: calm.throughputPerSecond })),
        0,
      ),
    ),
    tableHtml([...head, 'idle messages per second', 'commits per second', 'again'], rows),
  ].join('\n');
}

type ShownCell = Exclude<FaultCell, { readonly notApplicable: string }>;

function faultCells(cell: ShownCell): readonly Cell[] {
  const { recoveryMs, recovered, runs, unavailableMs, blocked, integrity, latencyMs, ends, consistency, command } =
    cell;
  return [
    'notApplicable' in recoveryMs
      ? words('never')
      : number(
          `${shownRecovery(recoveryMs.median)} (worst ${shownRecovery(recoveryMs.worst)}; ${recovered} of ${runs} runs)`,
        ),
    number(`${unavailableMs.median.toFixed(0)} (worst ${unavailableMs.worst.toFixed(0)})`),
    figureCell(blocked, 0),
    words(shownLoss(integrity)),
    number(`${ends.succeeded} / ${ends.failed} / ${ends.unknown}`),
    figureCell(latencyMs.p50),
    figureCell(latencyMs.p99),
    figureCell(latencyMs.p999),
    words(shownConsistency(consistency)),
    code(command),
  ];
}

const faultHead = [
  'time to recover, ms: median',
  'unavailable, ms: median',
  'transactions blocked',
  'acknowledged transfers lost',
  'succeeded / failed / unknown',
  'p50, ms',
  'p99, ms',
  'p99.9, ms',
  'consistency, as clients saw it',
  'again',
];

function faultHtml(comparison: Comparison, fault: string, meaning: string): string {
  const cells = comparison.methods.map((method) => ({ method, cell: cellOf(method, fault) }));
  const barsOf = (barOf: (cell: ShownCell) => Omit<Bar, 'label'>): readonly Bar[] =>
    cells.map(({ method: { title: label }, cell }) =>
      cell === undefined || 'notApplicable' in cell
        ? { label, value: { notApplicable: cell?.notApplicable ?? '' } }
        : { label, ...barOf(cell) },
    );
  const recoveries = barsOf(({ recoveryMs, recovered, runs }) => {
    if ('notApplicable' in recoveryMs) return { value: 0, said: 'never' };
    const { median: value } = recoveryMs;
    if (typeof value !== 'number') return { value: 0, said: `never in ${runs - recovered} of ${runs} runs` };
    if (recovered === runs) return { value };
    return { value, said: `${value.toFixed(0)}; never in ${runs - recovered} of ${runs} runs`, isPartial: true };
  });
  const rows = cells.map(({ method, cell }): readonly Cell[] =>
    cell === undefined || 'notApplicable' in cell
      ? [
          words(method.title),
          { none: cell?.notApplicable ?? '' },
          ...faultHead.slice(1).map(() => words(notApplicable)),
        ]
      : [words(method.title), ...faultCells(cell)],
  );
  return [
    `<h2>${escaped(fault)}</h2>`,
    `<p>The machine that serves is struck: ${escaped(meaning)}.</p>`,
    figureHtml(
      'Time to recover, median, ms; hatched where not every run did',
      barPlot('time to recover', recoveries, 0),
    ),
    figureHtml(
      'Unavailability, median, ms',
      barPlot(
        'unavailability',
        barsOf(({ unavailableMs }) => ({ value: unavailableMs.median })),
        0,
      ),
    ),
    tableHtml(['method', ...faultHead], rows),
  ].join('\n');
}

function isolationHtml({ methods }: Comparison): string {
  const rows = methods.flatMap(({ title, isolation }): readonly (readonly Cell[])[] => {
    if ('notApplicable' in isolation) {
      return [
        [words(title), { none: isolation.notApplicable }, ...Array.from({ length: 4 }, () => words(notApplicable))],
      ];
    }
    return isolationRows(isolation.asked).map(({ asked, one, two, anomaly }) => [
      words(title),
      words(asked),
      words(one),
      words(two),
      anomaly === undefined ? words(noAnomaly) : code(anomaly),
      code(isolation.command),
    ]);
  });
  return [
    '<h2>Isolation</h2>',
    `<p>${escaped(isolationTitle)}. An anomaly shows its transactions and its cycle: <code>wr</code> read what the other wrote,
<code>ww</code> replaced it, <code>rw</code> read what the other replaced.</p>`,
    tableHtml(['method', 'each branch', 'over one database', 'over two', 'shortest anomaly over two', 'again'], rows),
  ].join('\n');
}

const latencyWithFaultsHtml = ({ methods }: Comparison): string =>
  [
    '<h2>Latency with faults</h2>',
    '<p>Of transfers that succeeded, of clients beside other machines, once a fault of any kind had begun.</p>',
    figureHtml(
      'Latency in ms: circle p50, square p99, triangle p99.9; powers of ten',
      quantilePlot(
        'latency with faults',
        methods.map(({ title, latencyWithFaultsMs }) => ({ label: title, ...latencyWithFaultsMs })),
      ),
    ),
    tableHtml(
      ['method', 'p50, ms', 'p99, ms', 'p99.9, ms', 'again'],
      methods.map(({ title, latencyWithFaultsMs: { p50, p99, p999 }, calm }) => [
        words(title),
        figureCell(p50),
        figureCell(p99),
        figureCell(p999),
        code(calm.command.replace(/ --fault none$/, '')),
      ]),
    ),
  ].join('\n');

const methodsHtml = (methods: readonly MethodFigures[]): string =>
  `<h2>The methods</h2>\n<dl>${methods.map(({ title, about }) => `<dt><strong>${escaped(title)}</strong></dt><dd>${escaped(about)}</dd>`).join('\n')}</dl>`;

function groundHtml(comparison: Comparison): string {
  const { runs, seed, environment } = comparison;
  const same = 'The same transfers between two accounts, and the same faults, over every method';
  if (environment !== undefined) {
    return `<p>${same}, from seed ${seed} on: ${escaped(groundText(comparison))}</p>`;
  }
  return `<p>${same}: ${runs} runs of each, from seed ${seed} on, on
the simulator. Time is virtual: waiting for networks, disks and timers takes its time, and processors cost nothing, so that what
is told of throughput is what waiting permits. The same command gives the same figures, to the last byte.</p>`;
}

function leftOutHtml({ notApplicable: leftOut = [] }: Comparison): string {
  if (leftOut.length === 0) return '';
  const rows = leftOut.map(({ title, notApplicable: none }): readonly Cell[] => [words(title), { none }]);
  return `<h2>Methods that could not be compared</h2>\n${tableHtml(['method', 'why'], rows)}`;
}

/** The page. */
export function htmlReport(comparison: Comparison): string {
  const { command, faults, methods } = comparison;
  const withFaults = Object.keys(faults).length > 0;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Quorate: methods compared</title>
<style>${style}</style>
</head>
<body>
${patterns}
<h1>Methods compared</h1>
<p><code>${escaped(command)}</code></p>
${groundHtml(comparison)}
${methodsHtml(methods)}
${leftOutHtml(comparison)}
${operationsHtml(comparison)}
${calmHtml(comparison)}
${isolationHtml(comparison)}
${withFaults ? latencyWithFaultsHtml(comparison) : ''}
${Object.entries(faults)
  .map(([fault, meaning]) => faultHtml(comparison, fault, meaning))
  .join('\n')}
</body>
</html>
`;
}
