/** Bounds of what waits at a server of a store, and of what it holds. */

export interface ServerLimits {
  /** Requests that wait, for the log or for a read. Default 100,000. */
  readonly waitingRequests: number;
  /** Questions that wait for something to tell, such as watches. Default 10,000. */
  readonly waitingQuestions: number;
  /** Of them those of one client, so that no client takes the place of all others. Default 2,000. */
  readonly waitingQuestionsOfOne: number;
  /** Bytes of commands that wait for the log. Default 64 MiB. */
  readonly waitingBytes: number;
  /** Bytes of commands that share one entry; a larger one has an entry of its own. Default 64 KiB. */
  readonly entryBytes: number;
  /** Bytes of entries that are proposed, and so written down, at once. Default 1 MiB. */
  readonly proposalBytes: number;
  /**
   * Bytes of the state, beyond which nothing takes it: the leader refuses what would, and what does not grow it goes on. Default 256 MiB, and the same on all nodes. All
   * of it is in memory: of a key-value machine outside of the heap of V8, with some 20 bytes more for each key, and at most
   * half of all that again for what was replaced and not cleaned up yet.
   */
  readonly stateBytes: number;
}

export const defaultServerLimits: ServerLimits = {
  waitingRequests: 100_000,
  waitingQuestions: 10_000,
  waitingQuestionsOfOne: 2_000,
  waitingBytes: 64 * 1_024 * 1_024,
  entryBytes: 64 * 1_024,
  proposalBytes: 1_024 * 1_024,
  stateBytes: 256 * 1_024 * 1_024,
};
