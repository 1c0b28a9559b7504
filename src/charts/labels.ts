/** How the text of a picture is set: its sizes, and how the label of an arrow is broken into lines. */

import type { DrawnArrow } from './drawing.ts';

/** Sizes of text, in pixels: fonts differ, so that these are generous. */
export const textSizes = { statePx: 13, labelPx: 10, characterPer: 0.62, headPx: 26, lineOf: 1.3 } as const;

/** What an arrow is labelled with: `vote [isNewer] (Raft §5.2)`. */
export function labelOf({ events, guard, rule }: DrawnArrow): string {
  const parts = [events.join(', '), guard === '' ? '' : `[${guard}]`, rule === '' ? '' : `(${rule})`];
  return parts.filter((part) => part !== '').join(' ');
}

/** The lines of a label: its events, its guard, its rule. */
export function labelLines(arrow: DrawnArrow): readonly string[] {
  const { events, guard, rule } = arrow;
  const lines = [events.join(', '), guard === '' ? '' : `[${guard}]`, rule === '' ? '' : `(${rule})`];
  return labelOf(arrow).length <= 24 ? [labelOf(arrow)] : lines.filter((line) => line !== '').flatMap(wrapped);
}

/** At most so many characters a line, broken between words. */
function wrapped(text: string): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < 34) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
