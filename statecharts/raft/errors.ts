/** What stops a Raft server on purpose. */

import { QuorateError } from '../actor/errors.ts';

/** A voter set that this server cannot start with. */
export class RaftBootstrapError extends QuorateError {
  readonly code = 'RAFT_BOOTSTRAP';
}

/**
 * Something that Raft rules out has happened: records with a gap, or a leader that contradicts a committed entry. The
 * server must not go on; its peers do.
 */
export class RaftInvariantError extends QuorateError {
  readonly code = 'RAFT_INVARIANT';
}
