/** What is done to the nodes: killed and paused, one at a time or more, whoever leads or anybody, again and again. */

import type { Clock } from '../../src/environment/clock.ts';
import { chance, integerBelow, pick, type Random } from '../../src/environment/random.ts';
import type { HistoryRecorder } from '../../src/history.ts';
import type { ClusterNode, ProcessCluster } from '../fixtures/processes.ts';

export interface FaultsOptions {
  readonly cluster: ProcessCluster;
  readonly recorder: HistoryRecorder;
  readonly clock: Clock;
  readonly random: Random;
}

export type FaultCounts = Record<'kill' | 'pause' | 'kill-leader' | 'pause-leader' | 'kill-all', number>;

export const waitMs = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.setTimeout(resolve, ms));

/**
 * Strikes until `isOver`. All nodes run again when it resolves.
 *
 * @throws when a node ends that nobody killed
 */
export async function strike(options: FaultsOptions, isOver: () => boolean, counts: FaultCounts): Promise<void> {
  const { cluster, recorder, clock, random } = options;
  const between = (leastMs: number, mostMs: number): number => leastMs + integerBelow(random, mostMs - leastMs);

  const kill = async (struck: readonly ClusterNode[], kind: string): Promise<void> => {
    const heal = recorder.fault(kind, struck.map(({ id }) => id).join(' '));
    await Promise.all(struck.map((node) => node.kill()));
    // Mostly long enough for an election, sometimes not.
    await waitMs(clock, between(50, 2_500));
    for (const node of struck) node.start();
    heal();
  };
  const pause = async (struck: readonly ClusterNode[], kind: string): Promise<void> => {
    const heal = recorder.fault(kind, struck.map(({ id }) => id).join(' '));
    for (const node of struck) node.pause();
    await waitMs(clock, between(300, 4_000));
    for (const node of struck) node.resume();
    heal();
  };
  const leading = async (): Promise<ClusterNode | undefined> => {
    for (const node of cluster.nodes) {
      const leader = await node.status().then(
        ({ leader }) => leader,
        () => null,
      );
      if (leader !== null) return cluster.nodes.find(({ id }) => id === leader);
    }
    return undefined;
  };

  while (!isOver()) {
    cluster.revive();
    const anybody = pick(random, cluster.nodes);
    const leader = chance(random, 0.5) ? await leading() : undefined;
    const struck = leader ?? anybody;
    if (struck === undefined) return;
    const suffix = leader === undefined ? '' : '-leader';
    if (chance(random, 0.1)) {
      counts['kill-all'] += 1;
      await kill(cluster.nodes, 'kill-all');
    } else if (chance(random, 0.5)) {
      counts[`kill${suffix}`] += 1;
      await kill([struck], 'kill');
    } else {
      counts[`pause${suffix}`] += 1;
      await pause([struck], 'pause');
    }
    // Now and then the next blow comes before the cluster has recovered.
    await waitMs(clock, between(50, 2_500));
  }
}
