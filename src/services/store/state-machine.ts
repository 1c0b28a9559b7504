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
  /**
   * The time of the log, in milliseconds: it goes on by what the clocks of its leaders measured, and stands still while none
   * leads. So no less time has passed between two commands than it says, but for the drift of a leader's clock.
   */
  readonly timeMs: number;
  /** Whose request it is, where it has a session: the same for all of one client. It is a secret of that client. */
  readonly session?: number;
}

/** Answers a question once there is something to tell, or nothing has come until the asker's time is over. */
export abstract class LaterAnswer<Answer = unknown> {
  /** Calls `due` once, as soon as there may be something to tell. @returns calls that off */
  abstract wait(due: () => void): () => void;
  /** The answer as of now, which may be that there is nothing. Never while a command is being applied. */
  abstract now(): Answer;
}

/** What every state machine does, however it gives its state away. */
interface Machine {
  /**
   * Applies a command, synchronously. `command` is only lent: copy what is to be kept. A command that makes no sense is
   * answered by a result that says so; an exception stops the node for good, since the others would throw as well.
   */
  apply(command: Uint8Array, at: Applied): unknown;
  /**
   * Answers a question without changing anything. What has no answer yet is answered by a `LaterAnswer`.
   *
   * @throws MalformedRequestError when it does not understand the question
   */
  query?(question: unknown): unknown;
  /** The time of the log at which `tick` is due; undefined while nothing is. */
  readonly dueAtMs?: number | undefined;
  /** Does what is due by now, or some of it. It comes through the log, as commands do, from a leader that found it due. */
  tick?(at: Applied): void;
  /**
   * How many bytes the state takes, by whatever measure. The leader refuses commands that would take it beyond what the store
   * allows; a state machine without it is never full.
   */
  readonly sizeBytes?: number;
  /**
   * A hash of the state, by which nodes compare theirs: an integer from 0 to 2^53 - 1, which follows from the state alone, not
   * from what led to it. It is asked for after each entry, so it must be quick. Without it, states are not compared.
   */
  readonly stateHash?: number;
  /**
   * By how many bytes `sizeBytes` would grow if `command` were applied now: none, or less, where it does not. Asked only
   * near the limit. It may be at most `mostGrowthBytes`; without it, it is taken for that.
   */
  growthBytes?(command: Uint8Array): number;
  /** The same whatever the state, and quickly. Without it, it is taken for the length of the command and 32. */
  mostGrowthBytes?(command: Uint8Array): number;
}

/**
 * A deterministic state machine whose snapshot is one value. Results, questions and answers are plain data that
 * MessagePack carries, since they travel between nodes and are kept in snapshots. `snapshot` and `restore` each run in
 * one turn, during which the node answers no client: a state that may outgrow some mebibytes wants a
 * `SlicedStateMachine`, and one beyond `wholeStateLimitBytes` stops its node.
 */
export interface StateMachine extends Machine {
  /** The whole state, as bytes of which `restore` makes an equal one. */
  snapshot(): Uint8Array;
  /** Replaces the state. @throws UnreadableStateError */
  restore(snapshot: Uint8Array): void;
}

/** A deterministic state machine that gives its state away in slices, while commands go on. */
export interface SlicedStateMachine extends Machine {
  /** The state as of now. A view that was not at its end is released by this. */
  view(): StateView;
  /** Begins to replace the state, which is empty from now on; no command comes before the end. */
  restoring(): StateRestoration;
}

/** A state as of some moment, whatever has been applied since. */
export interface StateView {
  /**
   * The next part, about `sizeBytes` long, or more where a single value is; `restoring` takes the parts in their order.
   * Takes no longer than so many bytes need.
   *
   * @returns undefined at the end
   */
  next(sizeBytes: number): Uint8Array | undefined;
  /** Nothing more is asked: what changes need not be remembered any longer. Idempotent. */
  release(): void;
}

/** A state in the making. */
export interface StateRestoration {
  /** Takes the next part; it is only lent. @throws UnreadableStateError */
  take(part: Uint8Array): void;
  /** All parts were taken. @throws UnreadableStateError when something is missing */
  finish(): void;
}
