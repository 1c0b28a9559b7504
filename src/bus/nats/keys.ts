/**
 * The keys under which members speak over NATS, where anyone who may publish can write to any subject. What opens a channel
 * is vouched for under a key of the cluster, everything in it under keys of that channel, side and direction (HKDF, RFC
 * 5869, over the random numbers of both sides): what was recorded in one channel proves nothing in another.
 */

import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { type KeyKind, macBytes } from './wire.ts';

/** The keys that one end holds. A client holds that of clients alone. */
export type OpeningKeys = Readonly<Partial<Record<KeyKind, Uint8Array>>>;

/** The keys of a channel, one for each direction. */
export interface ChannelKeys {
  readonly fromDialler: Uint8Array;
  readonly fromAcceptor: Uint8Array;
}

/** What a channel's keys depend on. */
export interface ChannelTerms {
  /** The random number of the side that dialled, which also names the channel. */
  readonly channel: Uint8Array;
  /** The random number of the other side. */
  readonly nonce: Uint8Array;
  /** The subjects of the two sides. */
  readonly dialler: string;
  readonly acceptor: string;
}

const keyBytes = 32;

/** The key that vouches for what opens channels, from one that nodes or clients share. */
export const openingKeyOf = (shared: Uint8Array): Uint8Array => derive(shared, new Uint8Array(), 'opening');

/** @param opening as `openingKeyOf` made it */
export function channelKeysOf(opening: Uint8Array, { channel, nonce, dialler, acceptor }: ChannelTerms): ChannelKeys {
  const salt = Buffer.concat([channel, nonce]);
  const ends = `${dialler} ${acceptor}`;
  return {
    fromDialler: derive(opening, salt, `dialler ${ends}`),
    fromAcceptor: derive(opening, salt, `acceptor ${ends}`),
  };
}

const derive = (key: Uint8Array, salt: Uint8Array, use: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', key, salt, `quorate nats ${use}`, keyBytes));

/** `body`, and the HMAC-SHA-256 over it and the subject that it is published to. */
export const sealed = (key: Uint8Array, subject: string, body: Uint8Array): Uint8Array =>
  Buffer.concat([body, macOf(key, subject, body)]);

/** Whether what was received at `subject` was sealed for it under `key`. */
export function isSealed(key: Uint8Array, subject: string, bytes: Uint8Array): boolean {
  const end = bytes.length - macBytes;
  return end >= 0 && timingSafeEqual(bytes.subarray(end), macOf(key, subject, bytes.subarray(0, end)));
}

/** A subject holds no zero byte, so that none runs into the body. */
const macOf = (key: Uint8Array, subject: string, body: Uint8Array): Uint8Array =>
  createHmac('sha256', key).update(subject).update('\0').update(body).digest();
