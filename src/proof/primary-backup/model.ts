/**
 * Primary-backup replication for the model checker: the replicas that run in production, an authority that never fails, and
 * around them crashes, lost messages, and timers at any moment, each within a budget.
 */

import { type Address, addressOf, nodeOf } from '../../../statecharts/actor.ts';
import {
  defineReplica,
  foundingConfiguration,
  type ReplicaRules,
  replicaRules,
} from '../../../statecharts/primary-backup.ts';
import type { Limits } from '../../../statecharts/replication/limits.ts';
import { snapshotResource } from '../../../statecharts/transfer.ts';
import { actorOf, defineModel, type Model, type RequestStep, request, type SystemState } from '../../checker.ts';
import { boundsOf, systemNameOf } from '../bounds.ts';
import { numbered } from '../nodes.ts';
import { snapshotTransfers } from '../snapshots.ts';
import { authority } from './authority.ts';
import { type GivenPrimaryBackupBounds, primaryBackupBounds } from './bounds.ts';
import { emptyHistory, observeReplicas, type ReplicasHistory } from './history.ts';
import { replicasGoals, replicasProperties } from './properties.ts';

/** How much may happen, as `primaryBackupBounds` says, and whose replicas it happens to. */
export interface PrimaryBackupModelOptions extends GivenPrimaryBackupBounds {
  /** What the replicas have in place of the true rules, for proofs that a fault would be found. */
  readonly broken?: Partial<ReplicaRules>;
}

const key = 'kv';

/** One entry per append, so that every boundary between messages is a place where things happen. */
const tightLimits: Partial<Limits> = { maxAppendBytes: 1, retainBytes: 0 };

/** The model of a store. */
export function primaryBackupModel({ broken = {}, ...given }: PrimaryBackupModelOptions = {}): Model<ReplicasHistory> {
  const bounds = boundsOf(primaryBackupBounds, given);
  const { crashes, duplicates, elections, entries, epochs, gathers, heartbeats, inFlight, looks, losses } = bounds;
  const { maxLoss, minInSync, mode, network, nodes, reads, transfers } = bounds;
  const definition = defineReplica({ ...replicaRules, ...broken });
  const ids = numbered('n', nodes);
  const addressOn = (node: string): Address => addressOf(node, definition.name, key);
  const store = { replicas: ids.map(addressOn), mode, maxLoss, minInSync };
  const keeper = actorOf(authority, 'a1', { key, input: { configuration: foundingConfiguration(store) } });
  const input = { ...store, authority: keeper.address, limits: tightLimits };
  const replicas = ids.map((id) => actorOf(definition, id, { key, input }));

  const requests = replicas.flatMap((it): RequestStep<ReplicasHistory>[] => {
    const leads = (state: SystemState<ReplicasHistory>): boolean => state.of(it).role === 'primary';
    const command = new Uint8Array([Number(nodeOf(it.address).slice(1))]);
    return [
      request(
        it,
        { type: 'propose', id: 1, commands: [command] },
        { when: (state: SystemState<ReplicasHistory>) => state.history.proposals < entries && leads(state) },
      ),
      ...Array.from({ length: reads }, (_, place) =>
        request(
          it,
          { type: 'read', id: place },
          { when: (state: SystemState<ReplicasHistory>) => state.history.asked.length === place && leads(state) },
        ),
      ),
      ...(transfers === 0 ? [] : store.replicas.filter((to) => to !== it.address)).map((to) =>
        request(
          it,
          { type: 'handOver', id: 1, to },
          { when: (state: SystemState<ReplicasHistory>) => state.history.transfers < transfers && leads(state) },
        ),
      ),
    ];
  });

  return defineModel<ReplicasHistory>({
    name: `primary-backup with ${systemNameOf(primaryBackupBounds, given)}`,
    actors: [...replicas, keeper],
    requests,
    network: { kind: network, losses, duplicates },
    // A message that changes nothing now stays on its way: it may still change something later, or never arrive.
    deliveries: 'changing',
    timers: {
      electionTimeout: elections,
      gatherTimeout: gathers,
      heartbeatInterval: heartbeats,
      inSyncTimeout: looks,
      handOverTimeout: transfers,
      // What is asked again is what was asked, and a message that is late is as good as one that is repeated.
      retryInterval: 0,
    },
    // Without crashes, what waits for a record is like a message that takes its time.
    flush: crashes > 0 || network === 'ordered' ? 'step' : 'at-once',
    crashes: { times: crashes, nodes: ids },
    resources: { [snapshotResource]: snapshotTransfers },
    history: {
      start: emptyHistory,
      observe: (history, happening) => observeReplicas(history, happening, { mode, maxLoss, addressOn }),
    },
    boundary: (state) =>
      (state.of(keeper).snapshot?.context.configuration.epoch ?? 1) <= epochs &&
      (inFlight === undefined || state.network.length <= inFlight),
    always: replicasProperties(replicas, keeper),
    sometimes: replicasGoals(replicas, bounds),
  });
}
