/**
 * What waits to be written to one connection. All frames of one turn of the clock's queue leave in one write, and one
 * write is under way at a time, so that what a peer which stops reading can cost is what the limits say.
 */

import type { Writable } from 'node:stream';
import type { Clock } from '../../environment/clock.ts';

export interface OutgoingLimits {
  /** Envelopes that may wait for one peer. */
  readonly queueLimit: number;
  /** Bytes that may wait for one peer. */
  readonly queueLimitBytes: number;
}

/** The frames that wait for one peer. */
export interface Outgoing {
  /** Takes an envelope's frame. @returns false when it was dropped, because too much waits already */
  offer(frame: Uint8Array): boolean;
  /** Takes a frame of the protocol itself; it overtakes envelopes. Dropped when very many of them wait. */
  offerControl(frame: Uint8Array): void;
  /** Writes what waits, as far as the peer takes it, without waiting for the end of the turn. */
  flush(): void;
  /** Calls `run` once nothing waits any more. */
  whenEmpty(run: () => void): void;
  /** Bytes of envelopes that wait, or are being written. */
  readonly backlogBytes: number;
  /** How many envelopes these are. */
  readonly backlogFrames: number;
  /** Bytes of envelopes that the peer's side has taken so far. */
  readonly takenBytes: number;
  /** Lets go of everything. @returns the number of envelopes that were not taken over from here */
  abandon(): number;
}

/** One write carries about this much, so that it does not need one huge buffer. */
const writeBytes = 256 * 1_024;
const controlLimit = 1_000;

/** @param onTaken called when the peer's side has taken what was written last */
export function createOutgoing(
  socket: Writable,
  clock: Clock,
  limits: OutgoingLimits,
  onTaken: () => void = () => {},
): Outgoing {
  let control: Uint8Array[] = [];
  let envelopes: Uint8Array[] = [];
  let waitingBytes = 0;
  let writingEnvelopes = 0;
  let writingBytes = 0;
  let takenBytes = 0;
  let writing = false;
  let scheduled = false;
  let abandoned = false;
  let onEmpty: (() => void) | undefined;

  const nextBatch = (): Uint8Array[] => {
    const batch = control;
    control = [];
    let bytes = 0;
    let count = 0;
    for (const frame of envelopes) {
      if (count > 0 && bytes + frame.length > writeBytes) break;
      bytes += frame.length;
      count += 1;
    }
    writingEnvelopes = count;
    writingBytes = bytes;
    waitingBytes -= bytes;
    const taken = count === envelopes.length ? envelopes : envelopes.splice(0, count);
    if (taken === envelopes) envelopes = [];
    return batch.length === 0 ? taken : [...batch, ...taken];
  };
  const written = (error?: Error | null): void => {
    // The connection is over; what was under way counts as lost, with what still waits.
    if (error) return;
    writing = false;
    const hasCarried = writingEnvelopes > 0;
    writingEnvelopes = 0;
    takenBytes += writingBytes;
    writingBytes = 0;
    flush();
    if (hasCarried) onTaken();
  };
  const flush = (): void => {
    if (writing || abandoned) return;
    if (control.length + envelopes.length === 0) {
      const run = onEmpty;
      onEmpty = undefined;
      run?.();
      return;
    }
    writing = true;
    const batch = nextBatch();
    const [only] = batch;
    socket.write(batch.length === 1 && only !== undefined ? only : Buffer.concat(batch), written);
  };
  const schedule = (): void => {
    if (scheduled || writing) return;
    scheduled = true;
    clock.enqueue(() => {
      scheduled = false;
      flush();
    });
  };

  return {
    offer(frame) {
      const count = envelopes.length + writingEnvelopes;
      const full = count >= limits.queueLimit || waitingBytes + writingBytes + frame.length > limits.queueLimitBytes;
      if (abandoned || full) return false;
      envelopes.push(frame);
      waitingBytes += frame.length;
      schedule();
      return true;
    },
    offerControl(frame) {
      if (abandoned || control.length >= controlLimit) return;
      control.push(frame);
      schedule();
    },
    flush,
    whenEmpty(run) {
      onEmpty = run;
      flush();
    },
    get backlogBytes() {
      return abandoned ? 0 : waitingBytes + writingBytes;
    },
    get backlogFrames() {
      return abandoned ? 0 : envelopes.length + writingEnvelopes;
    },
    get takenBytes() {
      return takenBytes;
    },
    abandon() {
      abandoned = true;
      const count = envelopes.length + writingEnvelopes;
      control = [];
      envelopes = [];
      onEmpty = undefined;
      return count;
    },
  };
}
