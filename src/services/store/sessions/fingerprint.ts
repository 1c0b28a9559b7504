/** Fingerprints of commands. */

/**
 * Tells commands apart that came under one idempotency key: their length and two multiplicative hashes in the manner of
 * FNV-1a, 64 bits in all. It guards against mistakes, not against a client that looks for a collision in its own keys.
 */
export function fingerprintOf(command: Uint8Array): string {
  let a = 0x811c9dc5;
  let b = 0x9e3779b9;
  for (const byte of command) {
    a = Math.imul(a ^ byte, 0x01000193);
    b = Math.imul(b ^ byte, 0x85ebca6b);
    b ^= b >>> 15;
  }
  return `${command.length}-${(a >>> 0).toString(36)}-${(b >>> 0).toString(36)}`;
}
