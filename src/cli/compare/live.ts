/** A live comparison as a command runs it: on this machine, and without a trace of it when the command is told to stop. */

import { arch, availableParallelism, platform } from 'node:os';
import type { ComparisonOptions } from '../../compare/compare.ts';
import type { Comparison } from '../../compare/comparison.ts';
import { compareLive } from '../../compare/live/compare.ts';
import { systemEnvironment } from '../../environment/environment.ts';
import { ComparisonOptionsError, ComparisonStoppedError } from '../errors.ts';
import { createProcessClusters } from './processes.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Compares on processes of this machine.
 *
 * @param program the file that child processes run
 * @throws ComparisonStoppedError when a signal ends it before, and what `compareLive` throws; all processes are gone then
 */
export async function comparedLive(options: ComparisonOptions, program: string): Promise<Comparison> {
  if (platform() === 'win32') {
    throw new ComparisonOptionsError(
      'expected a system with the signals SIGSTOP and SIGCONT, got Windows; leave out --live',
    );
  }
  const environment = systemEnvironment();
  const clusters = createProcessClusters({ program, environment });
  let stop = (_signal: NodeJS.Signals): void => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = (signal) => reject(new ComparisonStoppedError(`the comparison was ended by ${signal}; it tells nothing`));
  });
  for (const signal of signals) process.on(signal, stop);
  const machine = {
    node: process.versions.node,
    platform: `${platform()} ${arch()}`,
    processors: availableParallelism(),
  };
  try {
    const comparison = compareLive({ ...options, clusters, environment, machine });
    // Once it was told to stop, what becomes of the run that was under way is no news.
    comparison.catch(() => {});
    return await Promise.race([comparison, stopped]);
  } finally {
    await clusters.close();
    for (const signal of signals) process.off(signal, stop);
  }
}
