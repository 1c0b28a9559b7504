/**
 * The form of a backup: the state of a store as of one entry of its log, in the parts in which the store gives it away.
 *
 * ```
 * magic 8, version 4
 * frame: kind 1, bytes of the body 4, body, checksum 4
 * ```
 *
 * The first frame is the head, in JSON; then come the parts; the last one is the end, with the SHA-256 of all before it.
 * Numbers are little-endian. The checksum of a frame goes on from that of the one before it, so that none is missing, or
 * stands in another's place, unnoticed. A part is written and read by itself: nothing grows with the state.
 */

import { createHash, type Hash } from 'node:crypto';
import * as v from 'valibot';
import { isId } from '../../../statecharts/actor.ts';
import { crc32 } from '../../journal/segmented/checksum.ts';
import { logProtocolNames } from '../store/log/protocol-names.ts';
import { BackupDamagedError, BackupForeignError, BackupTruncatedError, BackupVersionError } from './errors.ts';

const magic = 'qrtstore';
const version = 1;
const prefixBytes = 12;
const kinds = { head: 1, part: 2, end: 3 } as const;
const frameHeadBytes = 5;
const checksumBytes = 4;
const digestBytes = 32;
/** No body is longer: what claims to be is damage. */
const bodyLimitBytes = 64 * 2 ** 20;

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const head = v.object({
  /** The cluster that it is of. It is shown on terminals, and part of the name of the next one. */
  cluster: v.pipe(v.string(), v.regex(/^\P{Cc}{0,256}$/u, 'expected the name of a cluster')),
  /** The node that wrote it. */
  node: v.pipe(v.string(), v.check(isId, 'expected the id of a node')),
  /** By which protocol that cluster was replicated; a restored one may use another. */
  protocol: v.picklist(logProtocolNames),
  /** The last entry of the log that the state holds. */
  index: natural,
  /** As `GET /status` tells it. */
  revision: natural,
});

/** What a backup says of itself. */
export type BackupHead = v.InferOutput<typeof head>;

/** A piece of a backup. */
export type BackupFrame =
  | { readonly type: 'head'; readonly head: BackupHead }
  | { readonly type: 'part'; readonly part: Uint8Array };

const littleEndian = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
};

/** Makes the bytes of a backup, piece by piece: `start` first, `end` last. */
export class BackupWriter {
  readonly #hash: Hash = createHash('sha256');
  #checksum = 0;

