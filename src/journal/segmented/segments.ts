/**
 * Segments: the files of a journal, numbered without gaps. Each is made at its full size, filled with zeros after a
 * header that says whose it is, and never changes its size: so a shortened file is found, and no write needs room.
 *
 * ```
 * header  256  magic 8, format version, checksum of both, number, size, length and text of journal id and node (64
 *              each), checksum of all
 * frames       until one that seals the segment, or zeros
 * ```
 */

import { JournalDamagedError, JournalFormatError, JournalOptionsError } from '../errors.ts';
import type { Crc32 } from './checksum.ts';

export const segmentHeaderBytes = 256;
/** Version 1 had no marks. */
const formatVersion = 2;
const textBytes = 64;
const idAt = 32;
const nodeAt = idAt + textBytes;
const magic = new TextEncoder().encode('QUORATE\n');

export interface SegmentHeader {
  readonly number: number;
  readonly sizeBytes: number;
  readonly journalId: string;
  readonly node: string;
}

export const segmentName = (number: number): string => `${String(number).padStart(10, '0')}.segment`;

/** The number in a segment's name; undefined when it is not one. */
export function segmentNumber(name: string): number | undefined {
  const digits = /^(\d{10})\.segment$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Where checksums start in a segment: different for each journal and each segment. */
export const saltOf = (journalId: string, number: number, crc32: Crc32): number =>
  crc32(new TextEncoder().encode(`${journalId}/${number}`), 0);

/** @throws JournalOptionsError when id or node do not fit */
export function encodeSegmentHeader(header: SegmentHeader, crc32: Crc32): Uint8Array {
  const bytes = new Uint8Array(segmentHeaderBytes);
  const view = new DataView(bytes.buffer);
  const id = new TextEncoder().encode(header.journalId);
  const node = new TextEncoder().encode(header.node);
  if (id.length > textBytes || node.length > textBytes || id.length === 0 || node.length === 0) {
    throw new JournalOptionsError(
      `expected a journal id and a node of 1 to ${textBytes} bytes, got '${header.journalId}' and '${header.node}'`,
    );
  }
  bytes.set(magic, 0);
  view.setUint32(8, formatVersion, true);
  view.setUint32(12, crc32(bytes.subarray(0, 12), 0), true);
  view.setUint32(16, header.number, true);
  view.setUint32(20, header.sizeBytes, true);
  view.setUint8(28, id.length);
  view.setUint8(29, node.length);
  bytes.set(id, idAt);
  bytes.set(node, nodeAt);
  view.setUint32(segmentHeaderBytes - 4, crc32(bytes.subarray(0, segmentHeaderBytes - 4), 0), true);
  return bytes;
}

/**
 * Reads the header of a segment.
 *
 * @throws JournalFormatError when a later version wrote it
 * @throws JournalDamagedError when it is not what was written, or the file is shorter or longer than it was made
 */
export function decodeSegmentHeader(name: string, bytes: Uint8Array, crc32: Crc32): SegmentHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const damaged = (problem: string): JournalDamagedError => new JournalDamagedError(name, 0, problem);
  if (bytes.length < 16 || view.getUint32(12, true) !== crc32(bytes.subarray(0, 12), 0)) {
    throw damaged('its header does not start as that of a segment');
  }
  if (magic.some((byte, index) => bytes[index] !== byte)) throw damaged('it is no segment of a journal');
  const version = view.getUint32(8, true);
  if (version < 1 || version > formatVersion) {
    throw new JournalFormatError(
      `expected '${name}' in journal format ${formatVersion} or older, got format ${version}; run the version of Quorate that ` +
        'wrote it, or a later one',
    );
  }
  if (
    bytes.length < segmentHeaderBytes ||
    view.getUint32(segmentHeaderBytes - 4, true) !== crc32(bytes.subarray(0, segmentHeaderBytes - 4), 0)
  ) {
    throw damaged('the checksum of its header does not hold');
  }
  const header: SegmentHeader = {
    number: view.getUint32(16, true),
    sizeBytes: view.getUint32(20, true),
    journalId: textAt(bytes, idAt, view.getUint8(28)),
    node: textAt(bytes, nodeAt, view.getUint8(29)),
  };
  if (segmentName(header.number) !== name) throw damaged(`it is segment ${header.number} under another name`);
  if (header.sizeBytes !== bytes.length) {
    const problem = `it was made with ${header.sizeBytes} bytes and has ${bytes.length}`;
    throw new JournalDamagedError(name, Math.min(bytes.length, header.sizeBytes), problem);
  }
  return header;
}

const textAt = (bytes: Uint8Array, offset: number, length: number): string =>
  new TextDecoder().decode(bytes.subarray(offset, offset + length));
