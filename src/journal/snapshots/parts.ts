/**
 * The parts of a snapshot in its file, one after the other:
 *
 * ```
 * header  12  magic, bytes of the part, its checksum
 * part
 * ```
 *
 * Numbers are little-endian. The checksum starts from the place of the part, so that no part passes for another.
 */

import type { SnapshotFile } from '../../../statecharts/transfer.ts';
import type { Crc32 } from '../segmented/checksum.ts';
import { SnapshotError } from './room.ts';

const headerBytes = 12;
const magic = 0x51_53_4e_50;
/** No part is longer: what claims to be is damage. */
const partLimitBytes = 512 * 2 ** 20;

/** A part as it stands in the file at `offsetBytes`. */
export function framed(part: Uint8Array, offsetBytes: number, crc32: Crc32): Uint8Array {
  const bytes = new Uint8Array(headerBytes + part.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magic, true);
  view.setUint32(4, part.length, true);
  view.setUint32(8, crc32(part, offsetBytes % 2 ** 32), true);
  bytes.set(part, headerBytes);
  return bytes;
}

/** Cuts bytes of a file, as they come, into its parts. */
export class PartsParser {
  readonly #file: SnapshotFile;
  readonly #crc32: Crc32;
  #rest: Uint8Array = new Uint8Array();
  #offset = 0;
  #checksum = 0;

  constructor(file: SnapshotFile, crc32: Crc32) {
    this.#file = file;
    this.#crc32 = crc32;
  }

  /** Where the next bytes are read. */
  get readBytes(): number {
    return this.#offset + this.#rest.length;
  }

  /** Takes the next bytes of the file. */
  add(bytes: Uint8Array): void {
    this.#checksum = this.#crc32(bytes, this.#checksum);
    if (this.#rest.length === 0) {
      this.#rest = bytes;
      return;
    }
    const joined = new Uint8Array(this.#rest.length + bytes.length);
    joined.set(this.#rest);
    joined.set(bytes, this.#rest.length);
    this.#rest = joined;
  }

  /** How many bytes must be added before `next` has a part. 0 when it has one, or when all was read. */
  get missingBytes(): number {
    if (this.#isAtEnd) return 0;
    if (this.#rest.length < headerBytes) return headerBytes - this.#rest.length;
    return Math.max(0, headerBytes + this.#length - this.#rest.length);
  }

  /** The next part; undefined at the end. @throws SnapshotError when the bytes are not those that were written */
  next(): Uint8Array | undefined {
    if (this.#isAtEnd) {
      if (this.#checksum === this.#file.checksum) return undefined;
      throw this.#damaged('the checksum of the whole does not hold');
    }
    const view = viewOf(this.#rest);
    if (view.getUint32(0, true) !== magic) throw this.#damaged('no part begins here');
    const part = this.#rest.subarray(headerBytes, headerBytes + this.#length);
    if (this.#crc32(part, this.#offset % 2 ** 32) !== view.getUint32(8, true)) {
      throw this.#damaged('the checksum of the part here does not hold');
    }
    this.#offset += headerBytes + part.length;
    this.#rest = this.#rest.subarray(headerBytes + part.length);
    return part;
  }

  /** The file ended before it should have. */
  short(): SnapshotError {
    return this.#damaged(`expected ${this.#file.sizeBytes} bytes in all, got ${this.readBytes}`);
  }

  get #isAtEnd(): boolean {
    return this.#rest.length === 0 && this.#offset === this.#file.sizeBytes;
  }

  get #length(): number {
    const length = viewOf(this.#rest).getUint32(4, true);
    if (length <= partLimitBytes && this.#offset + headerBytes + length <= this.#file.sizeBytes) return length;
    throw this.#damaged(`a part of ${length} bytes cannot begin here`);
  }

  #damaged(problem: string): SnapshotError {
    return new SnapshotError(
      'damaged',
      `snapshot '${this.#file.name}' is damaged at byte ${this.#offset}: ${problem}. The state of this node cannot be read; replace the node by one with a new id and an empty directory, or restore the directory from a copy that is no older than its last run`,
    );
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
