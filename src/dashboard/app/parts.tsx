/** Small parts that the views share. */

import type { ComponentChildren, FunctionComponent } from 'preact';
import type { Board } from './board.ts';

export interface BoardProps {
  readonly board: Board;
}

/** A view: what the URL calls it, its tab, and what it shows. */
export interface View {
  readonly name: string;
  readonly title: string;
  readonly Body: FunctionComponent<BoardProps>;
}

/** Whether `key`, pressed there, means the element, and not the page: a button takes a space, and leaves arrows. */
export const isForElement = (target: EventTarget | null, key: string): boolean =>
  target instanceof HTMLElement &&
  target.closest(key === ' ' ? 'input, select, textarea, button, summary, a' : 'input, select, textarea') !== null;

interface PanelProps {
  readonly title: string;
  readonly note?: string | undefined;
  readonly children: ComponentChildren;
}

/** A part of a view, under its heading. */
export function Panel({ title, note, children }: PanelProps) {
  return (
    <section class="panel">
      <h2>
        {title}
        {note === undefined ? null : <small>{note}</small>}
      </h2>
      {children}
    </section>
  );
}

/** How well a role or status is, for its colour; the text says the same. */
export function toneOf(role: string): 'lead' | 'seek' | 'follow' | 'bad' | 'plain' {
  if (/^(leader|primary|active|decided|committed|trusted|monitoring|live|up)$/.test(role)) return 'lead';
  if (
    /candidate|promot|preparing|proposing|collecting|polling|registering|claiming|ruling|fencing|choosing|suspected|paused|undecided|recovered|catching/i.test(
      role,
    )
  ) {
    return 'seek';
  }
  if (/^(down|confirmed|failed|fenced|aborted|degraded|in.doubt|in doubt)$/.test(role)) return 'bad';
  if (/^(follower|backup|ready|standby|waiting)$/.test(role)) return 'follow';
  return 'plain';
}

/** A role or status in a few letters. */
export const Chip = ({ text }: { readonly text: string }) => <span class={`chip ${toneOf(text)}`}>{text}</span>;

/** A length of time, for people: `12 ms`, `3.4 s`, `5 min`. */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  return ms < 3_600_000 ? `${Math.floor(ms / 60_000)} min` : `${Math.floor(ms / 3_600_000)} h`;
}
