/** What is said under a key: each step is made, or checked, at its place in the transcript, and becomes part of it. */

import { MalformedFrameError } from '../../errors.ts';
import { decodeSealed, encodeSealed, type Sealed } from '../wire.ts';
import type { Side, Transcript } from './transcript.ts';

/** This side's proof. */
export function prove(transcript: Transcript, side: Side): Uint8Array {
  const proof = transcript.proofOf(side);
  transcript.add(proof);
  return proof;
}

/** Whether the other side has proven itself. */
export function isProven(transcript: Transcript, side: Side, proof: Uint8Array): boolean {
  if (!transcript.isProofOf(side, proof)) return false;
  transcript.add(proof);
  return true;
}

/** Seals what this side says. */
export function seal(transcript: Transcript, side: Side, content: Sealed): Uint8Array {
  const sealed = transcript.seal(side, encodeSealed(content));
  transcript.add(sealed);
  return sealed;
}

/** What the other side says under its seal. @throws MalformedFrameError when it is not sealed by that side, here and now */
export function unseal(transcript: Transcript, side: Side, sealed: Uint8Array | undefined): Sealed {
  const content = sealed === undefined ? undefined : transcript.unseal(side, sealed);
  if (sealed === undefined || content === undefined) {
    throw new MalformedFrameError('expected something under the seal of this handshake, got something else');
  }
  transcript.add(sealed);
  return decodeSealed(content);
}
