/**
 * Server-sent events (HTML Living Standard, §9.2), as far as managers and those who follow them need them: data without names,
 * ids or times, and comments that only say that the connection stands.
 */

/** An event with `data`, which has no line breaks. */
export const eventOf = (data: string): string => `data: ${data}\n\n`;

/** A comment: it says that the other side is there, and nothing else. */
export const commentEvent = ':\n\n';

/** What follows a stream without an end of an event is larger than events may be. */
export class EventSizeError extends RangeError {}

/**
 * Makes a reader of a stream, which takes its text piece by piece, and gives the data of the events that became whole.
 *
 * @param sizeLimit in UTF-16 code units; the reader throws EventSizeError beyond it
 */
export function createEventReader(sizeLimit: number): (text: string) => readonly string[] {
  let rest = '';
  return (text) => {
    const blocks = (rest + text).split(/\r?\n\r?\n/);
    rest = blocks.pop() ?? '';
    const longest = Math.max(rest.length, ...blocks.map(({ length }) => length));
    if (longest > sizeLimit) throw new EventSizeError(`expected events of at most ${sizeLimit} characters, got more`);
    return blocks.map(dataOf).filter((data) => data !== '');
  };
}

const dataOf = (block: string): string =>
  block
    .split(/\r?\n/)
    .flatMap((line) => /^data: ?(.*)$/.exec(line)?.[1] ?? [])
    .join('\n');
