/** The diagram itself: lanes from left to right, time along them, and everything of the window in its place. */

import type { Signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Cone } from '../../model/space-time/causes.ts';
import type { Span } from '../../model/space-time/spans.ts';
import type { Arrow, Point, SpaceTime } from '../../model/space-time.ts';
import { type Choice, toneOfType, zoomed } from './controls.tsx';

interface DiagramProps {
  readonly diagram: SpaceTime;
  readonly nodes: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** The moment that is looked at. */
  readonly atMs: number;
  readonly choice: Signal<Choice>;
  readonly cone: Cone | undefined;
  timeText(ms: number): string;
}

const leftPx = 92;
const rightPx = 14;
const topPx = 24;
/** Few nodes have more room. */
const fewNodes = 5;
const tallLanePx = 96;
const nodeLanePxOfMany = 56;
const lanePx = 26;
/** A message that is lost or under way is drawn so far on its way. */
const strayPart = 0.45;

/** Where a moment and a lane are, in pixels. */
interface Scale {
  readonly width: number;
  readonly height: number;
  x(ms: number): number;
  y(lane: number): number;
}

export function Diagram(props: DiagramProps) {
  const { diagram, nodes, fromMs, toMs, atMs, choice, timeText } = props;
  const frame = useRef<SVGSVGElement>(null);
  const width = useWidth(frame);
  const scale = scaleOf(width, diagram.lanes.length, nodes, fromMs, toMs);
  useEffect(() => listenToPointer(frame.current, choice, scale, fromMs), [choice, width, fromMs, toMs]);
  const title = `${diagram.arrows.length} messages between ${nodes} nodes, ${timeText(fromMs)} to ${timeText(toMs)}`;
  return (
    <svg
      ref={frame}
      class="space-time"
      role="img"
      aria-label={title}
      height={scale.height}
      viewBox={`0 0 ${width} ${scale.height}`}
    >
      <Axis scale={scale} fromMs={fromMs} toMs={toMs} timeText={timeText} />
      {diagram.lanes.map((name, lane) => (
        <g key={name}>
          <line class="lane" x1={leftPx} x2={width - rightPx} y1={scale.y(lane)} y2={scale.y(lane)} />
          <text class="lane-name" x={leftPx - 10} y={scale.y(lane) + 4}>
            {name.length > 13 ? `${name.slice(0, 12)}…` : name}
          </text>
        </g>
      ))}
      <clipPath id="window">
        <rect x={leftPx} y={0} width={width - leftPx} height={scale.height} />
      </clipPath>
      {diagram.spans.map((span) => (
        <SpanBar key={`${span.kind} ${span.lane} ${span.fromMs} ${span.text}`} span={span} scale={scale} />
      ))}
      {diagram.points.map((point) => (
        <Dot key={keyOf(point)} point={point} scale={scale} />
      ))}
      <Arrows {...props} scale={scale} />
      {atMs >= fromMs && atMs <= toMs ? (
        <line class="cursor" x1={scale.x(atMs)} x2={scale.x(atMs)} y1={topPx - 8} y2={scale.height} />
      ) : null}
    </svg>
  );
}

function scaleOf(width: number, lanes: number, nodes: number, fromMs: number, toMs: number): Scale {
  const nodeLanePx = nodes <= fewNodes ? tallLanePx : nodeLanePxOfMany;
  const y = (lane: number): number =>
    topPx +
    (Math.min(lane, nodes - 1) + 0.4) * nodeLanePx +
    (lane < nodes ? 0 : 0.4 * nodeLanePx + (lane - nodes + 0.5) * lanePx);
  return {
    width,
    height: y(lanes - 1) + (lanes > nodes ? lanePx : 0.5 * nodeLanePx),
    x: (ms) => leftPx + ((ms - fromMs) / (toMs - fromMs)) * (width - leftPx - rightPx),
    y,
  };
}

