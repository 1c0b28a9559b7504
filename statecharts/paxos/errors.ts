/** What Paxos refuses by name. */

import { QuorateError } from '../actor/errors.ts';

/** Why acceptors cannot decide together. */
export type AcceptorsFault =
  /** There are none. */
  | 'none'
  /** One is named twice, and would be counted twice. */
  | 'named-twice'
  /** There are more than `maxAcceptors`. */
  | 'too-many'
  /** A quorum of that size is no group of theirs. */
  | 'no-such-quorum'
  /** A quorum of phase 1 and one of phase 2 need not share an acceptor, so that two values could be chosen. */
  | 'quorums-apart';

/** Acceptors, or quorums of theirs, that cannot keep to one value. */
export class AcceptorsError extends QuorateError {
  readonly code = 'PAXOS_ACCEPTORS';
  readonly reason: AcceptorsFault;

  constructor(reason: AcceptorsFault, message: string) {
    super(message);
    this.reason = reason;
  }
}
