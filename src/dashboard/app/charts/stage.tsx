/** Where a chart is looked at: as large as one likes, and moved so that the active state is in sight. */

import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Layout } from '../../../charts/layout.ts';

interface StageProps {
  readonly chart: string;
  readonly layout: Layout;
  /** What is to be in sight, the innermost last; where it changes, the stage moves. */
  readonly active: readonly string[];
  /** @param zoom the size of the picture, 1 as it was laid out */
  children(zoom: number): ComponentChildren;
}

const zooms = [0.25, 0.35, 0.5, 0.7, 0.85, 1, 1.25, 1.6, 2] as const;
const usualZoom = 0.85;
const marginPx = 24;

export function Stage({ chart, layout, active, children }: StageProps) {
  const stage = useRef<HTMLElement>(null);
  const zoom = useSignal(usualZoom);
  const wholeZoom = (): number => {
    const { clientWidth = 0, clientHeight = 0 } = stage.current ?? {};
    return Math.min(1.25, (clientWidth - marginPx) / layout.width, (clientHeight - marginPx) / layout.height);
  };
  // What fits without becoming too small to read is shown whole.
  useLayoutEffect(() => {
    zoom.value = Math.max(wholeZoom(), Math.min(usualZoom, zoom.value));
  }, [chart]);
  useLayoutEffect(() => {
    if (stage.current !== null) moveTo(stage.current, active);
  }, [chart, active.join(' '), zoom.value]);
  const change = (by: 1 | -1): void => {
    const next = by === 1 ? zooms.find((it) => it > zoom.value + 0.01) : zooms.findLast((it) => it < zoom.value - 0.01);
    zoom.value = next ?? zoom.value;
  };
  return (
    <div class="stage">
      <div class="zoom buttons">
        <button type="button" aria-label="Smaller" onClick={() => change(-1)}>
          −
        </button>
        <button type="button" onClick={() => (zoom.value = wholeZoom())}>
          Whole
        </button>
        <button type="button" aria-label="Larger" onClick={() => change(1)}>
          +
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <section class="picture" ref={stage} tabIndex={0} aria-label={`The chart of ${chart}`}>
        {children(zoom.value)}
      </section>
    </div>
  );
}

/** Moves so that the innermost of `states` that is drawn is in the middle, unless it is in sight. */
function moveTo(stage: HTMLElement, states: readonly string[]): void {
  const drawn = states.map((state) => stage.querySelector(`[data-state="${CSS.escape(state)}"] > rect`));
  const rect = drawn.findLast((it) => it !== null)?.getBoundingClientRect();
  if (rect === undefined) return;
  const frame = stage.getBoundingClientRect();
  const isInSight =
    rect.left > frame.left && rect.right < frame.right && rect.top > frame.top && rect.bottom < frame.bottom;
  if (isInSight) return;
  stage.scrollBy({
    left: (rect.left + rect.right - frame.left - frame.right) / 2,
    top: (rect.top + rect.bottom - frame.top - frame.bottom) / 2,
  });
}
