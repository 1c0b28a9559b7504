/**
 * Frames: what one flush writes. A frame holds the records of all callers that waited, under one checksum, so that it is
 * there as a whole or not at all.
 *
 * ```
 * header   40  magic, kind, body bytes, record count, first sequence, oldest segment, body checksum, 0, own checksum
 * body         records: payload bytes, version, address bytes, flags, [original sequence], [mark], [keepsAbove],
 *              address, payload;
 *              zeros up to a multiple of 8
 * trailer   8  magic, the header's checksum again: recovery finds it and knows that the write came to its end
 * ```
 *
 * Numbers are little-endian. Checksums start from a salt of journal and segment, the header's from the place of the
 * frame too, so that bytes that happen to be a frame of another place, time or journal are none here.
 */

import type { Address } from '../../../statecharts/actor.ts';
import { isAddress } from '../../../statecharts/actor.ts';
import type { Crc32 } from './checksum.ts';

export const headerBytes = 40;
export const trailerBytes = 8;
/** What a frame without records takes. */
export const emptyFrameBytes = headerBytes + trailerBytes;
const recordHeaderBytes = 12;
const headerMagic = 0x51_46_52_4d;
export const trailerMagic = 0x51_45_4e_44;

/** `records`; `sealed`: the segment ends here and another follows; `closed`: the journal was closed in order. */
export type FrameKind = 'records' | 'sealed' | 'closed';
const kinds: readonly FrameKind[] = ['records', 'sealed', 'closed'];

const checkpointFlag = 1;
const forgetFlag = 2;
const copyFlag = 4;
const markFlag = 8;
const keepsFlag = 16;

/** A record in a frame. */
export interface FramedRecord {
  readonly actor: Address;
  readonly version: number;
  readonly replaces: 'checkpoint' | 'forget' | undefined;
  readonly mark: number | undefined;
  readonly keepsAbove: number | undefined;
  /** Where the record stands in the order of all records. */
  readonly sequence: number;
  /** Where this copy of it was written; the same as `sequence` for the original. */
  readonly writtenAs: number;
  /** As `recordSizeBytes` counts it. */
  readonly sizeBytes: number;
  /** Shares the memory of the frame. */
  readonly payload: Uint8Array;
}

export interface Frame {
  readonly kind: FrameKind;
  readonly firstSequence: number;
  readonly recordCount: number;
  /** Older segments were not needed any more when this was written. */
  readonly oldestSegment: number;
  /** Of the whole frame, from its first byte. */
  readonly sizeBytes: number;
  /** Whether the end of the frame is as it was written. */
  readonly hasTrailer: boolean;
}

/** What the bytes at one place are: a frame, a header whose body is not what was written, or neither. */
export interface Found extends Frame {
  readonly isWhole: boolean;
}

const pad = (bytes: number): number => Math.ceil(bytes / 8) * 8;
const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function setUint64(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value % 2 ** 32, true);
  view.setUint32(offset + 4, Math.floor(value / 2 ** 32), true);
}
const getUint64 = (view: DataView, offset: number): number =>
  view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 2 ** 32;

/** What a record takes in a segment, without the original sequence that only copies carry. */
const recordSizeBytes = (addressBytes: number, payloadBytes: number): number =>
  recordHeaderBytes + addressBytes + payloadBytes;

/** Reads the header at `offset`, and whether what follows belongs to it. @returns undefined when no header is there */
export function findFrame(bytes: Uint8Array, offset: number, salt: number, crc32: Crc32): Found | undefined {
  if (offset + emptyFrameBytes > bytes.length) return undefined;
  const view = viewOf(bytes);
  if (view.getUint32(offset, true) !== headerMagic) return undefined;
  const checksum = view.getUint32(offset + headerBytes - 4, true);
  if (checksum !== crc32(bytes.subarray(offset, offset + headerBytes - 4), (salt ^ offset) >>> 0)) return undefined;
  const kind = kinds[view.getUint32(offset + 4, true)];
  const bodyBytes = pad(view.getUint32(offset + 8, true));
  const sizeBytes = emptyFrameBytes + bodyBytes;
  if (kind === undefined || offset + sizeBytes > bytes.length) return undefined;
  const body = bytes.subarray(offset + headerBytes, offset + headerBytes + bodyBytes);
  const end = offset + sizeBytes;
  return {
    kind,
    recordCount: view.getUint32(offset + 12, true),
    firstSequence: getUint64(view, offset + 16),
    oldestSegment: view.getUint32(offset + 24, true),
    sizeBytes,
    isWhole: crc32(body, salt) === view.getUint32(offset + 28, true),
    hasTrailer: view.getUint32(end - 8, true) === trailerMagic && view.getUint32(end - 4, true) === checksum,
  };
}

