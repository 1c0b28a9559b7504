/** What is durable is read and written by its owner alone: it holds all values, and what nodes vouch for each other by. */

/** Of directories. */
export const privateDirectoryMode = 0o700;
/** Of files. */
export const privateFileMode = 0o600;
