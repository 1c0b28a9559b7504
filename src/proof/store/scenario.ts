/**
 * The replicated key-value store under simulation, whole, over whatever log: clients put, get, delete and compare-and-set
 * through whichever node they reach, servers are checked after every event by what their protocol claims, and what the
 * clients saw must be linearizable.
 */

import * as v from 'valibot';
import { fixed } from '../../../statecharts/actor.ts';
import type { Random, Randomness } from '../../environment/random.ts';
import { NodeFailedError } from '../../host/errors.ts';
import { createNode, type Node } from '../../host/node.ts';
import { beginLife } from '../../services/lives/memory.ts';
import { createWitness, type Witness } from '../../services/lives/witness.ts';
import { createKeyValueMachine } from '../../services/store/key-value/machine.ts';
import type { LogStarter } from '../../services/store/log/replicated-log.ts';
import type { LogTiming } from '../../services/store/log/timing.ts';
import { type ReplicatedStore, startReplicatedStore } from '../../services/store/replicated-store.ts';
import type { Application, Boot, Scenario, Watch, World } from '../../simulator/scenario.ts';
import type { Problem } from '../claim.ts';
import { type AuditedMachine, audited } from './audit.ts';
import { createExactlyOnce, exactlyOnceGoals } from './exactly-once.ts';
import { createStoreJudge, readingGoals, storeGoals, transferGoals } from './judge.ts';
import { createLeaseWatch, leaseGoals } from './lease-watch.ts';
import { createMemberWatch, memberGoals, withMemberChanges } from './member-changes.ts';
import { operationSchema } from './operation.ts';
import { createReplacements, replacementGoals } from './replacements.ts';
import { addressesOf, createLookout, type LogInvariants } from './servers.ts';
import { createWatchers, watcherGoals } from './watchers.ts';
import {
  isWatch,
  performOn,
  planOperations,
  probeAt,
  withLeases,
  withReadings,
  withRepetitions,
  withReplacement,
  withTransfers,
  withWatches,
} from './workload.ts';

/** What a machine is told of times in one of its lives, by its id; what is drawn differs from life to life. */
export type TimingOf = (machine: string, random: Random) => LogTiming;

/** A node with its store. */
export interface StoreApplication extends Application {
  readonly node: Node;
  readonly store: ReplicatedStore;
  readonly machine: AuditedMachine;
}

/** A log that a store stands on, and what its protocol claims. */
export interface LogUnderProof<Context> {
  /** What the scenario is called. */
  readonly name: string;
  /** The actor that keeps the log on each node. */
  readonly serverName: string;
  /** What must happen to its servers in some run. */
  readonly goals: readonly string[];
  /** What must happen as well where one is replaced. */
  readonly replacementGoals: readonly string[];
  /** How many acknowledged entries a failover may lose. Each write has an entry of its own then. Default none. */
  readonly maxLoss?: number;
  /** Which machines must be well again before progress is asked for. Default a majority of them. */
  readonly heals?: 'all';
  /** Starts the log in a life of machine `id`, whose `randomness` it is; `voters` are those that the cluster begins with, and one that `joins` waits for them. */
  start(parts: {
    readonly id: string;
    readonly randomness: Randomness;
    readonly voters: readonly string[];
    readonly joins: boolean;
  }): LogStarter;
  /** Makes what watches one run. */
  invariants(): LogInvariants<Context>;
}

/** What a scenario has besides its servers. */
export interface StoreScenarioOptions {
  /**
   * Whether machines restart with older copies of their disks, and what their nodes have against that: a `witness`, or
   * nothing, which must be found out.
   */
  readonly rollbacks?: 'witnessed' | 'unwitnessed';
  /**
   * Whether the last machine joins, and takes the place of the last but one. Only of an even number: of an odd one, a majority
   * of the machines need not be one of the servers without the newcomer.
   */
  readonly replaces?: boolean;
  /**
   * Whether the last machine joins, and members are added, promoted, removed and moved, and leadership is handed over. Of three
   * machines or more, all of which must be well again before progress is asked for: who votes then is the run's.
   */
  readonly changes?: boolean;
  /** Whether clients read in every way that is linearizable: by lease, where the log has leases, and at followers. */
  readonly readings?: boolean;
  /** Whether somebody asks for transfers of leadership. */
  readonly transfers?: boolean;
  /**
   * Whether clients repeat requests under idempotency keys at several nodes, others follow what changes and keep leases, of a store that
   * keeps so little that sessions, results and changes go within a run. Not of a log that may lose what clients were told.
   */
  readonly repeats?: boolean;
}

/** Small, so that logs are compacted and snapshots travel in chunks within seconds of virtual time. */
export const smallLimits = { compactBeyondBytes: 700, retainBytes: 0, maxAppendBytes: 600 };

/** So few sessions that not every node has one, which end soon, and few results under idempotency keys. */
const smallSessions = { sessions: 2, idleMs: 600, results: 40, keptKeyRequests: 12 };

/** So few that what changed is forgotten within a run. */
const smallRetention = { changes: 20, bytes: 2_000 };

/** Short, so that a server that cannot be reached for a while is given up as a newcomer. */
export const briefDelays = { catchUpPatience: fixed(1_000) };

const storeKey = 'kv';

