/** Nodes on a circle, with the links between them: a line is as thick as the link is busy, and broken where messages are lost. */

import type { Moment } from '../../model/moment.ts';
import type { NodeStanding } from '../../model/node-standing.ts';
import type { LinkTraffic, Traffic } from '../../model/traffic.ts';
import type { Board } from '../board.ts';
import { toneOf } from '../parts.tsx';

interface MapProps {
  readonly board: Board;
  readonly nodes: readonly NodeStanding[];
  readonly moment: Moment;
  readonly traffic: Traffic;
}

interface Place {
  readonly x: number;
  readonly y: number;
}

/** In percent of the map; two nodes stand side by side, others on an ellipse from the top. */
function placeOf(at: number, count: number): Place {
  if (count === 1) return { x: 50, y: 50 };
  const angle = (2 * Math.PI * at) / count - (count === 2 ? Math.PI : Math.PI / 2);
  const round = (value: number): number => Math.round(value * 100) / 100;
  return { x: round(50 + 37 * Math.cos(angle)), y: round((count === 3 ? 55 : 50) + 38 * Math.sin(angle)) };
}

export function ClusterMap({ board, nodes, moment, traffic }: MapProps) {
  const places = new Map(nodes.map(({ name }, at) => [name, placeOf(at, nodes.length)]));
  const faulty = new Set(
    [...moment.faults.values()].flatMap(({ links = [] }) => links.map(([from, to]) => `${from} ${to}`)),
  );
  return (
    <section class={`map${nodes.length > 5 ? ' many' : ''}`} aria-label="Map of the cluster">
      <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
        {nodes.flatMap(({ name: from }) =>
          nodes.map(({ name: to }) => {
            const [start, end] = [places.get(from), places.get(to)];
            if (from === to || start === undefined || end === undefined) return null;
            return (
              <Link
                key={`${from} ${to}`}
                start={start}
                end={end}
                link={traffic.links.get(`${from} ${to}`)}
                isFaulty={faulty.has(`${from} ${to}`)}
              />
            );
          }),
        )}
      </svg>
      {nodes.map((node) => (
        <NodeCard key={node.name} board={board} node={node} place={places.get(node.name) ?? { x: 50, y: 50 }} />
      ))}
    </section>
  );
}

interface LinkProps {
  readonly start: Place;
  readonly end: Place;
  readonly link: LinkTraffic | undefined;
  readonly isFaulty: boolean;
}

/** Bent to its right, so that there and back are two lines. */
function Link({ start, end, link, isFaulty }: LinkProps) {
  const [dx, dy] = [end.x - start.x, end.y - start.y];
  const middle = { x: (start.x + end.x) / 2 - dy * 0.07, y: (start.y + end.y) / 2 + dx * 0.07 };
  const sent = link?.sent ?? 0;
  const lost = link?.lost ?? 0;
  const kind = lost > 0 || isFaulty ? 'faulty' : sent > 0 ? 'busy' : 'idle';
  return (
    <path
      class={`link ${kind}`}
      vector-effect="non-scaling-stroke"
      stroke-width={1 + Math.min(4, Math.log2(1 + sent) / 2)}
      d={`M${start.x} ${start.y}Q${middle.x} ${middle.y} ${end.x} ${end.y}`}
    />
  );
}

interface CardProps {
  readonly board: Board;
  readonly node: NodeStanding;
  readonly place: Place;
}

function NodeCard({ board, node, place }: CardProps) {
  const { name, status, role, log } = node;
  const shown = status === 'up' || status === 'unknown' ? (role ?? status) : status;
  const [actor] = node.actors;
  return (
    <button
      type="button"
      class={`node ${toneOf(shown)} ${status}`}
      style={{ left: `${place.x}%`, top: `${place.y}%` }}
      data-node={name}
      disabled={actor === undefined}
      title={actor === undefined ? undefined : `The chart of ${actor.actor}`}
      onClick={() => actor && board.go({ view: 'charts', chart: actor.chart, actor: actor.actor })}
    >
      <span class="name">{name}</span>
      <span class="role">{shown}</span>
      {log === undefined ? null : (
        <span class="log">
          {log.numbering} {log.number} · {log.commitIndex}/{log.lastIndex}
        </span>
      )}
      {log === undefined || log.lastIndex === 0 ? null : (
        <progress max={log.lastIndex} value={log.commitIndex} aria-label={`committed at ${name}`} />
      )}
    </button>
  );
}
