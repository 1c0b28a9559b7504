/** The options that say how long nodes wait for each other; alike wherever nodes are started. */

import type { Command } from 'commander';
import {
  defaultLogTiming,
  type LogTiming,
  LogTimingError,
  mostDriftPpm,
  timingOf,
} from '../services/store/log/timing.ts';
import { ClusterOptionsError } from './errors.ts';
import { integerIn } from './options.ts';

/** As commander has them. */
export interface TimingOptions {
  readonly heartbeatMs?: number;
  readonly electionTimeoutMs?: number;
  readonly leaseDriftPpm?: number;
}

const longestMs = 600_000;

/** Adds the options to a command that starts nodes. */
export const withTiming = (command: Command): Command =>
  command
    .option(
      '--heartbeat-ms <ms>',
      `how often the node that leads shows that it does; the same on all nodes (default: ${defaultLogTiming.heartbeatMs})`,
      integerIn(1, longestMs),
    )
    .option(
      '--election-timeout-ms <ms>',
      `how long the others wait for that before they look for another: three heartbeats at least, and well above a round trip between nodes (default: ${defaultLogTiming.electionTimeoutMs})`,
      integerIn(1, longestMs),
    )
    .option(
      '--lease-drift-ppm <ppm>',
      'lets the node that leads answer reads of consistency=lease by itself, as long as no clock is wrong by more than so many parts per million; the same on all nodes, and only with Raft or Multi-Paxos (default: no leases)',
      integerIn(0, mostDriftPpm),
    );

/** The times, with defaults for what was not said. @throws ClusterOptionsError when they contradict each other */
export function timingIn({ heartbeatMs, electionTimeoutMs, leaseDriftPpm }: TimingOptions): LogTiming {
  try {
    return timingOf({
      ...(heartbeatMs === undefined ? {} : { heartbeatMs }),
      ...(electionTimeoutMs === undefined ? {} : { electionTimeoutMs }),
      ...(leaseDriftPpm === undefined ? {} : { leaseDriftPpm }),
    });
  } catch (cause) {
    if (cause instanceof LogTimingError) throw new ClusterOptionsError(cause.message, { cause });
    throw cause;
  }
}

/** The same options for another command. */
export const timingArguments = ({
  heartbeatMs,
  electionTimeoutMs,
  leaseDriftPpm,
}: TimingOptions): readonly string[] => [
  ...(heartbeatMs === undefined ? [] : ['--heartbeat-ms', String(heartbeatMs)]),
  ...(electionTimeoutMs === undefined ? [] : ['--election-timeout-ms', String(electionTimeoutMs)]),
  ...(leaseDriftPpm === undefined ? [] : ['--lease-drift-ppm', String(leaseDriftPpm)]),
];
