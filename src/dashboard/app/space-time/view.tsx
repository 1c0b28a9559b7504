/** The space-time diagram: a line for each node, messages between them, and what lasts or happens, on one axis of time. */

import { useSignal } from '@preact/signals';
import { coneOf } from '../../model/space-time/causes.ts';
import { type SpaceTimeOptions, spaceTimeOf } from '../../model/space-time.ts';
import type { Board } from '../board.ts';
import { type BoardProps, durationText } from '../parts.tsx';
import { type Choice, Controls } from './controls.tsx';
import { Diagram } from './diagram.tsx';
import { MessagePanel, Messages } from './message.tsx';

/** Arrows, points and spans that are drawn at most, each: more could not be told apart, and would make the page slow. */
const mostDrawn = 1_200;

/** So much of a window lies before the position that it follows. */
const pastPart = 0.85;

/** Items looked through for causes and effects, each way. */
const coneReach = 4_000;

const firstSpans = { nodes: 2_000, simulation: 1_000, check: 24 } as const;

export function SpaceTimeView({ board }: BoardProps) {
  const source = board.timeline.head?.source ?? 'nodes';
  const choice = useSignal<Choice>({
    ...{ spanMs: firstSpans[source], hiddenTypes: new Set(), role: '', chart: '', text: '' },
  });
  const position = board.position();
  const atMs = board.atMs();
  const { spanMs, hiddenTypes, role, chart, text, sent } = choice.value;
  const fromMs = choice.value.fromMs ?? atMs - pastPart * spanMs;
  const toMs = fromMs + spanMs;
  const options: SpaceTimeOptions = {
    ...{ fromMs, toMs, position, hiddenTypes, text, most: mostDrawn },
    role: role === '' ? undefined : role,
    chart: chart === '' ? undefined : chart,
  };
  const diagram = spaceTimeOf(board.timeline, options);
  const place = sent === undefined ? undefined : board.timeline.placeOf(sent);
  const chosen = place === undefined ? undefined : board.timeline.item(place);
  const cone =
    sent === undefined || place === undefined
      ? undefined
      : coneOf(board.timeline, sent, place - coneReach, Math.min(position, place + coneReach));
  const choose = (id: string): void => {
    choice.value = { ...choice.value, sent: id };
  };
  const nodes = board.timeline.head?.nodes.length ?? 0;
  return (
    <div class="space-time-view">
      <Controls
        {...{ choice, types: diagram.types, roles: diagram.roles }}
        charts={chartsOf(board)}
        spanText={spanText(board, spanMs)}
      />
      {diagram.omitted === 0 ? null : (
        <p class="note warn">{diagram.omitted} of what happened here is not drawn: show less time, or hide messages.</p>
      )}
      <Diagram
        {...{ diagram, nodes, fromMs, toMs, atMs, choice, cone }}
        timeText={(ms) => timeText(board, ms, spanMs)}
      />
      <p class="note dim">
        Drag to move, Ctrl and wheel to zoom; choose a message to see what led to it, and what followed.
      </p>
      {chosen?.type === 'sent' && cone !== undefined ? (
        <MessagePanel board={board} sent={chosen} cone={cone} onChoose={choose} />
      ) : (
        <Messages
          title="In this window"
          board={board}
          ids={diagram.arrows.map((arrow) => arrow.sent.id).reverse()}
          onChoose={choose}
        />
      )}
    </div>
  );
}

const chartsOf = (board: Board): readonly string[] =>
  [...new Set([...board.moment().actors.values()].map(({ chart }) => chart))].sort();

const spanText = (board: Board, spanMs: number): string =>
  board.timeline.head?.source === 'check' ? `${Math.round(spanMs)} steps` : durationText(spanMs);

/** A moment on the axis: by the clock for nodes that run, else as the run counts. */
function timeText(board: Board, ms: number, spanMs: number): string {
  const source = board.timeline.head?.source;
  if (source === 'check') return Number.isInteger(ms) ? `step ${ms}` : '';
  if (source === 'nodes') return new Date(ms).toISOString().slice(14, spanMs > 5_000 ? 19 : 23);
  return spanMs > 5_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Number(ms.toFixed(1))} ms`;
}
