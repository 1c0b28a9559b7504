/** CRC-32 (the polynomial of zlib and Ethernet): finds every flipped bit and every burst of up to 32 bits. */

/** The checksum of `bytes`, continuing from `start`. Different starts give different checksums of the same bytes. */
export type Crc32 = (bytes: Uint8Array, start: number) => number;

/** For eight bytes at a time, after Kounavis and Berry, "A Systematic Approach to Building High Performance CRC". */
const tables = makeTables();

function makeTables(): Int32Array {
  const made = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let value = byte;
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    made[byte] = value;
  }
  for (let index = 256; index < made.length; index += 1) {
    const before = made[index - 256] ?? 0;
    made[index] = (before >>> 8) ^ (made[before & 0xff] ?? 0);
  }
  return made;
}

const at = (table: number, byte: number): number => tables[table * 256 + (byte & 0xff)] ?? 0;

/** CRC-32 in JavaScript alone: the same as `crc32` of `node:zlib`, which Node.js before 20.15 does not have. */
export const crc32: Crc32 = (bytes, start) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stepped = bytes.length - (bytes.length % 8);
  let value = ~start;
  for (let offset = 0; offset < stepped; offset += 8) {
    const low = value ^ view.getInt32(offset, true);
    const high = view.getInt32(offset + 4, true);
    value =
      at(7, low) ^ at(6, low >>> 8) ^ at(5, low >>> 16) ^ at(4, low >>> 24) ^
      at(3, high) ^ at(2, high >>> 8) ^ at(1, high >>> 16) ^ at(0, high >>> 24); // biome-ignore format: one line per word
  }
  for (let offset = stepped; offset < bytes.length; offset += 1) {
    value = (value >>> 8) ^ at(0, value ^ view.getUint8(offset));
  }
  return ~value >>> 0;
};
