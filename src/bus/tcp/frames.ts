/**
 * Frames: how a stream of bytes is cut into messages. A frame is its length as an unsigned 32-bit integer, most
 * significant byte first, and as many bytes of MessagePack.
 */

import { Packr, RESERVE_START_SPACE, Unpackr } from 'msgpackr';
import { FrameTooLargeError, MalformedFrameError } from '../errors.ts';

/** Bytes in front of each frame. */
export const headerBytes = 4;

/** Maps are plain objects, and byte strings are copied out of the chunk that they came in, so as not to keep it alive. */
const codec = { useRecords: false, mapsAsObjects: true, copyBuffers: true, int64AsType: 'number' } as const;
const packr = new Packr(codec);
const unpackr = new Unpackr(codec);

/** Turns `payload` into a frame. @throws whatever the encoder throws for what has no form in MessagePack */
export function encodeFrame(payload: unknown): Uint8Array {
  const frame = packr.pack(payload, RESERVE_START_SPACE + headerBytes);
  frame.writeUInt32BE(frame.length - headerBytes, 0);
  return frame;
}

/** The bytes that a frame carries. */
export const payloadOf = (frame: Uint8Array): Uint8Array => frame.subarray(headerBytes);

/** Reads the payload that stands in `bytes` from `start` to `end`. @throws MalformedFrameError */
export function decodePayload(bytes: Uint8Array, start: number, end: number): unknown {
  if (start === end) throw new MalformedFrameError('expected a frame of one byte or more, got an empty one');
  try {
    return unpackr.unpack(bytes, { start, end });
  } catch (error) {
    throw new MalformedFrameError(
      `expected ${end - start} bytes of MessagePack, got something else; is the other side a node of this version?`,
      { cause: error },
    );
  }
}

/**
 * Receives the payload of a frame as a part of `bytes`, which may change afterwards. It returns false to receive no
 * more.
 */
export type OnPayload = (bytes: Uint8Array, start: number, end: number) => boolean;

/** Cuts a stream into frames, however it arrives. */
export interface FrameDecoder {
  /** Takes in the next bytes. @throws FrameTooLargeError as soon as a length is announced that exceeds the limit */
  push(chunk: Uint8Array): void;
  /** Bytes of a frame that is not complete yet. */
  readonly partialBytes: number;
  /** The largest payload that is taken in, in bytes; counts from the next frame on. */
  limitBytes: number;
}

/**
 * Makes a decoder. Frames that lie within one chunk are not copied; one that does not is gathered in a buffer that
 * grows as its bytes arrive, so that a length which is only announced costs nothing.
 */
export function createFrameDecoder(limitBytes: number, onPayload: OnPayload): FrameDecoder {
  let partial = new Uint8Array(0);
  let filled = 0;

  const lengthAt = (bytes: Uint8Array, at: number): number => {
    const [a = 0, b = 0, c = 0, d = 0] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
    const length = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
    if (length > decoder.limitBytes) {
      throw new FrameTooLargeError(
        `expected a frame of at most ${decoder.limitBytes} bytes, got one of ${length}; raise the limit on both sides, or send less at once`,
      );
    }
    return length;
  };
  const take = (chunk: Uint8Array, from: number, upTo: number): number => {
    const count = Math.min(upTo - filled, chunk.length - from);
    if (filled + count > partial.length) {
      const grown = new Uint8Array(Math.min(upTo, Math.max(filled + count, partial.length * 2)));
      grown.set(partial.subarray(0, filled));
      partial = grown;
    }
    partial.set(chunk.subarray(from, from + count), filled);
    filled += count;
    return from + count;
  };

  const decoder: FrameDecoder = {
    limitBytes,
    get partialBytes() {
      return filled;
    },
    push(chunk) {
      let at = 0;
      if (filled > 0) {
        if (filled < headerBytes) at = take(chunk, at, headerBytes);
        if (filled < headerBytes) return;
        const end = headerBytes + lengthAt(partial, 0);
        at = take(chunk, at, end);
        if (filled < end) return;
        const whole = partial;
        partial = new Uint8Array(0);
        filled = 0;
        if (!onPayload(whole, headerBytes, end)) return;
      }
      while (at + headerBytes <= chunk.length) {
        const start = at + headerBytes;
        const end = start + lengthAt(chunk, at);
        if (end > chunk.length) break;
        at = end;
        if (!onPayload(chunk, start, end)) return;
      }
      if (at < chunk.length) take(chunk, at, chunk.length - at);
    },
  };
  return decoder;
}
