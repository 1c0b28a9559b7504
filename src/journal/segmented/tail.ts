/**
 * Where the frames of a segment end: in zeros, in the remains of a write that a crash interrupted, or in damage. A
 * torn write may be cut, because no caller was told that it is durable; damage may not.
 */

import type { Crc32 } from './checksum.ts';
import { emptyFrameBytes, findFrame, headerBytes, trailerBytes, trailerMagic } from './frames.ts';

/** The least that a disk leaves out within an interrupted write. */
const sectorBytes = 512;

/** The end of what is not zero from `from` on; `from` when all is. */
export function endOfContent(bytes: Uint8Array, from: number): number {
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length;
  while (end - 8 >= from && words.getUint32(end - 8, true) === 0 && words.getUint32(end - 4, true) === 0) end -= 8;
  while (end > from && bytes[end - 1] === 0) end -= 1;
  return end;
}

export type Tail =
  | { readonly type: 'clean' }
  /** `lostSequence` is the last one that the torn flush held, when its header can be read. */
  | { readonly type: 'torn'; readonly endOffset: number; readonly lostSequence: number | undefined }
  | { readonly type: 'damaged'; readonly problem: string };

/**
 * Judges the bytes from `from` on, where a frame with the sequence `sequence` was expected and none is whole. One
 * write at a time is under way in a journal, into zeros; so what follows a torn write is zero, and a torn write has
 * a part that is still zero or no end.
 */
export function judgeTail(bytes: Uint8Array, from: number, sequence: number, salt: number, crc32: Crc32): Tail {
  const contentEnd = endOfContent(bytes, from);
  if (contentEnd === from) return { type: 'clean' };
  const frame = findFrame(bytes, from, salt, crc32);
  for (let offset = from + 8; offset + headerBytes <= contentEnd; offset += 8) {
    const later = findFrame(bytes, offset, salt, crc32);
    if (later !== undefined && later.firstSequence >= sequence) {
      return { type: 'damaged', problem: `no flush can be read here, but a later one starts at byte ${offset}` };
    }
  }
  const frameEnd = frame === undefined ? Math.ceil(contentEnd / 8) * 8 : from + frame.sizeBytes;
  if (contentEnd > frameEnd) {
    return { type: 'damaged', problem: `the flush here cannot be read, but more was written after byte ${frameEnd}` };
  }
  if (wasWrittenToItsEnd(bytes, from, frameEnd)) {
    return { type: 'damaged', problem: 'the flush here was written to its end, but its checksum does not hold' };
  }
  return {
    type: 'torn',
    endOffset: contentEnd,
    lostSequence: frame === undefined ? undefined : frame.firstSequence + frame.recordCount - 1,
  };
}

/** Whether the first and the last bytes are there, and no stretch between that a disk may have left out. */
function wasWrittenToItsEnd(bytes: Uint8Array, from: number, end: number): boolean {
  if (end - from < emptyFrameBytes || end > bytes.length) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(end - trailerBytes, true) !== trailerMagic) return false;
  if (view.getUint32(from, true) === 0) return false;
  let zeroBytes = 0;
  for (let offset = from; offset < end && zeroBytes < sectorBytes; offset += 1) {
    zeroBytes = bytes[offset] === 0 ? zeroBytes + 1 : 0;
  }
  return zeroBytes < sectorBytes;
}
