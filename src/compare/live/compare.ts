/**
 * The live comparison: the workload and the faults of the simulator's, on processes of this machine. Processors, disks and the
 * system's scheduler take part, so that no two are the same.
 */

import type { Environment } from '../../environment/environment.ts';
import { type ComparisonOptions, compareOn, type Ground, headingOf } from '../compare.ts';
import type { Comparison, LiveEnvironment } from '../comparison.ts';
import type { Method } from '../contract.ts';
import type { PlannedFault } from '../faults.ts';
import { times } from '../faults.ts';
import type { LiveClusters, LiveSetup } from './cluster.ts';
import { sortedOut } from './methods.ts';
import { type LivePlan, playLive } from './play.ts';

export interface LiveComparisonOptions extends ComparisonOptions {
  readonly clusters: LiveClusters;
  readonly environment: Environment;
  /** What machine this is. */
  readonly machine: Omit<LiveEnvironment, 'statement'>;
}

const statement =
  'This ran on processes of one machine: it is not replayable. The seed fixes the workload and the schedule of faults, and nothing else; the same command gives other figures each time.';

/**
 * Compares on processes. Methods for which there are none are told apart, each with the reason.
 *
 * @throws ComparisonRunError when a node does what no fault accounts for; what `clusters` throws when one does not start
 */
export async function compareLive(options: LiveComparisonOptions): Promise<Comparison> {
  const { seed, runs, faults, machine, onProgress } = options;
  const { live, notLive } = sortedOut(options.methods);
  const asked = { seed, runs, faults, live: true } as const;
  const ground = groundOf(new Map(live.map(({ method, setup }) => [method.name, setup])), options);
  return {
    ...headingOf({ ...asked, methods: options.methods }),
    on: 'processes',
    live: true,
    environment: { statement, ...machine },
    notApplicable: notLive,
    ...(await compareOn(ground, {
      ...asked,
      methods: live.map(({ method }) => method),
      ...(onProgress === undefined ? {} : { onProgress }),
    })),
  };
}

type Parts = Pick<LiveComparisonOptions, 'clusters' | 'environment'>;

/** Each run has a cluster of its own, which is gone when it ends. */
function groundOf(setups: ReadonlyMap<string, LiveSetup>, { clusters, environment }: Parts): Ground {
  const played = async ({ name }: Method, plan: Omit<LivePlan, 'name'>) => {
    const setup = setups.get(name);
    if (setup === undefined) throw new TypeError(`expected a method that runs as processes, got '${name}'`);
    const cluster = await clusters.start(setup);
    try {
      return await playLive(cluster, { name, ...plan }, environment);
    } finally {
      await cluster.close();
    }
  };
  return {
    play: (method, { operations, untilMs = times.faultyMs }) => played(method, { operations, untilMs }),
    async playWithFault(method, { operations, fromMs, faultAt }) {
      let planned: PlannedFault | undefined;
      const noted = await played(method, {
        operations,
        untilMs: times.faultyMs,
        serving: {
          atMs: fromMs,
          faultsFor(victim) {
            planned = faultAt(victim);
            return planned.faults;
          },
        },
      });
      if (planned === undefined) throw new TypeError('expected a fault to have been planned');
      return { fault: planned, noted };
    },
  };
}
