/** Where commands write to: plain lines, coloured where a person looks at a terminal that can show it. */

import type { WriteStream } from 'node:tty';
import pc from 'picocolors';

export type Colours = ReturnType<typeof pc.createColors>;

/** What commands write to. */
export interface Terminal {
  /** Writes one line, or several, to the standard output. */
  out(text: string): void;
  /** Writes one line, or several, to the standard error. */
  err(text: string): void;
  readonly outColours: Colours;
  readonly errColours: Colours;
  /** Writes a line in place of the one that it wrote last; nothing is left of an empty one. Only where a person looks at it. */
  readonly progress?: (line: string) => void;
}

/** `terminal` for a command that tells JSON: that alone goes to the standard output, what people read to the standard error. */
export const besideJson = (terminal: Terminal): Terminal => ({
  ...terminal,
  out: terminal.err,
  outColours: terminal.errColours,
});

const clearLine = '\r\u001b[K';

/** The terminal of this process. Colours are for TTYs, and not where `NO_COLOR` is set (see no-color.org). */
export function systemTerminal(): Terminal {
  const coloursOf = (stream: WriteStream): Colours =>
    pc.createColors(stream.isTTY === true && (process.env.NO_COLOR ?? '') === '');
  // A reader that has left, such as `head`, is no reason to stop.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    outColours: coloursOf(process.stdout),
    errColours: coloursOf(process.stderr),
    ...(process.stderr.isTTY === true
      ? { progress: (line: string) => void process.stderr.write(`${clearLine}${line}`) }
      : {}),
  };
}
