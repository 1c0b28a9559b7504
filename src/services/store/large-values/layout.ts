/**
 * Where a large value is in the store, and what its manifest says. Below a prefix are `value/NAME`, the manifest; `part/ID/INDEX`, the parts of
 * the write ID; `write/ID`, which says that no manifest has them; and `write/ID/alive`, that their writer still lives.
 *
 * A write begins with the latter two, the second one with a lease. While it is alive its parts are put and, at most once, its
 * manifest, which in one transaction takes both away. Where that ends, or another manifest comes in its place, `write/ID` stands alone, for
 * good: nothing is added to such a write any more, and no reader is sent to its parts, so that they may be removed by all who see it.
 */

import { decode, encode, isNatural } from '../codec.ts';
import { MalformedValueError } from '../errors.ts';
import { valueLimitBytes } from '../key-value/commands.ts';

/** What a name stands for. */
export interface Manifest {
  /** The write by which its parts came. */
  readonly id: number;
  readonly sizeBytes: number;
  /** Of each part; the last one may be shorter. */
  readonly partBytes: number;
}

const digitsOfId = String(Number.MAX_SAFE_INTEGER).length;
const digitsOfIndex = 8;
const numbered = (id: number): string => String(id).padStart(digitsOfId, '0');

/** The keys below a prefix. */
export interface Layout {
  readonly writes: string;
  manifest(name: string): string;
  parts(id: number): string;
  part(id: number, index: number): string;
  write(id: number): string;
  alive(id: number): string;
  /** The write that a key below `writes` is of, and whether that key says that it is alive. */
  writeIn(key: string): { readonly id: number; readonly isAlive: boolean } | undefined;
}

export function layoutBelow(prefix: string): Layout {
  const writes = `${prefix}write/`;
  const write = (id: number): string => `${writes}${numbered(id)}`;
  const parts = (id: number): string => `${prefix}part/${numbered(id)}/`;
  return {
    writes,
    manifest: (name) => `${prefix}value/${name}`,
    parts,
    part: (id, index) => `${parts(id)}${String(index).padStart(digitsOfIndex, '0')}`,
    write,
    alive: (id) => `${write(id)}/alive`,
    writeIn(key) {
      const [digits = '', alive, ...more] = key.slice(writes.length).split('/');
      const id = Number(digits);
      if (!isNatural(id) || digits !== numbered(id) || more.length > 0) return undefined;
      return alive === undefined || alive === 'alive' ? { id, isAlive: alive !== undefined } : undefined;
    },
  };
}

const format = 1;

export const encodeManifest = ({ id, sizeBytes, partBytes }: Manifest): Uint8Array =>
  encode([format, id, sizeBytes, partBytes]);

/** @throws MalformedValueError for bytes that are none, or one of a value that is longer than `limitBytes` */
export function manifestIn(name: string, bytes: Uint8Array, limitBytes: number): Manifest {
  const manifest = readManifest(bytes);
  if (manifest === undefined) {
    throw new MalformedValueError(
      `expected the manifest of a large value under '${name}', got something else; put it anew`,
    );
  }
  if (manifest.sizeBytes <= limitBytes) return manifest;
  throw new MalformedValueError(
    `expected a large value of at most ${limitBytes} bytes under '${name}', got ${manifest.sizeBytes}; raise the limit of this reader`,
  );
}

/** The manifest that bytes are; undefined for others. */
export function readManifest(bytes: Uint8Array): Manifest | undefined {
  let tuple: unknown;
  try {
    tuple = decode(bytes);
  } catch {
    return undefined;
  }
  const [kind, id, sizeBytes, partBytes, ...more]: unknown[] = Array.isArray(tuple) ? tuple : [];
  if (kind !== format || !isNatural(id) || !isNatural(sizeBytes) || !isNatural(partBytes)) return undefined;
  return partBytes >= 1 && partBytes <= valueLimitBytes && more.length === 0 ? { id, sizeBytes, partBytes } : undefined;
}
