/** What must always hold of primary-backup replicas, and what must be reachable, or else nothing has been checked. */

import type { Address, AnyActor, Tagged } from '../../../statecharts/actor.ts';
import {
  type Configuration,
  primaryBackupReplica,
  type ReplicaContext,
  ReplicaLog,
} from '../../../statecharts/primary-backup.ts';
import type { ActorView, ModelActor, Predicates, SystemState } from '../../checker.ts';
import { isKept, ofAnyTwo } from '../claim.ts';
import { oncePer } from '../once-per.ts';
import type { authority } from './authority.ts';
import type { PrimaryBackupBounds } from './bounds.ts';
import {
  durableAtEnough,
  durableInSync,
  logMatching,
  lossOf,
  lossWithinBound,
  oneAcknowledged,
  onePrimary,
  type Reign,
  survives,
} from './claims.ts';
import type { ReplicasHistory } from './history.ts';

export type ReplicasState = SystemState<ReplicasHistory>;
export type ModelReplica = ModelActor<typeof primaryBackupReplica.chart>;
export type ModelAuthority = ModelActor<typeof authority.chart>;
type ReplicaSeen = ActorView<typeof primaryBackupReplica.chart>;

/** The properties of a store of `replicas`, whose configuration `authority` keeps. */
export function replicasProperties(
  replicas: readonly ModelReplica[],
  authorityActor: ModelAuthority,
): Predicates<ReplicasHistory> {
  const viewsIn = (state: ReplicasState): ReplicaSeen[] => replicas.map((it) => state.of(it));
  const recorded = (state: ReplicasState): Configuration | undefined =>
    state.of(authorityActor).snapshot?.context.configuration;
  const ofPrimaries =
    (holds: (log: ReplicaLog, reign: Reign, state: ReplicasState, context: ReplicaContext) => boolean) =>
    (state: ReplicasState): boolean =>
      viewsIn(state).every(({ address, role, snapshot }) => {
        if (role !== 'primary' || snapshot === undefined) return true;
        const { configuration, log } = snapshot.context;
        return holds(log, { epoch: configuration.epoch, primary: address }, state, snapshot.context);
      });
  const logsIn = (state: ReplicasState): Map<Address, ReplicaLog> =>
    new Map(viewsIn(state).map((view) => [view.address, durableOf(view)]));
  return {
    'an epoch has one primary': ({ history }) => isKept(ofAnyTwo(history.reigns, onePrimary)),
    'logs match': (state) => {
      const logs = viewsIn(state).flatMap((view) => [durableOf(view), view.snapshot?.context.log ?? []].flat());
      return isKept(ofAnyTwo(logs, logMatching));
    },
    'one entry is acknowledged at each place': ({ history }) => isKept(ofAnyTwo(history.acknowledged, oneAcknowledged)),
    'what was acknowledged is in every later primary': ofPrimaries((log, reign, { history }) =>
      history.acknowledged.every((it) => isKept(survives(log, reign, it))),
    ),
    'no more is lost than may be': ofPrimaries((log, reign, { history }, { configuration }) =>
      isKept(lossWithinBound(log, reign, history.acknowledged, configuration)),
    ),
    'what was acknowledged is durable in the in-sync set that is recorded': (state) => {
      const configuration = recorded(state);
      const { acknowledged } = state.history;
      if (configuration === undefined || acknowledged.length === 0) return true;
      const durable = logsIn(state);
      return acknowledged.every((it) => isKept(durableInSync(it, configuration, durable)));
    },
    'what was acknowledged is durable at as many as the store asks for': (state) => {
      const configuration = recorded(state);
      const { acknowledged } = state.history;
      if (configuration === undefined || acknowledged.length === 0) return true;
      const durable = logsIn(state);
      return acknowledged.every((it) => isKept(durableAtEnough(it, configuration, durable)));
    },
    'outputs in order, reads linearizable, discards within the bound': ({ history }) => history.problems.length === 0,
  };
}

/** The goals that a model with `bounds` must reach. */
export function replicasGoals(
  replicas: readonly ModelReplica[],
  bounds: PrimaryBackupBounds,
): Predicates<ReplicasHistory> {
  const { crashes, elections, entries, epochs, looks, maxLoss, minInSync, mode, nodes, reads, transfers } = bounds;
  const contexts = (state: ReplicasState): ReplicaContext[] =>
    replicas.flatMap((it) => state.of(it).snapshot?.context ?? []);
  const mayFail = epochs > 1 && elections > 0;
  return {
    'a replica is primary': ({ actors }) => actors.some(({ role }) => role === 'primary'),
    'an entry is acknowledged': ({ history }) => history.acknowledged.length > 0,
    ...when(entries > 0, {
      'a command is acknowledged': ({ history }) =>
        history.acknowledged.some(({ entry }) => entry.startsWith('command')),
    }),
    ...when(mayFail, {
      'another epoch begins': (state) =>
        contexts(state).some(({ configuration, leadership }) => leadership !== null && configuration.epoch > 1),
    }),
    ...when(mayFail && entries > 0 && nodes > 2, {
      'a replica discards what was never acknowledged': ({ history }) => history.hasDiscarded,
    }),
    ...when(mayFail && nodes > 2, {
      'two replicas are primary at once, in different epochs': ({ actors }) =>
        actors.filter(({ role }) => role === 'primary').length > 1,
    }),
    ...when(mode === 'async' && mayFail && maxLoss > 0 && entries >= maxLoss, {
      'as much is lost as may be': (state) =>
        replicas.some((it) => {
          const { address, role, snapshot } = state.of(it);
          if (role !== 'primary' || snapshot === undefined) return false;
          const { configuration, log } = snapshot.context;
          return lossOf(log, { epoch: configuration.epoch, primary: address }, state.history.acknowledged) === maxLoss;
        }),
    }),
    ...when(looks > 1 && minInSync === nodes, {
      'too few are in sync, and the primary says so': ({ history }) => history.hasRefused,
    }),
    ...when(looks > 1, {
      'the store is degraded, and says so': ({ history }) => history.hasAlarmed,
    }),
    ...when(crashes > 0, {
      'a primary has crashed': ({ actors, history }) =>
        actors.some(({ address, life }) => life === 'down' && history.reigns.some((it) => it.primary === address)),
    }),
    ...when(reads > 0, {
      'a read is answered': ({ history }) => history.asked.some(({ isAnswered }) => isAnswered),
    }),
    ...when(transfers > 0 && epochs > 1, {
      'a primary has handed over': ({ history }) => history.transferEnds.includes('handedOver'),
    }),
  };
}

const when = (applies: boolean, goals: Predicates<ReplicasHistory>): Predicates<ReplicasHistory> =>
  applies ? goals : {};

/** Of a model's records no more is known than that they are records. */
const recovering: AnyActor = primaryBackupReplica;

/** The log that a replica would recover. */
const recoveredBy = oncePer((durableRecords: readonly Tagged[]): ReplicaLog => {
  const recovered: unknown = recovering.recover(durableRecords);
  return hasLog(recovered) ? recovered.log : ReplicaLog.empty;
});
const durableOf = ({ durableRecords }: ReplicaSeen): ReplicaLog => recoveredBy(durableRecords);

const hasLog = (value: unknown): value is { readonly log: ReplicaLog } =>
  typeof value === 'object' && value !== null && 'log' in value && value.log instanceof ReplicaLog;
