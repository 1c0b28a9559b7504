/**
 * What an application replicates: a state machine that every node runs over the same commands in the same order. It
 * must be deterministic: the same commands give the same state and the same results on every node and in every life,
 * so it reads no clock, draws no random numbers, and knows its limits as constants of its code, not as options.
 */

/** Where in the history of the store a command stands. */
export interface Applied {
  /** The index of the log entry that carried the command; several commands may share an entry. */
  readonly index: number;
  /** Counts all requests of the log from 1: greater for each later one, never used twice. */
  readonly revision: number;
}

/**
 * A deterministic state machine. Results, questions and answers are plain data that MessagePack carries, since they
 * travel between nodes and are kept in snapshots.
 */
export interface StateMachine {
  /**
   * Applies a command, synchronously. `command` is only lent: copy what is to be kept. A command that makes no sense is
   * answered by a result that says so; an exception stops the node for good, since the others would throw as well.
   */
  apply(command: Uint8Array, at: Applied): unknown;
  /**
   * Answers a question without changing anything.
   *
   * @throws MalformedRequestError when it does not understand the question
   */
  query?(question: unknown): unknown;
  /**
   * About how many bytes `snapshot` would take. While that is more than the store allows, the leader refuses commands
   * that do not shrink the state; a state machine without it is never full.
   */
  readonly sizeBytes?: number;
  /** Whether `command` only takes away. Asked only while the state is full; without it no command is taken then. */
  shrinks?(command: Uint8Array): boolean;
  /** The whole state, as bytes of which `restore` makes an equal one. */
  snapshot(): Uint8Array;
  /** Replaces the state. @throws UnreadableStateError */
  restore(snapshot: Uint8Array): void;
}
