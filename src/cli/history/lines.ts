/** Reads a file, or the standard input, line by line, as it comes. */

import { createReadStream } from 'node:fs';
import { messageOf } from '../../environment/message.ts';
import { HistoryFormatError } from '../../history.ts';
import { FileError } from '../errors.ts';

/** Takes the lines of a history. */
export interface LineTaker {
  line(text: string): void;
}

/**
 * Gives all lines of `file` to `reader`; `-` stands for the standard input.
 *
 * @param longestLine characters after which a line is given to the reader, which refuses it, before it has ended
 * @throws HistoryFormatError, FileError
 */
export async function readLines(file: string, reader: LineTaker, longestLine: number): Promise<void> {
  const chunks: AsyncIterable<Buffer> = file === '-' ? process.stdin : createReadStream(file);
  // Bytes that are no text would be read as one and the same character. The byte-order mark is the reader's matter.
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let rest = '';
  const take = (text: string): void => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) reader.line(line.endsWith('\r') ? line.slice(0, -1) : line);
    if (rest.length > longestLine) reader.line(rest);
  };
  try {
    for await (const chunk of chunks) take(decoder.decode(chunk, { stream: true }));
    take(decoder.decode());
  } catch (cause) {
    if (cause instanceof HistoryFormatError) throw cause;
    const why = cause instanceof TypeError ? 'it is not UTF-8' : messageOf(cause);
    throw new FileError(`cannot read '${file}': ${why}; name a file of JSON lines`, { cause });
  }
  if (rest !== '') reader.line(rest);
}
