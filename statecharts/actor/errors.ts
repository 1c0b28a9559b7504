/**
 * The root of every error that this project throws on purpose. A code is stable and meant for programs; the message
 * is for people, and says what was expected, what came, and what to do.
 */
export abstract class QuorateError extends Error {
  /** Stable, machine-readable name of the failure, for instance `ACTOR_DEFINITION`. */
  abstract readonly code: string;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A definition that cannot run as it was written. Thrown by `defineActor`, before anything starts. */
export class ActorDefinitionError extends QuorateError {
  readonly code = 'ACTOR_DEFINITION';
}

/** A value that is not plain data where a context, a message or a record is expected. */
export class NotPlainDataError extends QuorateError {
  readonly code = 'NOT_PLAIN_DATA';
}

/** An address that does not read as `node/name/key`. */
export class AddressError extends QuorateError {
  readonly code = 'ADDRESS';
}

/** Data from outside (a wire, a file, an application) that an actor's definition does not allow. */
export class RefusedInputError extends QuorateError {
  readonly code = 'REFUSED_INPUT';
}
