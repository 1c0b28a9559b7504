/** What becomes of the bytes that a server says: they go on to the client at once, or are held until they are confirmed. */

import type { Socket } from 'node:net';

/** The way of replies from a server to one client. */
export interface Replies {
  /** Where the next bytes are read into. */
  readonly buffer: Buffer;
  /** Bytes that are neither taken by the client's system nor thrown away. */
  readonly heldBytes: number;
  /** Takes `sizeBytes` from the buffer's beginning. @returns false to read no more until these replies ask for it */
  take(sizeBytes: number): boolean;
  /** The server has said all; the client's side ends after it. */
  end(): void;
  /** The client takes more again. */
  drained(): void;
  /** The connection is over. */
  discard(): void;
}

const bufferBytes = 16 * 1024;

/** Replies that go on as they come. */
export class PassedReplies implements Replies {
  static of = (client: Socket, { resume }: { readonly resume: () => void }): Replies =>
    new PassedReplies(client, resume);
  #buffer = Buffer.allocUnsafeSlow(bufferBytes);
  readonly #client: Socket;
  readonly #resume: () => void;

  /** @param resume reads the server again */
  constructor(client: Socket, resume: () => void) {
    this.#client = client;
    this.#resume = resume;
  }

  get buffer(): Buffer {
    return this.#buffer;
  }

  get heldBytes(): number {
    return this.#client.writableLength;
  }

  take(sizeBytes: number): boolean {
    const isTaken = this.#client.write(this.#buffer.subarray(0, sizeBytes));
    // What the system did not take at once is still written from this buffer; the next bytes need another one.
    if (this.#client.writableLength > 0) this.#buffer = Buffer.allocUnsafeSlow(bufferBytes);
    return isTaken;
  }

  end(): void {
    this.#client.end();
  }

  drained(): void {
    this.#resume();
  }

  discard(): void {}
}
