/**
 * One connection, from its first byte to its last: cuts what arrives into frames, keeps alive what is idle, notices
 * when the other side is gone, and says exactly once that it is over. What the frames mean is its owner's business.
 */

import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { QuorateError } from '../../../statecharts/actor.ts';
import type { Clock, TimeoutHandle } from '../../environment/clock.ts';
import {
  ConnectionError,
  HandshakeTimeoutError,
  PeerSilentError,
  TruncatedFrameError,
  UntrustedCertificateError,
} from '../errors.ts';
import { createFrameDecoder, decodePayload } from './frames.ts';
import type { TcpLimits, TcpTiming } from './options.ts';
import { createOutgoing, type Outgoing } from './outgoing.ts';
import { type Incoming, parsePayload, pingFrame, pongFrame } from './wire.ts';

/** No frame of a handshake is longer. A side that has not proven itself costs no more than this. */
const handshakeLimitBytes = 8 * 1_024;

/** Frames below this size are so small that what of them has arrived is not counted. */
const largeBytes = 64 * 1_024;

/** A stream of bytes to and from another side: a socket, or what does as one. It emits `connect` once it is no longer connecting. */
export interface Channel extends Duplex {
  readonly connecting: boolean;
}

export interface ConnectionOptions {
  readonly socket: Channel;
  /** The other end, for people. */
  readonly remote: string;
  readonly clock: Clock;
  readonly limits: TcpLimits;
  readonly timing: TcpTiming;
  /**
   * Receives what arrives until the connection is established, with the bytes that it was read from, which may change
   * afterwards. An error that it throws cuts the connection.
   */
  readonly onHandshakeFrame: (frame: Incoming, payload: Uint8Array) => void;
  /** Receives what arrives from then on, without pings and pongs. An error that it throws cuts the connection. */
  readonly onFrame: (frame: Incoming) => void;
  /** Called when more of a large frame has arrived, and not yet its end. */
  readonly onPartial?: () => void;
  /** Called when the other side has taken envelopes that were written. */
  readonly onTaken: () => void;
  /**
   * Called once when the connection is over, for whatever reason.
   *
   * @param error what went wrong; undefined when a side closed it in good order
   * @param lost envelopes that were accepted for sending and not taken over
   */
  readonly onClosed: (error: QuorateError | undefined, lost: number) => void;
}

/** One connection. */
export interface Connection {
  readonly remote: string;
  readonly outgoing: Outgoing;
  /** Bytes of a frame that has begun and not ended. */
  readonly partialBytes: number;
  /** Ends the deadline of the handshake, and begins to watch for silence. */
  established(): void;
  /** Closes at once, because of an error. */
  cut(error: QuorateError): void;
  /** Sends what waits, as far as the other side takes it in time, and closes. */
  end(): void;
  /** Closes at once. */
  abort(): void;
}

export function createConnection(options: ConnectionOptions): Connection {
  const { socket, remote, clock, limits, timing, onHandshakeFrame, onFrame, onClosed } = options;
  const outgoing = createOutgoing(socket, clock, limits, options.onTaken);
  let failure: QuorateError | undefined;
  let established = false;
  let over = false;
  let closed = false;
  let heard = false;
  let silentIntervals = 0;
  let pongWaits = false;
  let reached = !socket.connecting;
  let timeout: TimeoutHandle;

  const cut = (error: QuorateError): void => {
    failure ??= error;
    over = true;
    socket.destroy();
  };
  const pong = (): void => {
    if (pongWaits) return;
    pongWaits = true;
    clock.enqueue(() => {
      pongWaits = false;
      if (!over) outgoing.offerControl(pongFrame());
    });
  };
  const receive = (bytes: Uint8Array, start: number, end: number): boolean => {
    const frame = parsePayload(decodePayload(bytes, start, end));
    // Strangers are owed no answer: what has no place in the handshake is refused there.
    if (!established) onHandshakeFrame(frame, bytes.subarray(start, end));
    else if (frame.kind === 'ping') pong();
    else if (frame.kind !== 'pong') onFrame(frame);
    return !over;
  };
  const decoder = createFrameDecoder(handshakeLimitBytes, receive);

  const watch = (): void => {
    timeout = clock.setTimeout(() => {
      silentIntervals = heard ? 0 : silentIntervals + 1;
      heard = false;
      // Intervals are counted instead of time: after a pause of this process the peer still gets its chance.
      if (silentIntervals * timing.pingIntervalMs >= timing.silenceTimeoutMs) {
        cut(new PeerSilentError(`expected ${remote} to answer within ${timing.silenceTimeoutMs} ms, heard nothing`));
        return;
      }
      outgoing.offerControl(pingFrame());
      watch();
    }, timing.pingIntervalMs);
  };
  timeout = clock.setTimeout(
    () =>
      cut(new HandshakeTimeoutError(`expected ${remote} to introduce itself within ${timing.handshakeTimeoutMs} ms`)),
    timing.handshakeTimeoutMs,
  );

  socket.once('connect', () => {
    reached = true;
  });
  socket.on('data', (chunk) => {
    heard = true;
    if (over) return;
    try {
      // A plain view of the same bytes, because byte strings are to come out as plain `Uint8Array`.
      decoder.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      if (!over && decoder.partialBytes > largeBytes) options.onPartial?.();
    } catch (error) {
      cut(
        error instanceof QuorateError
          ? error
          : new ConnectionError(`could not take in a frame of ${remote}`, { cause: error }),
      );
    }
  });
  socket.on('end', () => {
    if (!over && decoder.partialBytes > 0) {
      cut(new TruncatedFrameError(`expected the rest of a frame from ${remote}, but it closed the connection`));
      return;
    }
    over = true;
    socket.destroy();
  });
  socket.on('error', (error) => {
    if (!over) {
      failure ??=
        (error instanceof QuorateError ? error : untrusted(socket, remote, error)) ??
        new ConnectionError(
          reached
            ? `the connection to ${remote} broke: ${textOfError(error)}`
            : `nobody could be reached at ${remote}: ${textOfError(error)}; check the address, and whether a node runs there`,
          { cause: error },
        );
    }
    over = true;
  });
  socket.on('close', () => {
    if (closed) return;
    closed = true;
    over = true;
    clock.clearTimeout(timeout);
    onClosed(failure, outgoing.abandon());
  });

  return {
    remote,
    outgoing,
    get partialBytes() {
      return over ? 0 : decoder.partialBytes;
    },
    established() {
      established = true;
      decoder.limitBytes = limits.frameLimitBytes;
      clock.clearTimeout(timeout);
      if (!over) watch();
    },
    cut,
    end() {
      if (over) return;
      over = true;
      clock.clearTimeout(timeout);
      timeout = clock.setTimeout(() => socket.destroy(), timing.closeTimeoutMs);
      outgoing.whenEmpty(() => socket.end());
    },
    abort() {
      over = true;
      socket.destroy();
    },
  };
}

/** Why a side that was dialled is not believed; undefined when that is not the matter. */
function untrusted(socket: Channel, remote: string, cause: Error): UntrustedCertificateError | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorizationError) return undefined;
  return new UntrustedCertificateError(
    `expected ${remote} to show a certificate of the cluster's authority, got: ${cause.message}; give both sides certificates of one authority that have neither expired nor been revoked`,
    { cause },
  );
}

/** Node gives no message when it has tried several addresses of one host. */
const textOfError = (error: Error): string =>
  error.message === '' && 'code' in error ? String(error.code) : error.message;
