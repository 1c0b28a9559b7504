/** What stops a server of a Multi-Paxos log on purpose. */

import { QuorateError } from '../../actor/errors.ts';

/** A set of voters that this server cannot start with. */
export class PaxosBootstrapError extends QuorateError {
  readonly code = 'PAXOS_BOOTSTRAP';
}

/**
 * Something that Paxos rules out has happened: two proposers of one ballot, or a chosen slot that another value was
 * proposed in. The server must not go on; its peers do.
 */
export class PaxosInvariantError extends QuorateError {
  readonly code = 'PAXOS_INVARIANT';
}