/** The scenario of a store over `log`. */
export function storeScenario<Context>(
  log: LogUnderProof<Context>,
  options: StoreScenarioOptions = {},
): Scenario<StoreApplication> {
  const { rollbacks, replaces = false, changes = false, readings = false, repeats = false } = options;
  const { transfers = changes } = options;
  return {
    ...(log.heals === undefined ? {} : { heals: log.heals }),
    ...(changes ? { heals: 'all' } : {}),
    ...(rollbacks === undefined ? {} : { survivesRollback: true, heals: 'all' }),
    name: nameOf(log.name, replaces, changes),
    minNodes: replaces || changes ? 3 : 1,
    goals: [
      ...log.goals,
      ...storeGoals,
      ...(replaces ? [...replacementGoals, ...log.replacementGoals] : []),
      ...(changes ? memberGoals : []),
      ...(readings ? readingGoals : []),
      ...(transfers ? transferGoals : []),
      ...(repeats ? [...exactlyOnceGoals, ...watcherGoals, ...leaseGoals] : []),
    ],
    plan(machines, durationMs, random) {
      const planned = planOperations(machines, durationMs, random);
      const written = readings ? withReadings(planned, random) : planned;
      const repeated = repeats
        ? [withRepetitions, withWatches, withLeases].reduce(
            (before, more) => more(before, machines, durationMs, random),
            written,
          )
        : written;
      const operations = transfers ? withTransfers(repeated, machines, durationMs, random) : repeated;
      const changed = changes ? withMemberChanges(operations, machines, durationMs, random) : operations;
      return replaces ? withReplacement(changed, machines, durationMs, random) : changed;
    },
    probe: probeAt,
    boot(parts) {
      const { id, machines, journal, environment } = parts;
      const joining = changes || (replaces && machines.length % 2 === 0) ? machines.at(-1) : undefined;
      const witness = rollbacks === 'witnessed' ? witnessOf(parts) : undefined;
      const node = createNode({ id, bus: witness?.bus ?? parts.bus, journal, environment });
      const hash = environment.randomness.stream('hash');
      const machine = audited(createKeyValueMachine(hash, repeats ? { retention: smallRetention } : {}));
      const store = startReplicatedStore({
        node,
        log: log.start({
          id,
          randomness: environment.randomness,
          voters: machines.filter((it) => it !== joining),
          joins: id === joining,
        }),
        key: storeKey,
        machine,
        environment,
        limits: {
          ...(log.maxLoss === undefined ? {} : { server: { entryBytes: 1 } }),
          ...(repeats ? { sessions: smallSessions } : {}),
        },
      });
      return { node, store, machine, ...(witness === undefined ? {} : { failure: witness.standing.failure }) };
    },
    perform: ({ store }, { operation }, done) => performOn(store, v.parse(operationSchema, operation), done),
    watch: () => createWatch(log, options),
  };
}

function witnessOf({ id, machines, bus, journal, environment, isCopy, settleCopy }: Boot): Witness {
  const { clock, ids } = environment;
  const peers = machines.filter((it) => it !== id);
  const memory = beginLife({ journal, clock, ids, isPeer: (node) => peers.includes(node) });
  return createWitness({ bus, clock, memory, peers: () => peers, mustBeVouched: isCopy, onCleared: settleCopy });
}

function nameOf(log: string, replaces: boolean, changes: boolean): string {
  if (replaces) return `${log}-replacement`;
  return changes ? `${log}-members` : log;
}

function createWatch<Context>(
  log: LogUnderProof<Context>,
  { replaces = false, changes = false }: StoreScenarioOptions,
): Watch<StoreApplication> {
  const invariants = log.invariants();
  const addressAt = addressesOf(log.serverName, storeKey);
  const serversIn = createLookout<Context>(addressAt);
  const replacements = createReplacements();
  const members = createMemberWatch();
  const membersIn = ({ machines }: World<StoreApplication>): Problem => {
    for (const { id, app } of machines) {
      const problem = app === undefined ? undefined : members.look(id, app.store);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
  const judge = createStoreJudge(log.maxLoss);
  const leases = createLeaseWatch();
  const watchers = createWatchers();
  const exactlyOnce = createExactlyOnce(smallSessions.keptKeyRequests);
  let failure: string | undefined;
  return {
    booted({ app, id }) {
      app?.store.failure.subscribe(({ cause }) => {
        // A node whose disk fails takes its store along; everything else that ends a store is a bug.
        if (!(cause instanceof NodeFailedError)) failure ??= `the store of ${id} failed: ${String(cause)}`;
      });
      if (log.maxLoss !== undefined) return;
      app?.machine.applications.subscribe((application) => {
        exactlyOnce.applied(application);
        watchers.applied(application);
        leases.applied(application);
      });
    },
    died: (machine) => invariants.died(addressAt(machine)),
    invoked(operation, nowMs) {
      judge.invoked(operation, nowMs);
      exactlyOnce.invoked(operation);
      leases.invoked(operation, nowMs);
    },
    ended(operation, outcome, nowMs) {
      judge.ended(operation, outcome, nowMs);
      exactlyOnce.ended(operation, outcome);
      if (isWatch(operation)) watchers.ended(outcome);
    },
    check(world) {
      if (replaces) for (const { app } of world.machines) replacements.look(app?.store.membership?.members());
      const problem =
        failure ??
        exactlyOnce.problem() ??
        watchers.problem() ??
        leases.check(world.nowMs()) ??
        (changes ? membersIn(world) : undefined) ??
        invariants.check(serversIn(world));
      judge.ledBy(invariants.leaders?.() ?? 0, world.nowMs());
      return problem;
    },
    finish: judge.finish,
    goals: () => [
      ...invariants.reached,
      ...judge.reached,
      ...replacements.reached,
      ...members.reached,
      ...exactlyOnce.reached,
      ...watchers.reached,
      ...leases.reached,
    ],
  };
}
