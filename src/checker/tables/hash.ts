/** The hash of the checker's tables. It decides speed alone: every table compares the whole of what it stores. */

/** Mixes one more word into a hash. */
export const mixed = (hash: number, word: number): number => {
  const product = Math.imul(hash ^ word, 0x9e3779b1);
  return product ^ (product >>> 15);
};

/** Spreads a hash over all its bits. */
export const finished = (hash: number): number => {
  const product = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (product ^ (product >>> 13)) >>> 0;
};