/** Writes the trailer of the frame at `offset` anew. @returns its eight bytes */
export function trailerOf(bytes: Uint8Array, offset: number): Uint8Array {
  const trailer = new Uint8Array(trailerBytes);
  viewOf(trailer).setUint32(0, trailerMagic, true);
  viewOf(trailer).setUint32(4, viewOf(bytes).getUint32(offset + headerBytes - 4, true), true);
  return trailer;
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * The records of the whole frame at `offset`.
 *
 * @returns undefined when the body does not read as records, although its checksum holds
 */
export function recordsOf(bytes: Uint8Array, offset: number, frame: Frame): FramedRecord[] | undefined {
  const view = viewOf(bytes);
  const end = offset + frame.sizeBytes - trailerBytes;
  const records: FramedRecord[] = [];
  let at = offset + headerBytes;
  for (let index = 0; index < frame.recordCount; index += 1) {
    if (at + recordHeaderBytes > end) return undefined;
    const payloadBytes = view.getUint32(at, true);
    const version = view.getUint32(at + 4, true);
    const addressBytes = view.getUint16(at + 8, true);
    const flags = view.getUint8(at + 10);
    let addressAt = at + recordHeaderBytes;
    const optional = (flag: number): number | undefined => {
      if ((flags & flag) === 0) return undefined;
      addressAt += 8;
      return addressAt > end ? 0 : getUint64(view, addressAt - 8);
    };
    const original = optional(copyFlag);
    const mark = optional(markFlag);
    const keepsAbove = optional(keepsFlag);
    const payloadAt = addressAt + addressBytes;
    if (payloadAt + payloadBytes > end) return undefined;
    let actor: string;
    try {
      actor = decoder.decode(bytes.subarray(addressAt, payloadAt));
    } catch {
      return undefined;
    }
    if (!isAddress(actor)) return undefined;
    const writtenAs = frame.firstSequence + index;
    records.push({
      actor,
      version,
      replaces: (flags & checkpointFlag) !== 0 ? 'checkpoint' : (flags & forgetFlag) !== 0 ? 'forget' : undefined,
      mark,
      keepsAbove,
      sequence: original ?? writtenAs,
      writtenAs,
      sizeBytes: recordSizeBytes(addressBytes, payloadBytes),
      payload: bytes.subarray(payloadAt, payloadAt + payloadBytes),
    });
    at = payloadAt + payloadBytes;
  }
  return records;
}

/** What a frame must be told when it is written: where it goes and what came before. */
export interface Placing {
  readonly kind: FrameKind;
  readonly offset: number;
  readonly salt: number;
  readonly firstSequence: number;
  readonly oldestSegment: number;
}

const encoder = new TextEncoder();

type RecordToFrame = Pick<FramedRecord, 'actor' | 'version' | 'replaces' | 'mark' | 'keepsAbove' | 'payload'>;

/** A frame in the making. */
export class FrameWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #end = headerBytes;
  #recordCount = 0;

  /** @param capacityBytes grows when needed */
  constructor(capacityBytes: number) {
    this.#bytes = new Uint8Array(capacityBytes);
    this.#view = viewOf(this.#bytes);
  }

  get recordCount(): number {
    return this.#recordCount;
  }

  /** What the frame will take in its segment. */
  get sizeBytes(): number {
    return pad(this.#end - headerBytes) + emptyFrameBytes;
  }

  get capacityBytes(): number {
    return this.#bytes.length;
  }

  /** Adds a record. @returns its size, as `recordSizeBytes` counts it */
  add(record: RecordToFrame, copyOf?: number): number {
    const { actor, payload, version, replaces, mark, keepsAbove } = record;
    this.#reserve(recordHeaderBytes + 24 + actor.length * 3 + payload.length);
    const start = this.#end;
    let addressAt = start + recordHeaderBytes;
    let flags = replaces === 'checkpoint' ? checkpointFlag : replaces === 'forget' ? forgetFlag : 0;
    const add = (flag: number, value: number | undefined): void => {
      if (value === undefined) return;
      flags |= flag;
      setUint64(this.#view, addressAt, value);
      addressAt += 8;
    };
    add(copyFlag, copyOf);
    add(markFlag, mark);
    add(keepsFlag, keepsAbove);
    const addressBytes = encoder.encodeInto(actor, this.#bytes.subarray(addressAt)).written;
    this.#view.setUint32(start, payload.length, true);
    this.#view.setUint32(start + 4, version, true);
    this.#view.setUint16(start + 8, addressBytes, true);
    this.#view.setUint8(start + 10, flags);
    this.#view.setUint8(start + 11, 0);
    this.#bytes.set(payload, addressAt + addressBytes);
    this.#end = addressAt + addressBytes + payload.length;
    this.#recordCount += 1;
    return recordSizeBytes(addressBytes, payload.length);
  }

  /** Remembers where the frame is, so that records which are added now can be taken back. */
  mark(): () => void {
    const end = this.#end;
    const recordCount = this.#recordCount;
    return () => {
      this.#end = end;
      this.#recordCount = recordCount;
    };
  }

  /** The bytes of the frame, at its place. They are its own memory: valid until `reset`. */
  finish(placing: Placing, crc32: Crc32): Uint8Array {
    const { salt, offset } = placing;
    const bodyBytes = this.#end - headerBytes;
    const bodyEnd = headerBytes + pad(bodyBytes);
    this.#reserve(emptyFrameBytes + 8);
    const view = this.#view;
    this.#bytes.fill(0, this.#end, bodyEnd);
    view.setUint32(0, headerMagic, true);
    view.setUint32(4, kinds.indexOf(placing.kind), true);
    view.setUint32(8, bodyBytes, true);
    view.setUint32(12, this.#recordCount, true);
    setUint64(view, 16, placing.firstSequence);
    view.setUint32(24, placing.oldestSegment, true);
    view.setUint32(28, crc32(this.#bytes.subarray(headerBytes, bodyEnd), salt), true);
    view.setUint32(32, 0, true);
    const checksum = crc32(this.#bytes.subarray(0, headerBytes - 4), (salt ^ offset) >>> 0);
    view.setUint32(headerBytes - 4, checksum, true);
    view.setUint32(bodyEnd, trailerMagic, true);
    view.setUint32(bodyEnd + 4, checksum, true);
    return this.#bytes.subarray(0, bodyEnd + trailerBytes);
  }

  /** Empties the frame for the next use of its memory. */
  reset(): void {
    this.#end = headerBytes;
    this.#recordCount = 0;
  }

  #reserve(moreBytes: number): void {
    const needed = this.#end + moreBytes;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = grown;
    this.#view = viewOf(grown);
  }
}
