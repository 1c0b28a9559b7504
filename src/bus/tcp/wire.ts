/** What travels in frames: each payload is an array whose first item says what it is. Version 1. */

import * as v from 'valibot';
import { type Address, isAddress, isId, type Tagged } from '../../../statecharts/actor.ts';
import type { Envelope, RefusalCode } from '../bus.ts';
import { MalformedFrameError } from '../errors.ts';
import { encodeFrame } from './frames.ts';

const envelopeKind = 0;
const helloKind = 1;
const refusalKind = 2;
const absentKind = 3;
const pingKind = 4;
const pongKind = 5;

const refusalCodes = [
  'other-cluster',
  'own-node-id',
  'unexpected-node',
  'node-id-taken',
  'disjoint-versions',
  'journal-lost',
] as const satisfies readonly RefusalCode[];

const id = v.pipe(v.string(), v.check(isId, 'expected 1 to 64 letters, digits, dots, dashes and underscores'));
const name = v.pipe(v.string(), v.maxLength(256));
const version = v.pipe(v.number(), v.integer(), v.minValue(1));

/** Members that a later version adds are ignored by this one. */
const helloSchema = v.object({
  protocol: v.literal('quorate'),
  kind: v.picklist(['node', 'client']),
  node: id,
  cluster: v.optional(name),
  expects: v.optional(id),
  journalId: v.optional(name),
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

/** How a side introduces itself. */
export interface Hello {
  readonly protocol: 'quorate';
  /** A client has an id of its own making, no journal, and does not listen. */
  readonly kind: 'node' | 'client';
  readonly node: string;
  /** The cluster's name; a client may leave it open. */
  readonly cluster?: string | undefined;
  /** The node that the dialling side wants to reach. */
  readonly expects?: string | undefined;
  /** The random id of the node's journal. */
  readonly journalId?: string | undefined;
  /** The versions of the protocol that this side speaks, both ends included. */
  readonly versions: { readonly min: number; readonly max: number };
}

/** What a frame holds. */
export type Incoming =
  | { readonly kind: 'envelope'; readonly envelope: Envelope }
  | { readonly kind: 'hello'; readonly hello: Hello }
  | { readonly kind: 'refusal'; readonly code: RefusalCode; readonly reason: string }
  | { readonly kind: 'absent'; readonly address: Address; readonly count: number }
  | { readonly kind: 'ping' }
  | { readonly kind: 'pong' };

/** @throws whatever the encoder throws for what has no form in MessagePack */
export const envelopeFrame = ({ from, to, message }: Envelope): Uint8Array =>
  encodeFrame([envelopeKind, from, to, message]);
export const helloFrame = (hello: Hello): Uint8Array => encodeFrame([helloKind, hello]);
export const refusalFrame = (code: RefusalCode, reason: string): Uint8Array =>
  encodeFrame([refusalKind, { code, reason: reason.slice(0, 2_000) }]);
export const absentFrame = (address: Address, count: number): Uint8Array => encodeFrame([absentKind, address, count]);
export const pingFrame = (): Uint8Array => encodeFrame([pingKind]);
export const pongFrame = (): Uint8Array => encodeFrame([pongKind]);

const ping: Incoming = { kind: 'ping' };
const pong: Incoming = { kind: 'pong' };

/** Makes sense of a decoded payload. @throws MalformedFrameError */
export function parsePayload(payload: unknown): Incoming {
  if (!Array.isArray(payload)) throw malformed('an array', payload);
  const [kind, first, second, third]: unknown[] = payload;
  switch (kind) {
    case envelopeKind:
      if (!isAddressSeenBefore(first)) throw malformed('the address of a sender', first);
      if (!isAddressSeenBefore(second)) throw malformed('the address of a receiver', second);
      if (!isMessage(third)) throw malformed('a message with a type', third);
      return { kind: 'envelope', envelope: { from: first, to: second, message: third } };
    case helloKind:
      return { kind: 'hello', hello: parse(helloSchema, first, 'an introduction') };
    case refusalKind:
      return { kind: 'refusal', ...parse(refusalSchema, first, 'a refusal') };
    case absentKind:
      if (!isAddressSeenBefore(first)) throw malformed('an address', first);
      return { kind: 'absent', address: first, count: parse(countSchema, second, 'a count') };
    case pingKind:
      return ping;
    case pongKind:
      return pong;
    default:
      throw malformed('a known kind of frame', kind);
  }
}

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
