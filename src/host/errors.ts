/** What can go wrong with a node as a whole. */

import { QuorateError } from '../../statecharts/actor.ts';

/** The node has stopped, or is stopping, and takes no more requests. */
export class NodeStoppedError extends QuorateError {
  readonly code = 'NODE_STOPPED';
}

/** Something failed that a node must not survive, such as a flush; it has stopped for good. */
export class NodeFailedError extends QuorateError {
  readonly code = 'NODE_FAILED';
}

/** Too many bytes wait for the disk, or too many actors are alive; nothing was taken and certainly nothing happened. */
export class NodeOverloadedError extends QuorateError {
  readonly code = 'NODE_OVERLOADED';
}

/** The keys of some definitions take all the room that the node gives them; nothing was done. */
export class RoomFullError extends QuorateError {
  readonly code = 'ROOM_FULL';
}

/** An actor was stopped because its chart, or a delay of it, misbehaved. The node goes on without it. */
export class ActorFailedError extends QuorateError {
  readonly code = 'ACTOR_FAILED';
}

/** An address is taken: an actor or an endpoint lives there already. */
export class AddressTakenError extends QuorateError {
  readonly code = 'ADDRESS_TAKEN';
}

/** The journal holds records in a form that this version of the actor does not read. */
export class RecordsVersionError extends QuorateError {
  readonly code = 'RECORDS_VERSION';
}
