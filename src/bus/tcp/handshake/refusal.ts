/** How a run of the handshake ends early: this side refuses, or was refused. */

import { HandshakeRefusedError, MalformedFrameError } from '../../errors.ts';
import { type Incoming, proofFrame, refusalFrame, sealedFrame } from '../wire.ts';
import type { Verdict } from './credentials.ts';
import { seal } from './seals.ts';
import type { Side, Transcript } from './transcript.ts';

/** What arrived: a frame, and the bytes that it carried. */
export interface Heard {
  readonly frame: Incoming;
  readonly payload: Uint8Array;
}

/** Ends a run: this side refuses, or was refused. */
export class Refusal extends Error {
  /** Who refused, and why. */
  override readonly cause: HandshakeRefusedError;
  /** What the other side is still to be told. */
  readonly frames: readonly Uint8Array[];
  /** Whether the other side had proven who it is. */
  readonly isProven: boolean;

  constructor(cause: HandshakeRefusedError, frames: readonly Uint8Array[], isProven: boolean) {
    super(cause.message);
    this.cause = cause;
    this.frames = frames;
    this.isProven = isProven;
  }
}

/** @throws Refusal */
export function refuse({ code, reason }: Verdict): never {
  throw new Refusal(new HandshakeRefusedError(code, 'this-node', reason), [refusalFrame(code, reason)], false);
}

/**
 * @param proof goes with it when this side has still to prove itself
 * @throws Refusal
 */
export function refuseSealed(transcript: Transcript, side: Side, { code, reason }: Verdict, proof?: Uint8Array): never {
  const sealed = seal(transcript, side, { type: 'refusal', code, reason });
  const frame = proof === undefined ? sealedFrame(sealed) : proofFrame(proof, sealed);
  throw new Refusal(new HandshakeRefusedError(code, 'this-node', reason), [frame], true);
}

/**
 * What is thrown when the other side said that it refuses.
 *
 * @param isProven whether it said so under its seal
 */
export const refusedByPeer = ({ code, reason }: Verdict, isProven: boolean): Refusal =>
  new Refusal(new HandshakeRefusedError(code, 'peer', reason), [], isProven);

/**
 * What arrived, when it is of a kind.
 *
 * @throws Refusal when it is one; MalformedFrameError when it is something else
 */
export function expect<Kind extends 'hello' | 'proof' | 'sealed'>(
  kind: Kind,
  { frame }: Heard,
): Extract<Incoming, { kind: Kind }> {
  if (isOfKind(frame, kind)) return frame;
  // Any server that can be connected to can say this: a lost journal, for which nodes stop, counts only from a proven peer.
  if (frame.kind === 'refusal' && frame.code !== 'journal-lost') {
    throw refusedByPeer(frame, false);
  }
  const what = { hello: 'an introduction', proof: 'a proof', sealed: 'something sealed' }[kind];
  throw new MalformedFrameError(`expected ${what} in the handshake, got a frame of kind ${frame.kind}`);
}
const isOfKind = <Kind extends Incoming['kind']>(
  frame: Incoming,
  kind: Kind,
): frame is Extract<Incoming, { kind: Kind }> => frame.kind === kind;
