/** Charts as SVG: a picture for slides and pages, with a title for screen readers, in the colours of the page's scheme. */

import type { AnyStateMachine } from 'xstate';
import { type DrawingOptions, drawingOf } from './drawing.ts';
import { labelLines, textSizes } from './labels.ts';
import { type Box, layoutOf, type PlacedArrow, type PlacedState, type Point } from './layout.ts';

/** Light unless the reader's system asks for dark. */
const style = [
  'text{font-family:system-ui,sans-serif;fill:#1b1f24}',
  '.state{fill:#fff;stroke:#57606a}.holds{fill:#f6f8fa}.parallel{stroke-dasharray:5 3}.final{stroke-width:3}',
  '.arrow{fill:none;stroke:#0550ae}.head,.start{fill:#0550ae}.label{fill:#24436b}',
  '@media(prefers-color-scheme:dark){text{fill:#e6edf3}.state{fill:#161b22;stroke:#8b949e}.holds{fill:#0d1117}',
  '.arrow{stroke:#79c0ff}.head,.start{fill:#79c0ff}.label{fill:#b6d7ff}}',
].join('');

/**
 * Draws `chart` as an SVG document that needs nothing else: no font, script or image from elsewhere. Every state has its id in
 * `data-state`, and every arrow the ids of its transitions in `data-transitions`, so that a page can light them up.
 *
 * @throws LayoutMissingError where the optional package `elkjs` is not installed
 */
export async function svgOf(chart: AnyStateMachine, options: DrawingOptions = {}): Promise<string> {
  const { width, height, root, arrows, starts } = await layoutOf(drawingOf(chart, options));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(`The statechart ${chart.id}`)}</title>`,
    `<style>${style}</style>`,
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">',
    '<path class="head" d="M0 0 8 4 0 8z"/></marker></defs>',
    ...stateLines(root),
    ...starts.flatMap(({ dot, points }) => [
      `<circle class="start" cx="${dot.x + dot.width / 2}" cy="${dot.y + dot.height / 2}" r="${dot.width / 2}"/>`,
      path(points),
    ]),
    ...arrows.flatMap(arrowLines),
    '</svg>',
    '',
  ].join('\n');
}

/** What XML would take for a part of its language; control characters are none of XML's. */
const escaped = (text: string): string =>
  text
    .replaceAll(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML has no form for
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '\ufffd');

function stateLines({ state, children, ...box }: PlacedState): string[] {
  const holds = children.length > 0;
  const kind = `state ${state.kind}${holds ? ' holds' : ''}`;
  const baseline = box.y + textSizes.headPx * 0.68;
  return [
    `<g data-state="${escaped(state.id)}"><rect class="${kind}" rx="7" ${placeOf(box)}/>`,
    `<text x="${box.x + box.width / 2}" y="${baseline}" font-size="${textSizes.statePx}" text-anchor="middle"${holds ? ' font-weight="600"' : ''}>${escaped(state.name)}</text></g>`,
    ...children.flatMap(stateLines),
  ];
}

const placeOf = ({ x, y, width, height }: Box): string => `x="${x}" y="${y}" width="${width}" height="${height}"`;

const path = (points: readonly Point[]): string =>
  `<path class="arrow" marker-end="url(#head)" d="M${points.map(({ x, y }) => `${x} ${y}`).join('L')}"/>`;

function arrowLines({ arrow, points, label }: PlacedArrow): string[] {
  const lines = label === undefined ? [] : labelLines(arrow);
  const lineHeight = textSizes.labelPx * textSizes.lineOf;
  return [
    `<g data-transitions="${escaped(arrow.ids.join('|'))}">${path(points)}`,
    ...lines.map((line, at) => {
      const y = (label?.y ?? 0) + lineHeight * at + textSizes.labelPx;
      return `<text class="label" x="${label?.x ?? 0}" y="${Math.round(y * 10) / 10}" font-size="${textSizes.labelPx}">${escaped(line)}</text>`;
    }),
    '</g>',
  ];
}
