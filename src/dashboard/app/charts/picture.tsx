/** A chart's picture: states and arrows in their places, with the active states lit and the way just taken highlighted. */

import { labelLines, textSizes } from '../../../charts/labels.ts';
import type { Box, Layout, PlacedArrow, PlacedState, Point } from '../../../charts/layout.ts';

interface PictureProps {
  readonly layout: Layout;
  readonly machine: string;
  /** 1 as it was laid out. */
  readonly zoom: number;
  /** The ids of the active states. */
  readonly active: readonly string[];
  /** The ids of the transitions taken last, and whether the last step took them. */
  readonly taken: readonly string[];
  readonly isFresh: boolean;
  /** The ids, joined by `|`, of the arrow that was picked. */
  readonly picked: string | undefined;
  onPick(ids: string): void;
}

export function ChartPicture({ layout, machine, zoom, active, taken, isFresh, picked, onPick }: PictureProps) {
  const { width, height, root, starts } = layout;
  const lit = new Set([machine, ...active]);
  // A transition that leaves no state has no arrow: the state that handled it shows that instead.
  const handling = new Set(taken.flatMap((id) => id.split(' ')[0] ?? []));
  const arrows = [...layout.arrows].sort((one, other) => Number(isTaken(one, taken)) - Number(isTaken(other, taken)));
  return (
    <svg
      class="chart"
      viewBox={`0 0 ${width} ${height}`}
      width={width * zoom}
      height={height * zoom}
      role="img"
      aria-label={altOf(machine, active)}
    >
      <defs>
        {['head', 'head-taken', 'head-picked'].map((id) => (
          <marker key={id} id={id} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
            <path class={id} d="M0 0 8 4 0 8z" />
          </marker>
        ))}
      </defs>
      <States placed={root} lit={lit} machine={machine} handling={isFresh ? handling : new Set()} />
      {starts.map(({ dot, points }) => (
        <g key={`${dot.x} ${dot.y}`} class="start">
          <circle cx={dot.x + dot.width / 2} cy={dot.y + dot.height / 2} r={dot.width / 2} />
          <path d={pathOf(points)} marker-end="url(#head)" />
        </g>
      ))}
      {arrows.map((placed) => {
        const ids = placed.arrow.ids.join('|');
        const kind = picked === ids ? 'picked' : isTaken(placed, taken) ? `taken${isFresh ? ' fresh' : ''}` : '';
        return <Arrow key={`${ids} ${placed.arrow.to}`} placed={placed} kind={kind} onPick={() => onPick(ids)} />;
      })}
    </svg>
  );
}

const altOf = (machine: string, active: readonly string[]): string =>
  active.length === 0
    ? `The statechart ${machine}`
    : `The statechart ${machine}, in ${active.map((id) => id.replace(`${machine}.`, '')).join(', ')}`;

const isTaken = ({ arrow }: PlacedArrow, taken: readonly string[]): boolean =>
  arrow.ids.some((id) => taken.includes(id));

const pathOf = (points: readonly Point[]): string => `M${points.map(({ x, y }) => `${x} ${y}`).join('L')}`;

interface StatesProps {
  readonly placed: PlacedState;
  readonly lit: ReadonlySet<string>;
  readonly machine: string;
  readonly handling: ReadonlySet<string>;
}

function States({ placed, lit, machine, handling }: StatesProps) {
  const { state, children, ...box } = placed;
  const kinds = [
    'state',
    state.kind,
    children.length > 0 ? 'holds' : '',
    lit.has(state.id) && state.id !== machine ? 'active' : '',
    handling.has(state.id) && state.id !== machine ? 'handling' : '',
  ];
  return (
    <g data-state={state.id}>
      <rect class={kinds.filter((kind) => kind !== '').join(' ')} rx={7} {...placeOf(box)} />
      <text
        class={children.length > 0 ? 'holds' : ''}
        x={box.x + box.width / 2}
        y={box.y + textSizes.headPx * 0.68}
        font-size={textSizes.statePx}
        text-anchor="middle"
      >
        {state.name}
      </text>
      {children.map((child) => (
        <States key={child.state.id} placed={child} lit={lit} machine={machine} handling={handling} />
      ))}
    </g>
  );
}

const placeOf = ({ x, y, width, height }: Box): Box => ({ x, y, width, height });

interface ArrowProps {
  readonly placed: PlacedArrow;
  readonly kind: string;
  onPick(): void;
}

function Arrow({ placed: { arrow, points, label }, kind, onPick }: ArrowProps) {
  const head = kind.startsWith('taken') ? 'head-taken' : kind === 'picked' ? 'head-picked' : 'head';
  const lineHeight = textSizes.labelPx * textSizes.lineOf;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: every arrow can also be chosen from the list beside the picture
    <g class={`arrow ${kind}`} data-transitions={arrow.ids.join('|')} onClick={onPick}>
      <path class="near" d={pathOf(points)} />
      <path class="way" d={pathOf(points)} marker-end={`url(#${head})`} />
      {label === undefined
        ? null
        : labelLines(arrow).map((line, at) => (
            <text
              key={line}
              x={label.x}
              y={label.y + lineHeight * at + textSizes.labelPx}
              font-size={textSizes.labelPx}
            >
              {line}
            </text>
          ))}
    </g>
  );
}
