/**
 * What is published over NATS, version 1. A byte that says the version, one that says the kind, the 16 bytes that name the
 * channel, what the kind asks for, and a MAC of 32 bytes (`keys.ts`):
 *
 * | kind   | from     | holds                                                                                  |
 * | ------ | -------- | -------------------------------------------------------------------------------------- |
 * | open   | dialler  | by which secret (1 byte), the life of the sender (16 bytes), its id                     |
 * | accept | acceptor | the life of the sender (16 bytes), a random number (16 bytes)                           |
 * | data   | both     | number in this direction (6 bytes), a part of the stream                                |
 * | credit | both     | number in this direction (6 bytes), how many bytes of the stream were taken (6 bytes)   |
 * | end    | both     | number in this direction (6 bytes): no more data follows                                |
 * | close  | both     | number in this direction (6 bytes): the channel is gone                                 |
 *
 * In the stream is what TCP would carry: the handshake of `tcp/handshake.ts`, then frames.
 */

import { isId } from '../../../statecharts/actor.ts';

/** By which secret a channel is opened: that of nodes, or that of clients. */
export type KeyKind = 'peer' | 'client';

/** Bytes of a random number: of the id of a channel, too. */
export const nonceBytes = 16;
export const macBytes = 32;
/** Bytes of a message in a channel besides its payload. */
export const overheadBytes = 2 + nonceBytes + 6 + macBytes;

const version = 1;
const kinds = ['open', 'accept', 'data', 'credit', 'end', 'close'] as const;
const keyKinds = ['peer', 'client'] as const satisfies readonly KeyKind[];
const headBytes = 2 + nonceBytes;

/** What is said in a channel that is open. */
export type ChannelKind = 'data' | 'credit' | 'end' | 'close';

/** What was received, before anything of it is believed. */
export type NatsMessage =
  | {
      readonly kind: 'open';
      readonly channel: Uint8Array;
      readonly keyKind: KeyKind;
      readonly life: Uint8Array;
      readonly from: string;
    }
  | { readonly kind: 'accept'; readonly channel: Uint8Array; readonly life: Uint8Array; readonly nonce: Uint8Array }
  | {
      readonly kind: ChannelKind;
      readonly channel: Uint8Array;
      readonly sequence: number;
      readonly payload: Uint8Array;
    };

/** The bytes of a message, but for its MAC. */
export function encodeMessage(message: NatsMessage): Uint8Array {
  const head = [Uint8Array.of(version, kinds.indexOf(message.kind)), message.channel];
  if (message.kind === 'open') {
    const by = Uint8Array.of(keyKinds.indexOf(message.keyKind));
    return Buffer.concat([...head, by, message.life, Buffer.from(message.from)]);
  }
  if (message.kind === 'accept') return Buffer.concat([...head, message.life, message.nonce]);
  return Buffer.concat([...head, countBytes(message.sequence), message.payload]);
}

/** @returns undefined for what is none */
export function parseMessage(bytes: Uint8Array): NatsMessage | undefined {
  const end = bytes.length - macBytes;
  const kind = kinds[bytes[1] ?? kinds.length];
  if (end < headBytes || bytes[0] !== version || kind === undefined) return undefined;
  const channel = bytes.subarray(2, headBytes);
  const rest = bytes.subarray(headBytes, end);
  if (kind === 'open') {
    const keyKind = keyKinds[rest[0] ?? keyKinds.length];
    const from = Buffer.from(rest.subarray(1 + nonceBytes)).toString('latin1');
    if (keyKind === undefined || !isId(from)) return undefined;
    return { kind, channel, keyKind, life: rest.subarray(1, 1 + nonceBytes), from };
  }
  if (kind === 'accept') {
    if (rest.length !== 2 * nonceBytes) return undefined;
    return { kind, channel, life: rest.subarray(0, nonceBytes), nonce: rest.subarray(nonceBytes) };
  }
  const sequence = countIn(rest.subarray(0, 6));
  return sequence === undefined ? undefined : { kind, channel, sequence, payload: rest.subarray(6) };
}

/** A count as 6 bytes. */
export function countBytes(count: number): Uint8Array {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(count, 0, 6);
  return bytes;
}

/** @returns undefined unless these are 6 bytes */
export const countIn = (bytes: Uint8Array): number | undefined =>
  bytes.length === 6 ? Buffer.from(bytes).readUIntBE(0, 6) : undefined;
