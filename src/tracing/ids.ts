/**
 * Ids of traces. They are derived from names that all nodes know already, so that each node tells its part of the same
 * trace, and takes the same share of them, without a word more on the wire.
 */

/** What names a replicated command. */
export interface CommandTraceName {
  /** Of the store. */
  readonly key: string;
  /** Where it stands in the log. */
  readonly index: number;
  /** Who put it there: with Raft the term, with primary-backup the epoch, with Paxos `ROUND of ADDRESS`. */
  readonly token: string | number;
}

/** The trace of a command: 32 hexadecimal digits. */
export const commandTraceId = (name: CommandTraceName): string => digest(commandSubject(name), 4);

/** The trace of a transaction: 32 hexadecimal digits. */
export const transactionTraceId = (transaction: string): string => digest(transactionSubject(transaction), 4);

export const commandSubject = ({ key, index, token }: CommandTraceName): string => `command ${key} ${index} ${token}`;
export const transactionSubject = (transaction: string): string => `transaction ${transaction}`;

export const traceIdOf = (subject: string): string => digest(subject, 4);

/** Of the span that all parts of a trace have as their parent; no node tells it. */
export const originSpanIdOf = (subject: string): string => digest(`origin ${subject}`, 2);

/** Whether a trace belongs to the share that is told; the same on every node. */
export const isInShare = (traceId: string, share: number): boolean =>
  Number.parseInt(traceId.slice(0, 8), 16) < share * 2 ** 32;

/** So many words of 32 bits: FNV-1a, each from a basis of its own, mixed to the end as MurmurHash3 does. Not for secrets. */
function digest(text: string, words: number): string {
  let digits = '';
  for (let word = 1; word <= words; word += 1) {
    let hash = 0x811c9dc5 ^ Math.imul(word, 0x9e3779b1);
    for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    digits += ((hash ^ (hash >>> 16)) >>> 0).toString(16).padStart(8, '0');
  }
  // All zeros is no id (W3C Trace Context §3.2.2).
  return /[^0]/.test(digits) ? digits : digits.replace(/.$/, '1');
}
