/** What travels in frames: each payload is an array whose first item says what it is. Version 2. */

import * as v from 'valibot';
import { type Address, isAddress, isId, type Tagged } from '../../../statecharts/actor.ts';
import type { Envelope, RefusalCode } from '../bus.ts';
import { MalformedFrameError } from '../errors.ts';
import { decodePayload, encodeFrame, payloadOf } from './frames.ts';
import { credentialsSchema } from './handshake/credentials.ts';
import { isTokenName } from './secret/secret.ts';

const envelopeKind = 0;
const helloKind = 1;
const refusalKind = 2;
const absentKind = 3;
const pingKind = 4;
const pongKind = 5;
const proofKind = 6;
const sealedKind = 7;

/** Bytes of the random number that each side of a handshake contributes. */
export const nonceBytes = 32;

const refusalCodes = [
  'other-cluster',
  'own-node-id',
  'unexpected-node',
  'node-id-taken',
  'disjoint-versions',
  'other-security',
  'wrong-certificate',
  'secret-required',
  'secret-mismatch',
  'too-many-connections',
  'journal-lost',
] as const satisfies readonly RefusalCode[];

const id = v.pipe(v.string(), v.check(isId, 'expected 1 to 64 letters, digits, dots, dashes and underscores'));
const name = v.pipe(v.string(), v.maxLength(256));
const version = v.pipe(v.number(), v.integer(), v.minValue(1));

const bytes = (least: number, most: number) =>
  v.pipe(
    v.instance(Uint8Array),
    v.check(({ length }) => length >= least && length <= most, `expected ${least} to ${most} bytes`),
  );

/**
 * Members that a later version adds are ignored by this one, and an earlier version's introduction still reads, so that it
 * can be refused by name.
 */
const helloSchema = v.object({
  protocol: v.literal('quorate'),
  kind: v.picklist(['node', 'client']),
  node: id,
  cluster: v.optional(name),
  expects: v.optional(id),
  nonce: v.optional(bytes(nonceBytes, nonceBytes)),
  proof: v.optional(v.picklist(['peer', 'client', 'none']), 'none'),
  token: v.optional(v.pipe(v.string(), v.check(isTokenName, "expected 1 to 64 letters, digits, '-' or '_'"))),
  security: v.optional(v.picklist(['none', 'tls']), 'none'),
  versions: v.pipe(
    v.object({ min: version, max: version }),
    v.check(({ min, max }) => min <= max, 'expected versions.min <= versions.max'),
  ),
});
const refusalSchema = v.object({
  code: v.picklist(refusalCodes),
  reason: v.pipe(v.string(), v.maxLength(2_000)),
});
const countSchema = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000_000));
const proofSchema = bytes(1, 64);
const boxSchema = bytes(1, 6_000);
const sealedSchema = v.variant('type', [
  v.object({ type: v.literal('credentials'), credentials: credentialsSchema }),
  v.object({ type: v.literal('welcome') }),
  v.object({ type: v.literal('refusal'), ...refusalSchema.entries }),
]);

/** How a side introduces itself: before anything is proven, so nothing in it is to be kept from strangers or believed. */
export interface Hello {
  readonly protocol: 'quorate';
  /** A client has an id of its own making, no journal, and does not listen. */
  readonly kind: 'node' | 'client';
  readonly node: string;
  /** The cluster's name; a client may leave it open. */
  readonly cluster?: string | undefined;
  /** The node that the dialling side wants to reach. */
  readonly expects?: string | undefined;
  /** A random number of this connection alone; left out by versions that know none. */
  readonly nonce?: Uint8Array | undefined;
  /**
   * What the two sides will prove to each other: that they hold the secret of the cluster's nodes, that of its clients, or
   * nothing. The dialling side proposes it, the other one answers with the same, or refuses.
   */
  readonly proof: ProofKind;
  /**
   * The name of the token that a client will prove in place of the secret of clients. A node of an earlier release, which
   * knows of none, takes the proof for one of that secret, and refuses it.
   */
  readonly token?: string | undefined;
  /** The secure channel that carries this connection. */
  readonly security: 'none' | 'tls';
  /** The versions of the protocol that this side speaks, both ends included. */
  readonly versions: { readonly min: number; readonly max: number };
}

export type ProofKind = 'peer' | 'client' | 'none';

/** What is said under a seal, by a side that the other one knows to hold the secret. */
export type Sealed = v.InferOutput<typeof sealedSchema>;

/** What a frame holds. */
export type Incoming =
  | { readonly kind: 'envelope'; readonly envelope: Envelope }
  | { readonly kind: 'hello'; readonly hello: Hello }
  | { readonly kind: 'refusal'; readonly code: RefusalCode; readonly reason: string }
  | { readonly kind: 'proof'; readonly proof: Uint8Array; readonly sealed: Uint8Array | undefined }
  | { readonly kind: 'sealed'; readonly sealed: Uint8Array }
  | { readonly kind: 'absent'; readonly address: Address; readonly count: number }
  | { readonly kind: 'ping' }
  | { readonly kind: 'pong' };

