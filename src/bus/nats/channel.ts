/**
 * A stream of bytes between two ends that speak over NATS; to its owner it is what a socket is. NATS itself holds nobody
 * back: so that a slow receiver costs bounded memory, here and in the server, no more is under way than it has granted.
 */

import { Duplex } from 'node:stream';
import { ConnectionError, MalformedFrameError } from '../errors.ts';
import type { Channel } from '../tcp/connection.ts';
import { type ChannelKind, countBytes, countIn } from './wire.ts';

/** Bytes that may be under way in one direction of a channel. */
export const windowBytes = 1_024 * 1_024;

const nothing = new Uint8Array();

/** How the channel reaches its other end. */
export interface Line {
  /** The largest payload, in bytes. */
  readonly partBytes: number;
  post(kind: ChannelKind, payload: Uint8Array): void;
}

interface Waiting {
  readonly bytes: Uint8Array;
  readonly done: () => void;
}

export class NatsChannel extends Duplex implements Channel {
  readonly #onGone: () => void;
  #line: Line | undefined;
  #waiting: Waiting | undefined;
  #sentBytes = 0;
  #grantedBytes = windowBytes;
  #receivedBytes = 0;
  #toldBytes = 0;
  #isClosedByPeer = false;

  /** @param onGone called once, when it is over */
  constructor(onGone: () => void) {
    super({ allowHalfOpen: false, readableHighWaterMark: windowBytes });
    this.#onGone = onGone;
  }

  get connecting(): boolean {
    return this.#line === undefined;
  }

  /** The other end has answered, or called. */
  opened(line: Line): void {
    this.#line = line;
    this.emit('connect');
    this.#pump();
  }

  /** Takes in what the other end has said, in order. */
  receive(kind: ChannelKind, payload: Uint8Array): void {
    if (this.destroyed) return;
    switch (kind) {
      case 'data':
        this.#take(payload);
        break;
      case 'credit':
        this.#credit(countIn(payload));
        break;
      case 'end':
        this.push(null);
        break;
      case 'close':
        this.#isClosedByPeer = true;
        this.destroy();
    }
  }

  override _read(): void {
    this.#grant();
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    this.#waiting = { bytes: chunk, done };
    this.#pump();
  }

  override _final(done: () => void): void {
    this.#line?.post('end', nothing);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#waiting = undefined;
    if (!this.#isClosedByPeer) this.#line?.post('close', nothing);
    this.#onGone();
    done(error);
  }

  #take(payload: Uint8Array): void {
    this.#receivedBytes += payload.length;
    if (this.#receivedBytes > this.#toldBytes + windowBytes) {
      this.destroy(
        new ConnectionError(`expected at most ${windowBytes} bytes under way, got more; closed the channel`),
      );
      return;
    }
    this.push(payload);
    this.#grant();
  }

  /** Tells the other end what was taken, once that is worth a message. */
  #grant(): void {
    const takenBytes = this.#receivedBytes - this.readableLength;
    if (this.destroyed || takenBytes - this.#toldBytes < windowBytes / 4) return;
    this.#toldBytes = takenBytes;
    this.#line?.post('credit', countBytes(takenBytes));
  }

  #credit(takenBytes: number | undefined): void {
    if (takenBytes === undefined || takenBytes > this.#sentBytes) {
      this.destroy(
        new MalformedFrameError(`expected at most the ${this.#sentBytes} bytes that were sent as taken, got more`),
      );
      return;
    }
    this.#grantedBytes = Math.max(this.#grantedBytes, takenBytes + windowBytes);
    this.#pump();
  }

  /** Sends what waits, as far as it was granted. */
  #pump(): void {
    const line = this.#line;
    while (line !== undefined && this.#waiting !== undefined && !this.destroyed) {
      const { bytes, done } = this.#waiting;
      const count = Math.min(bytes.length, line.partBytes, this.#grantedBytes - this.#sentBytes);
      if (count === 0) return;
      this.#sentBytes += count;
      this.#waiting = count === bytes.length ? undefined : { bytes: bytes.subarray(count), done };
      line.post('data', bytes.subarray(0, count));
      if (this.#waiting === undefined) done();
    }
  }
}