/** The width that there is, as it changes. */
function useWidth(frame: { readonly current: Element | null }): number {
  const [width, setWidth] = useState(900);
  useEffect(() => {
    if (frame.current === null) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined && entry.contentRect.width > 0) setWidth(Math.max(320, entry.contentRect.width));
    });
    observer.observe(frame.current);
    return () => observer.disconnect();
  }, [frame]);
  return width;
}

/** Dragging moves the window, the wheel with a key zooms it, a click chooses a message. */
function listenToPointer(
  frame: SVGSVGElement | null,
  choice: Signal<Choice>,
  scale: Scale,
  fromMs: number,
): () => void {
  if (frame === null) return () => undefined;
  const msPerPx = choice.value.spanMs / (scale.width - leftPx - rightPx);
  let drag: { readonly x: number; readonly fromMs: number } | undefined;
  const down = (event: PointerEvent): void => {
    drag = { x: event.clientX, fromMs };
  };
  const move = (event: PointerEvent): void => {
    if (drag === undefined || event.buttons === 0 || Math.abs(event.clientX - drag.x) < 3) return;
    choice.value = { ...choice.value, fromMs: drag.fromMs - (event.clientX - drag.x) * msPerPx };
  };
  const wheel = (event: WheelEvent): void => {
    if (!event.ctrlKey && !event.metaKey && !event.shiftKey) return;
    event.preventDefault();
    const around = fromMs + (event.clientX - frame.getBoundingClientRect().left - leftPx) * msPerPx;
    choice.value = zoomed({ ...choice.value, fromMs }, event.deltaY > 0 ? 1.25 : 0.8, around);
  };
  const click = (event: MouseEvent): void => {
    const target = event.target instanceof Element ? event.target.closest('[data-sent]') : null;
    choice.value = { ...choice.value, sent: target?.getAttribute('data-sent') ?? undefined };
  };
  frame.addEventListener('pointerdown', down);
  frame.addEventListener('pointermove', move);
  frame.addEventListener('wheel', wheel, { passive: false });
  frame.addEventListener('click', click);
  return () => {
    frame.removeEventListener('pointerdown', down);
    frame.removeEventListener('pointermove', move);
    frame.removeEventListener('wheel', wheel);
    frame.removeEventListener('click', click);
  };
}

function Axis({
  scale,
  fromMs,
  toMs,
  timeText,
}: Pick<DiagramProps, 'fromMs' | 'toMs' | 'timeText'> & { readonly scale: Scale }) {
  const step = stepFor((toMs - fromMs) / Math.max(2, scale.width / 130));
  const first = Math.ceil(fromMs / step);
  const ticks = Array.from(
    { length: Math.max(0, Math.floor(toMs / step) - first + 1) },
    (_, at) => (first + at) * step,
  );
  return (
    <g class="axis">
      {ticks.map((ms) => (
        <g key={ms}>
          <line class="axis-line" x1={scale.x(ms)} x2={scale.x(ms)} y1={topPx - 6} y2={scale.height} />
          <text x={scale.x(ms)} y={12}>
            {timeText(ms)}
          </text>
        </g>
      ))}
    </g>
  );
}

/** 1, 2 or 5 times a power of ten, at least `least`. */
function stepFor(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5].find((factor) => factor * power >= least) ?? 10) * power;
}

function SpanBar({ span, scale }: { readonly span: Span; readonly scale: Scale }) {
  const { lane, fromMs, toMs, kind, text } = span;
  const x = scale.x(fromMs);
  const width = Math.max(1, scale.x(toMs) - x);
  const isLabelled = width > 6.2 * Math.min(text.length, 8);
  const thick = kind === 'operation' || kind === 'fault' ? 16 : 8;
  const tone = kind === 'role' ? text.replace(/[^a-z]/gi, '-') : kind === 'status' ? text : kind;
  return (
    <g class={`span ${kind} is-${tone}`}>
      <title>{text}</title>
      <rect x={x} y={scale.y(lane) - thick / 2} width={width} height={thick} rx={2} />
      {isLabelled ? (
        <text x={x + 3} y={kind === 'role' || kind === 'status' ? scale.y(lane) - 8 : scale.y(lane) + 4}>
          {text.length * 6.2 > width ? `${text.slice(0, Math.max(1, Math.floor(width / 6.2) - 1))}…` : text}
        </text>
      ) : null}
    </g>
  );
}

