/** What a large value is put from: bytes, or pieces of any lengths as they come, such as a stream of Node. */

import { MalformedRequestError, ValueLimitError } from '../errors.ts';

export type LargeSource = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * The parts of a source, the last one maybe shorter. All share one piece of memory: each is only lent, until the next is asked for.
 *
 * @throws ValueLimitError for more than `limitBytes`; MalformedRequestError for pieces that are no bytes
 */
export async function* partsOf(source: LargeSource, partBytes: number, limitBytes: number): AsyncGenerator<Uint8Array> {
  const part = new Uint8Array(partBytes);
  let [filled, sizeBytes] = [0, 0];
  for await (const piece of source instanceof Uint8Array ? [source] : source) {
    if (!(piece instanceof Uint8Array)) {
      throw new MalformedRequestError(`expected pieces of bytes (Uint8Array), got ${typeof piece}; encode them`);
    }
    sizeBytes += piece.length;
    if (sizeBytes > limitBytes) {
      throw new ValueLimitError(`expected a large value of at most ${limitBytes} bytes, got a longer one; split it`);
    }
    for (let at = 0; at < piece.length; ) {
      const taken = piece.subarray(at, at + partBytes - filled);
      part.set(taken, filled);
      at += taken.length;
      filled += taken.length;
      if (filled < partBytes) continue;
      yield part;
      filled = 0;
    }
  }
  if (filled > 0) yield part.subarray(0, filled);
}