/** @throws whatever the encoder throws for what has no form in MessagePack */
export const envelopeFrame = ({ from, to, message, position }: Envelope): Uint8Array =>
  encodeFrame(position === undefined ? [envelopeKind, from, to, message] : [envelopeKind, from, to, message, position]);
export const helloFrame = (hello: Hello): Uint8Array => encodeFrame([helloKind, hello]);
export const refusalFrame = (code: RefusalCode, reason: string): Uint8Array =>
  encodeFrame([refusalKind, { code, reason: reason.slice(0, 2_000) }]);
export const absentFrame = (address: Address, count: number): Uint8Array => encodeFrame([absentKind, address, count]);
export const proofFrame = (proof: Uint8Array, sealed?: Uint8Array): Uint8Array =>
  encodeFrame(sealed === undefined ? [proofKind, proof] : [proofKind, proof, sealed]);
export const sealedFrame = (sealed: Uint8Array): Uint8Array => encodeFrame([sealedKind, sealed]);
export const pingFrame = (): Uint8Array => encodeFrame([pingKind]);
export const pongFrame = (): Uint8Array => encodeFrame([pongKind]);

const ping: Incoming = { kind: 'ping' };
const pong: Incoming = { kind: 'pong' };

/** Makes sense of a decoded payload. @throws MalformedFrameError */
export function parsePayload(payload: unknown): Incoming {
  if (!Array.isArray(payload)) throw malformed('an array', payload);
  const [kind, first, second, third, fourth]: unknown[] = payload;
  switch (kind) {
    case envelopeKind:
      if (!isAddressSeenBefore(first)) throw malformed('the address of a sender', first);
      if (!isAddressSeenBefore(second)) throw malformed('the address of a receiver', second);
      if (!isMessage(third)) throw malformed('a message with a type', third);
      if (fourth === undefined) return { kind: 'envelope', envelope: { from: first, to: second, message: third } };
      if (!isPosition(fourth)) throw malformed('the position of a journal', fourth);
      return { kind: 'envelope', envelope: { from: first, to: second, message: third, position: fourth } };
    case helloKind:
      return { kind: 'hello', hello: parse(helloSchema, first, 'an introduction') };
    case refusalKind:
      return { kind: 'refusal', ...parse(refusalSchema, first, 'a refusal') };
    case absentKind:
      if (!isAddressSeenBefore(first)) throw malformed('an address', first);
      return { kind: 'absent', address: first, count: parse(countSchema, second, 'a count') };
    case proofKind: {
      const sealed = second === undefined ? undefined : parse(boxSchema, second, 'a sealed text');
      return { kind: 'proof', proof: parse(proofSchema, first, 'a proof'), sealed };
    }
    case sealedKind:
      return { kind: 'sealed', sealed: parse(boxSchema, first, 'a sealed text') };
    case pingKind:
      return ping;
    case pongKind:
      return pong;
    default:
      throw malformed('a known kind of frame', kind);
  }
}

/** Turns what is to be sealed into bytes, and back. */
export const encodeSealed = (content: Sealed): Uint8Array => payloadOf(encodeFrame(content));
/** @throws MalformedFrameError */
export const decodeSealed = (content: Uint8Array): Sealed =>
  parse(sealedSchema, decodePayload(content, 0, content.length), 'credentials, a welcome or a refusal');

function parse<const S extends v.GenericSchema>(schema: S, value: unknown, what: string): v.InferOutput<S> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new MalformedFrameError(`expected ${what}: ${v.getDotPath(issue) ?? 'value'}: ${issue.message}`);
}

const malformed = (expected: string, got: unknown): MalformedFrameError =>
  new MalformedFrameError(
    `expected ${expected}, got ${typeof got === 'string' ? `'${got.slice(0, 100)}'` : got === null ? 'null' : typeof got}`,
  );

function isMessage(value: unknown): value is Tagged {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.getPrototypeOf(value) === Object.prototype &&
    'type' in value &&
    typeof value.type === 'string'
  );
}

const isPosition = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

/** Few addresses make up nearly all traffic, and reading one is far dearer than looking it up. */
const seenLimit = 4_096;
const seen = new Set<string>();
function isAddressSeenBefore(value: unknown): value is Address {
  if (typeof value !== 'string') return false;
  if (seen.has(value)) return true;
  if (!isAddress(value)) return false;
  if (value.length <= 256) {
    if (seen.size >= seenLimit) seen.clear();
    seen.add(value);
  }
  return true;
}
