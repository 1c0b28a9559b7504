/**
 * What an estimator is: the rule by which a detector says how long silence means nothing. It is pure, and what it knows is
 * plain data that stands in the detector's context; an estimator is chosen by data, too (`estimate.ts`).
 *
 * All instants are those of one monotonic clock, the detector's own, in milliseconds. Heartbeat `s` is due to leave
 * `s * intervalMs` after the start, which is what the sequence number says and what no clock of another node has to.
 */

export interface Estimator<Config, State> {
  /** What is known before the first heartbeat. @throws DetectorConfigError when `config` makes no sense */
  start(config: Config, atMs: number): State;
  /** Takes note of heartbeat `sequence`, which is later than all before it. */
  heard(state: State, arrivalMs: number, sequence: number): State;
  /** The detector itself was away until `atMs`: the silence before proves nothing, and waiting begins anew. */
  interrupted(state: State, atMs: number): State;
  /** The instant from which silence is a reason to suspect, if nothing is heard before. */
  suspectAtMs(state: State): number;
}
