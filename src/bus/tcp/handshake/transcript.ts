/**
 * What has been said in a handshake so far, as one running digest, and what a shared key makes of it: proofs and seals. As
 * both depend on every byte that was said before, on the side that makes them and on the kind of session, an answer that
 * was reflected, replayed or taken from another session fits nowhere.
 */

import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** Which of the two sides of a connection. */
export type Side = 'dialled' | 'accepted';

/** Bytes of a proof. */
export const proofBytes = 32;

export interface Transcript {
  /** Takes note of what was said. Both sides must say this of the same bytes in the same order. */
  add(said: Uint8Array): void;
  /** What proves that `side` holds the key: HMAC-SHA-256 over what was said. */
  proofOf(side: Side): Uint8Array;
  /** Whether `proof` is that of `side`; takes the same time wherever it differs. */
  isProofOf(side: Side, proof: Uint8Array): boolean;
  /** Encrypts and authenticates what `side` says now (AES-256-GCM). Add it afterwards: no key is used twice. */
  seal(side: Side, content: Uint8Array): Uint8Array;
  /** What `side` has sealed; undefined when it was not sealed by that side at this point with this key. */
  unseal(side: Side, sealed: Uint8Array): Uint8Array | undefined;
}

const hash = (...parts: readonly Uint8Array[]): Uint8Array => {
  const digest = createHash('sha256');
  for (const part of parts) digest.update(part);
  return digest.digest();
};
const tagBytes = 16;

/**
 * @param key shared by both sides, 32 bytes
 * @param use what is being opened; proofs for one use are none for another
 * @param channelBinding what is particular to the secure channel below, by which a relay between two such channels is noticed
 *   (RFC 9266); empty where there is none
 */
export function createTranscript(key: Uint8Array, use: string, channelBinding: Uint8Array): Transcript {
  let digest = hash(Buffer.from(`quorate handshake 2 for ${use}\0`), channelBinding);

  const proofOf = (side: Side): Uint8Array =>
    createHmac('sha256', key).update(`proof of ${side}\0`).update(digest).digest();
  const keysOf = (side: Side): { readonly key: Uint8Array; readonly iv: Uint8Array } => {
    const bytes = new Uint8Array(hkdfSync('sha256', key, digest, `seal of ${side}`, 44));
    return { key: bytes.subarray(0, 32), iv: bytes.subarray(32) };
  };
  return {
    add(said) {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(said.length);
      digest = hash(digest, length, said);
    },
    proofOf,
    isProofOf: (side, proof) => proof.length === proofBytes && timingSafeEqual(proof, proofOf(side)),
    seal(side, content) {
      const keys = keysOf(side);
      const cipher = createCipheriv('aes-256-gcm', keys.key, keys.iv);
      return Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()]);
    },
    unseal(side, sealed) {
      if (sealed.length < tagBytes) return undefined;
      const keys = keysOf(side);
      const decipher = createDecipheriv('aes-256-gcm', keys.key, keys.iv, { authTagLength: tagBytes });
      decipher.setAuthTag(sealed.subarray(-tagBytes));
      try {
        return new Uint8Array(Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()]));
      } catch {
        return undefined;
      }
    },
  };
}
