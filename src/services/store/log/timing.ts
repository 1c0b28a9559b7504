/**
 * How long the servers of a log wait for each other. Two times say it: how often the one that leads shows that it does, and
 * how long the others wait for that before they look for another. What else a protocol waits for follows from them, so that
 * no pair of times can contradict each other.
 */

import { between, type DelayRange, fixed, QuorateError } from '../../../../statecharts/actor.ts';
import { leaseLengthMs, mostDrift } from '../../../../statecharts/replication/lease.ts';

/** The same on all nodes of a store, in milliseconds. */
export interface LogTiming {
  /** How often a node that leads shows that it does. Default 100. */
  readonly heartbeatMs?: number;
  /**
   * How long the others wait for it, at least, before they look for another: at least three heartbeats, so that one that is
   * lost costs no leader, and well above a round trip between nodes (Raft §3.9). Default 500.
   */
  readonly electionTimeoutMs?: number;
  /**
   * Lets leaders read by leases (`consistency: 'lease'`), which hold as long as no node's clock runs faster or slower than
   * true time by more than so many parts per million; the same on all nodes. A node that starts again votes only after an
   * election timeout then. Only for Raft and Multi-Paxos. Default: none. Up to 100,000; 1,000 is ample for machines whose clocks are sound
   * and that nobody suspends, since a clock that stood still keeps no bound.
   */
  readonly leaseDriftPpm?: number;
}

/** Times that contradict each other, or are none. */
export class LogTimingError extends QuorateError {
  readonly code = 'LOG_TIMING';
}

/** Times with defaults; leases where they are asked for. */
export type WholeTiming = Required<Omit<LogTiming, 'leaseDriftPpm'>> & Pick<LogTiming, 'leaseDriftPpm'>;

export const defaultLogTiming: WholeTiming = { heartbeatMs: 100, electionTimeoutMs: 500 };

/** The least number of heartbeats in an election timeout. */
const leastHeartbeats = 3;
const longestMs = 600_000;
/** Beyond it a clock is broken; and a lease would be shorter than some heartbeats. */
export const mostDriftPpm = mostDrift * 1e6;

/** Times with defaults for what is not given. @throws LogTimingError */
export function timingOf({
  heartbeatMs = defaultLogTiming.heartbeatMs,
  electionTimeoutMs = defaultLogTiming.electionTimeoutMs,
  leaseDriftPpm,
}: LogTiming): WholeTiming {
  for (const [name, ms] of Object.entries({ heartbeatMs, electionTimeoutMs })) {
    if (Number.isFinite(ms) && ms >= 1 && ms <= longestMs) continue;
    throw new LogTimingError(`expected ${name} to be from 1 to ${longestMs} ms, got ${ms}`);
  }
  if (electionTimeoutMs < leastHeartbeats * heartbeatMs) {
    throw new LogTimingError(
      `expected an election timeout of at least ${leastHeartbeats} heartbeats, ${leastHeartbeats * heartbeatMs} ms, got ${electionTimeoutMs} ms; a heartbeat that is lost would end a reign: lengthen the one, or shorten the other`,
    );
  }
  if (leaseDriftPpm === undefined) return { heartbeatMs, electionTimeoutMs };
  if (!(leaseDriftPpm >= 0 && leaseDriftPpm <= mostDriftPpm)) {
    throw new LogTimingError(
      `expected clocks to drift by 0 to ${mostDriftPpm} parts per million, got ${leaseDriftPpm}; leave leases out where no bound is known`,
    );
  }
  return { heartbeatMs, electionTimeoutMs, leaseDriftPpm };
}

export type Delays = Readonly<Record<string, DelayRange>>;

/**
 * How long leases of leaders are, in milliseconds; undefined where there are none.
 *
 * @param promises what keeps a server that has answered its leader from electing another one; the shortest is what it promises
 */
export function leaseIn(timing: LogTiming, promises: readonly (DelayRange | undefined)[]): number | undefined {
  const { electionTimeoutMs, leaseDriftPpm } = timingOf(timing);
  if (leaseDriftPpm === undefined) return undefined;
  const promisesMs = promises.map((it) => it?.minMs ?? electionTimeoutMs);
  return leaseLengthMs(Math.min(...promisesMs), leaseDriftPpm / 1e6);
}

/** @throws LogTimingError where leases are asked for */
function withoutLeases(timing: LogTiming): WholeTiming {
  const whole = timingOf(timing);
  if (whole.leaseDriftPpm === undefined) return whole;
  throw new LogTimingError(
    'expected no leases, which only a store over Raft or Multi-Paxos has; leave leaseDriftPpm out',
  );
}

/** The delays of `raft.server` (Raft §3.4, §4.2). */
export function raftDelays(timing: LogTiming): Delays {
  const { heartbeatMs, electionTimeoutMs } = timingOf(timing);
  const least = fixed(electionTimeoutMs);
  return {
    heartbeatInterval: fixed(heartbeatMs),
    electionTimeout: between(electionTimeoutMs, 2 * electionTimeoutMs),
    minElectionTimeout: least,
    quorumTimeout: least,
    handOverTimeout: least,
    catchUpRound: least,
  };
}

/** The delays of `paxos.server`, whose servers all look at once whether they are led (Omni-Paxos §5.2). */
export function paxosDelays(timing: LogTiming): Delays {
  const { heartbeatMs, electionTimeoutMs } = timingOf(timing);
  return {
    heartbeatInterval: fixed(heartbeatMs),
    leaseGrant: fixed(0.8 * electionTimeoutMs),
    electionRound: between(0.8 * electionTimeoutMs, 1.2 * electionTimeoutMs),
    quorumTimeout: fixed(electionTimeoutMs),
    handOverTimeout: fixed(0.8 * electionTimeoutMs),
    catchUpRound: fixed(electionTimeoutMs),
  };
}

/** The delays of `primary-backup.replica`. */
export function primaryBackupDelays(timing: LogTiming): Delays {
  const { heartbeatMs, electionTimeoutMs } = withoutLeases(timing);
  return {
    heartbeatInterval: fixed(heartbeatMs),
    electionTimeout: between(electionTimeoutMs, 2 * electionTimeoutMs),
    gatherTimeout: between(0.3 * electionTimeoutMs, 0.6 * electionTimeoutMs),
    retryInterval: fixed(0.4 * electionTimeoutMs),
    inSyncTimeout: fixed(electionTimeoutMs),
    handOverTimeout: fixed(electionTimeoutMs),
  };
}