  start(it: BackupHead): Uint8Array {
    const prefix = Buffer.concat([Buffer.from(magic, 'latin1'), littleEndian(version)]);
    this.#hash.update(prefix);
    this.#checksum = crc32(prefix, 0);
    return Buffer.concat([prefix, this.#framed(kinds.head, Buffer.from(JSON.stringify(it)))]);
  }

  part(part: Uint8Array): Uint8Array {
    return this.#framed(kinds.part, part);
  }

  end(): Uint8Array {
    return this.#framed(kinds.end, this.#hash.copy().digest());
  }

  #framed(kind: number, body: Uint8Array): Uint8Array {
    const framed = Buffer.concat([Uint8Array.of(kind), littleEndian(body.length), body]);
    this.#checksum = crc32(framed, this.#checksum);
    const bytes = Buffer.concat([framed, littleEndian(this.#checksum)]);
    this.#hash.update(bytes);
    return bytes;
  }
}

/**
 * Reads a backup: its head, then its parts. It is whole and as it was written only once it has been read to the end.
 *
 * @throws BackupForeignError, BackupVersionError, BackupDamagedError, BackupTruncatedError; what `chunks` throws
 */
export async function* framesIn(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<BackupFrame> {
  const source = new Source(chunks);
  const hash = createHash('sha256');
  const prefix = await source.takeUpTo(prefixBytes);
  checkPrefix(prefix);
  hash.update(prefix);
  let checksum = crc32(prefix, 0);
  for (let isFirst = true; ; isFirst = false) {
    const start = await source.take(frameHeadBytes);
    const kind = start[0];
    const length = viewOf(start).getUint32(1, true);
    const isKnown = kind === kinds.part || kind === kinds.end || kind === kinds.head;
    if (!isKnown || (kind === kinds.head) !== isFirst || length > bodyLimitBytes)
      throw damaged(source, 'no frame begins here');
    const body = await source.take(length);
    const told = await source.take(checksumBytes);
    checksum = crc32(body, crc32(start, checksum));
    if (viewOf(told).getUint32(0, true) !== checksum) throw damaged(source, 'a checksum before it does not hold');
    if (kind === kinds.end) {
      if (length !== digestBytes || !hash.digest().equals(body))
        throw damaged(source, 'the digest of the whole does not hold');
      if (!(await source.isAtEnd())) throw damaged(source, 'more follows its end');
      return;
    }
    for (const piece of [start, body, told]) hash.update(piece);
    yield kind === kinds.head ? { type: 'head', head: headIn(body, source) } : { type: 'part', part: body };
  }
}

/** Reads a backup to its end. @returns its head. @throws as `framesIn` */
export async function checkBackup(chunks: AsyncIterable<Uint8Array>): Promise<BackupHead> {
  let found: BackupHead | undefined;
  for await (const frame of framesIn(chunks)) if (frame.type === 'head') found = frame.head;
  // Nothing but a head comes first.
  if (found === undefined) throw new BackupTruncatedError('expected a backup with a head, got one without');
  return found;
}

function checkPrefix(prefix: Uint8Array): void {
  const found = Buffer.from(prefix.subarray(0, magic.length)).toString('latin1');
  if (found.length === magic.length ? found !== magic : !magic.startsWith(found) || found === '') {
    throw new BackupForeignError(
      'expected a file that quorate backup has written, got something else; name the file of a backup',
    );
  }
  if (prefix.length < prefixBytes) throw truncated(prefix.length);
  const theirs = viewOf(prefix).getUint32(magic.length, true);
  if (theirs !== version) {
    throw new BackupVersionError(
      `expected a backup of version ${version}, got one of version ${theirs}; restore it with the release that wrote it, or a later one`,
    );
  }
}

function headIn(body: Uint8Array, source: Source): BackupHead {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), head), Buffer.from(body).toString());
  if (parsed.success) return parsed.output;
  throw damaged(source, `its head does not read (${parsed.issues[0].message})`);
}

const truncated = (offsetBytes: number): BackupTruncatedError =>
  new BackupTruncatedError(
    `expected a whole backup, got one that ends after ${offsetBytes} bytes; take another copy of it, or make a new backup`,
  );
const damaged = ({ offsetBytes }: Source, problem: string): BackupDamagedError =>
  new BackupDamagedError(
    `the backup is damaged before byte ${offsetBytes}: ${problem}; take another copy of it, or make a new backup`,
  );
const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Bytes as they come, taken as they are needed. */
class Source {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  offsetBytes = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  async take(bytes: number): Promise<Uint8Array> {
    const taken = await this.takeUpTo(bytes);
    if (taken.length < bytes) throw truncated(this.offsetBytes);
    return taken;
  }

  async takeUpTo(bytes: number): Promise<Uint8Array> {
    while (this.#bytes < bytes && (await this.#more()));
    const whole = Buffer.concat(this.#pieces);
    const taken = whole.subarray(0, bytes);
    const rest = whole.subarray(taken.length);
    this.#pieces = [rest];
    this.#bytes = rest.length;
    this.offsetBytes += taken.length;
    return taken;
  }

  async isAtEnd(): Promise<boolean> {
    while (this.#bytes === 0 && (await this.#more()));
    return this.#bytes === 0;
  }

  async #more(): Promise<boolean> {
    const { value, done } = await this.#chunks.next();
    if (done === true) return false;
    this.#pieces.push(value);
    this.#bytes += value.length;
    return true;
  }
}
