/** What stops a replica on purpose. */

import { QuorateError } from '../actor/errors.ts';

/** Replicas that a store cannot begin with. */
export class ReplicasError extends QuorateError {
  readonly code = 'REPLICAS';
}

/**
 * Something that the protocol rules out has happened: records with a gap, or a primary that contradicts what is settled.
 * The replica must not go on; its peers do.
 */
export class ReplicaInvariantError extends QuorateError {
  readonly code = 'REPLICA_INVARIANT';
}
