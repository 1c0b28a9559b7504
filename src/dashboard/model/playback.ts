/** How a page stands on a time line: with the newest, somewhere, or on its way. */

import type { FeedSource } from '../feed.ts';
import type { Timeline } from './timeline.ts';

/** Where a page stands. */
export type Playback =
  /** It follows what happens. */
  | { readonly mode: 'live' }
  | { readonly mode: 'stopped'; readonly position: number }
  /** `atMs`, of the feed, moves on with time, `speed` times as fast. */
  | { readonly mode: 'playing'; readonly position: number; readonly atMs: number; readonly speed: number };

export const speeds = [0.01, 0.1, 0.25, 1, 4, 16] as const;

/** Silence is shown for so long at most while playing, in milliseconds of the reader. */
const maxSilenceMs = 1_500;

/** A step of a check is shown for so long, in milliseconds: its feed counts steps. */
const checkStepMs = 700;

/** The position that `playback` shows. */
export const positionOf = (playback: Playback, timeline: Timeline): number =>
  playback.mode === 'live' ? timeline.end : clamped(playback.position, timeline);

const clamped = (position: number, timeline: Timeline): number =>
  Math.min(Math.max(position, timeline.first), timeline.end);

export const stoppedAt = (position: number, timeline: Timeline): Playback => ({
  mode: 'stopped',
  position: clamped(position, timeline),
});

/** So many items on, or back. */
export const stepped = (playback: Playback, timeline: Timeline, by: number): Playback =>
  stoppedAt(positionOf(playback, timeline) + by, timeline);

/** To the next mark, or to the one before; to the end of the history where there is none. */
export function toMark(playback: Playback, timeline: Timeline, direction: 1 | -1): Playback {
  const here = positionOf(playback, timeline);
  const marks = timeline.marks();
  const next =
    direction === 1 ? marks.find((mark) => mark.position > here) : marks.findLast((mark) => mark.position < here);
  return stoppedAt(next?.position ?? (direction === 1 ? timeline.end : timeline.first), timeline);
}

/** Goes on from where it stands; from the beginning where it stands at the end. */
export function playing(playback: Playback, timeline: Timeline, speed: number): Playback {
  const here = positionOf(playback, timeline);
  const position = here === timeline.end ? timeline.first : here;
  return { mode: 'playing', position, atMs: timeline.atMs(position) ?? 0, speed };
}

/** `elapsedMs` later. What plays to the end stands there. */
export function ticked(playback: Playback, timeline: Timeline, elapsedMs: number, source: FeedSource): Playback {
  if (playback.mode !== 'playing') return playback;
  const here = clamped(playback.position, timeline);
  const nextMs = timeline.item(here)?.atMs;
  if (nextMs === undefined) return stoppedAt(here, timeline);
  const scale = source === 'check' ? playback.speed / checkStepMs : playback.speed;
  const longestMs = maxSilenceMs * scale;
  // Never back: what nodes tell on their own need not be in order.
  const atMs = Math.max(playback.atMs + elapsedMs * scale, nextMs - longestMs);
  let position = here;
  while (position < timeline.end && (timeline.item(position)?.atMs ?? 0) <= atMs) position += 1;
  return { ...playback, position, atMs };
}
