/** The options that say how long nodes wait for each other; alike wherever nodes are started. */

import type { Command } from 'commander';
import { defaultLogTiming, type LogTiming, LogTimingError, timingOf } from '../services/store/log/timing.ts';
import { ClusterOptionsError } from './errors.ts';
import { integerIn } from './options.ts';

/** As commander has them. */
export interface TimingOptions {
  readonly heartbeatMs?: number;
  readonly electionTimeoutMs?: number;
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
    );

/** The times, with defaults for what was not said. @throws ClusterOptionsError when they contradict each other */
export function timingIn({ heartbeatMs, electionTimeoutMs }: TimingOptions): LogTiming {
  try {
    return timingOf({
      ...(heartbeatMs === undefined ? {} : { heartbeatMs }),
      ...(electionTimeoutMs === undefined ? {} : { electionTimeoutMs }),
    });
  } catch (cause) {
    if (cause instanceof LogTimingError) throw new ClusterOptionsError(cause.message, { cause });
    throw cause;
  }
}

/** The same options for another command. */
export const timingArguments = ({ heartbeatMs, electionTimeoutMs }: TimingOptions): readonly string[] => [
  ...(heartbeatMs === undefined ? [] : ['--heartbeat-ms', String(heartbeatMs)]),
  ...(electionTimeoutMs === undefined ? [] : ['--election-timeout-ms', String(electionTimeoutMs)]),
];
