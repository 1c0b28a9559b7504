/**
 * Ids of transactions. An id says by whose journal it was given out, in which life of the manager and as which one, and
 * where its decision is made; so that whoever finds it in a database knows whom to ask, and its own manager can tell
 * what it never gave out, and what it has forgotten.
 */

/**
 * Where the decision of a transaction may be made, which its id fixes before its first statement: `journal`: in the
 * manager's journal, or by a single branch that commits in one phase; `last`: likewise, or by the last resource;
 * `register`: in a decision register; `acceptors`: with acceptors.
 */
export type DecisionKind = 'journal' | 'last' | 'register' | 'acceptors';

/** What an id says. */
export interface TransactionIdParts {
  readonly kind: DecisionKind;
  /** Which acceptors, where these decide; see `acceptorsDigest`. */
  readonly acceptors?: string;
  /** The beginning of the id of the journal whose manager gave it out. */
  readonly origin: string;
  /** Lives of that manager are counted from 1. */
  readonly incarnation: number;
  /** Transactions of a life are counted from 1. */
  readonly sequence: number;
}

/** A place in the order in which a manager gave out ids. */
export type Order = Pick<TransactionIdParts, 'incarnation' | 'sequence'>;

const letters = { journal: 'j', last: 'l', register: 'r', acceptors: 'p' } as const;
const kinds: Readonly<Record<string, DecisionKind>> = { j: 'journal', l: 'last', r: 'register', p: 'acceptors' };
const originLength = 12;
const digestLength = 5;
const pattern = /^(?:([jlr])|(p)([0-9a-z]{5}))\.([A-Za-z0-9_-]{1,12})\.([0-9a-z]{1,8})\.([0-9a-z]{1,10})$/;

/** What the ids of a manager carry of its journal's id. */
export const originOf = (journalId: string): string => journalId.slice(0, originLength);

/**
 * What tells sets of acceptors apart, whatever their order: 5 characters, so that a manager that was given others by
 * mistake does not ask those. (FNV-1a of 32 bits.)
 */
export function acceptorsDigest(nodes: readonly string[]): string {
  let hash = 0x811c9dc5;
  for (const character of [...nodes].sort().join(' ')) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return (hash % 36 ** digestLength).toString(36).padStart(digestLength, '0');
}

/** At most 39 characters of `A-Za-z0-9_.-`. */
export const transactionIdOf = ({ kind, acceptors = '', origin, incarnation, sequence }: TransactionIdParts): string =>
  `${letters[kind]}${acceptors}.${origin}.${incarnation.toString(36)}.${sequence.toString(36)}`;

/** Reads an id; undefined for what is none. */
export function partsOfTransactionId(id: string): TransactionIdParts | undefined {
  const [, letter, p = '', acceptors, origin = '', incarnation = '', sequence = ''] = pattern.exec(id) ?? [];
  const kind = kinds[letter ?? p];
  if (kind === undefined) return undefined;
  const order = { incarnation: Number.parseInt(incarnation, 36), sequence: Number.parseInt(sequence, 36) };
  return { kind, ...(acceptors === undefined ? {} : { acceptors }), origin, ...order };
}

/** Negative when `a` was given out before `b`. */
export const compareOrder = (a: Order, b: Order): number => a.incarnation - b.incarnation || a.sequence - b.sequence;
