/**
 * Where the states and arrows of a picture go, found by the Eclipse Layout Kernel: it lays nested states out together with the
 * arrows that cross their borders. `elkjs` is an optional dependency; this is the only module that loads it.
 */

import type { ELK, ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api.js';
import type { Drawing, DrawnArrow, DrawnState } from './drawing.ts';
import { LayoutMissingError } from './errors.ts';
import { labelLines, textSizes } from './labels.ts';

/** A box; all lengths are in pixels, from the picture's upper left corner. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The way of an arrow, from its first point to its head, and where its label stands. */
export interface PlacedArrow {
  readonly arrow: DrawnArrow;
  readonly points: readonly Point[];
  readonly label?: Box;
}

export interface PlacedState extends Box {
  readonly state: DrawnState;
  readonly children: readonly PlacedState[];
}

/** A picture whose parts have places. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly root: PlacedState;
  readonly arrows: readonly PlacedArrow[];
  /** Dots from which arrows lead to the states that are entered first. */
  readonly starts: readonly { readonly dot: Box; readonly points: readonly Point[] }[];
}

const dotPx = 10;

const widthOf = (text: string, sizePx: number): number => Math.ceil(text.length * sizePx * textSizes.characterPer);

/**
 * Lays `drawing` out. The same drawing gets the same layout.
 *
 * @throws LayoutMissingError where `elkjs` is not installed
 */
export async function layoutOf({ root, arrows }: Drawing): Promise<Layout> {
  const elk = await loadElk();
  const starts = startsIn(root);
  const graph: ElkNode = await elk.layout({
    id: 'picture',
    layoutOptions: {
      'elk.algorithm': 'layered',
      'elk.direction': 'DOWN',
      'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
      'elk.json.shapeCoords': 'ROOT',
      'elk.json.edgeCoords': 'ROOT',
      'elk.spacing.nodeNode': '28',
      'elk.layered.spacing.nodeNodeBetweenLayers': '36',
      'elk.spacing.edgeLabel': '4',
    },
    children: [nodeOf(root)],
    edges: [
      ...arrows.map((arrow, at): ElkExtendedEdge => {
        const lines = labelLines(arrow);
        const width = Math.max(...lines.map((line) => widthOf(line, textSizes.labelPx)));
        const height = Math.ceil(lines.length * textSizes.labelPx * textSizes.lineOf);
        const labels = lines.join('') === '' ? [] : [{ text: lines.join('\n'), width, height }];
        return { id: `arrow ${at}`, sources: [arrow.from], targets: [arrow.to], labels };
      }),
      ...starts.map(({ from, to }): ElkExtendedEdge => ({ id: `${from} ${to}`, sources: [from], targets: [to] })),
    ],
  });
  const nodes = new Map(allNodes(graph).map((node) => [node.id, node]));
  const edges = new Map((graph.edges ?? []).map((edge) => [edge.id, edge]));
  const pointsOf = (id: string): readonly Point[] =>
    (edges.get(id)?.sections ?? []).flatMap(({ startPoint, bendPoints = [], endPoint }) =>
      [startPoint, ...bendPoints, endPoint].map(({ x, y }) => ({ x: rounded(x), y: rounded(y) })),
    );
  return {
    width: rounded(graph.width),
    height: rounded(graph.height),
    root: placed(root, nodes),
    arrows: arrows.map((arrow, at) => {
      const [label] = edges.get(`arrow ${at}`)?.labels ?? [];
      return { arrow, points: pointsOf(`arrow ${at}`), ...(label === undefined ? {} : { label: boxOf(label) }) };
    }),
    starts: starts.map(({ from, to }) => ({ dot: boxOf(nodes.get(from)), points: pointsOf(`${from} ${to}`) })),
  };
}

async function loadElk(): Promise<ELK> {
  try {
    const { default: bundled } = await import('elkjs/lib/elk.bundled.js');
    return new bundled.default();
  } catch (cause) {
    throw new LayoutMissingError("expected the package 'elkjs' (0.12 or later); install it: npm install elkjs", {
      cause,
    });
  }
}

const startOf = (id: string): string => `${id} start`;

const startsIn = (state: DrawnState): readonly { readonly from: string; readonly to: string }[] => [
  ...state.initial.map((to) => ({ from: startOf(state.id), to })),
  ...state.children.flatMap(startsIn),
];

function nodeOf(state: DrawnState): ElkNode {
  const width = widthOf(state.name, textSizes.statePx) + 24;
  if (state.children.length === 0) return { id: state.id, width, height: textSizes.headPx };
  const start = state.initial.length === 0 ? [] : [{ id: startOf(state.id), width: dotPx, height: dotPx }];
  return {
    id: state.id,
    layoutOptions: {
      'elk.padding': `[top=${textSizes.headPx + 14},left=16,bottom=16,right=16]`,
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${width},${textSizes.headPx})`,
    },
    children: [...start, ...state.children.map(nodeOf)],
  };
}

const allNodes = (node: ElkNode): readonly ElkNode[] => [node, ...(node.children ?? []).flatMap(allNodes)];

const placed = (state: DrawnState, nodes: ReadonlyMap<string, ElkNode>): PlacedState => ({
  state,
  ...boxOf(nodes.get(state.id)),
  children: state.children.map((child) => placed(child, nodes)),
});

const rounded = (length: number | undefined): number => Math.round((length ?? 0) * 10) / 10;

const boxOf = (shape: Partial<Box> = {}): Box => ({
  x: rounded(shape.x),
  y: rounded(shape.y),
  width: rounded(shape.width),
  height: rounded(shape.height),
});