function keyOf({ item, lane, atMs, kind }: Point): string {
  return `${kind} ${lane} ${atMs} ${'id' in item ? item.id : 'sent' in item ? item.sent : ''}`;
}

function Dot({ point: { item, lane, atMs, kind }, scale }: { readonly point: Point; readonly scale: Scale }) {
  const [x, y] = [scale.x(atMs), scale.y(lane)];
  if (kind === 'flushed') return <path class="dot flushed" d={`M${x} ${y + 4}l3 6h-6z`} />;
  if (kind === 'violation') return <path class="dot violation" d={`M${x} ${y - 22}v44`} />;
  if (kind === 'lost') return <Cross x={x} y={y} />;
  const text =
    item.type === 'step' ? `${item.cause.type}: ${item.transitions.map(({ rule, id }) => rule ?? id).join(', ')}` : '';
  return (
    <circle class="dot step" cx={x} cy={y} r={3}>
      <title>{text}</title>
    </circle>
  );
}

const Cross = ({ x, y }: { readonly x: number; readonly y: number }) => (
  <path class="cross" d={`M${x - 4} ${y - 4}l8 8m0 -8l-8 8`} />
);

function Arrows({ diagram, choice, cone, scale, atMs, toMs }: DiagramProps & { readonly scale: Scale }) {
  const { sent: chosen } = choice.value;
  return (
    <g class={`arrows ${chosen === undefined ? '' : 'some'}`} clip-path="url(#window)">
      {diagram.arrows.map((arrow) => {
        const { id, message } = arrow.sent;
        const part =
          id === chosen
            ? 'chosen'
            : cone?.causes.has(id) === true
              ? 'cause'
              : cone?.effects.has(id) === true
                ? 'effect'
                : '';
        return (
          <ArrowLine
            key={id}
            arrow={arrow}
            scale={scale}
            nowMs={Math.min(atMs, toMs)}
            look={`${toneOfType(message.type, diagram.types)} ${part}`}
          />
        );
      })}
    </g>
  );
}

const fateTexts: Readonly<Record<Arrow['fate'], string>> = {
  arrived: '',
  lost: ', lost',
  open: ', under way',
  untold: ', whose arrival was told of in numbers alone',
};

interface ArrowLineProps {
  readonly arrow: Arrow;
  readonly scale: Scale;
  readonly nowMs: number;
  readonly look: string;
}

function ArrowLine({ arrow, scale, nowMs, look }: ArrowLineProps) {
  const { sent, fromLane, toLane, fromMs, fate } = arrow;
  const [x1, y1] = [scale.x(fromMs), scale.y(fromLane)];
  const isWhole = fate === 'arrived';
  const x2 = isWhole ? scale.x(arrow.toMs ?? fromMs) : Math.max(x1 + 4, Math.min(scale.x(nowMs), x1 + 40));
  const y2 = isWhole ? scale.y(toLane) : y1 + (scale.y(toLane) - y1) * strayPart;
  const length = Math.hypot(x2 - x1, y2 - y1) || 1;
  const [dx, dy] = [(6 * (x2 - x1)) / length, (6 * (y2 - y1)) / length];
  return (
    <g class={`arrow ${fate} ${look}`} data-sent={sent.id}>
      <title>{`${sent.message.type}: ${sent.from} to ${sent.to}${fateTexts[fate]}`}</title>
      <line class="hit" x1={x1} y1={y1} x2={x2} y2={y2} />
      <line x1={x1} y1={y1} x2={x2} y2={y2} />
      {isWhole ? <path d={`M${x2} ${y2}l${-dx - dy / 2} ${-dy + dx / 2}l${dy} ${-dx}z`} /> : null}
      {fate === 'lost' ? <Cross x={x2} y={y2} /> : null}
    </g>
  );
}
