/**
 * The replicated key-value store over Raft under simulation, whole: clients put, get, delete and compare-and-set through
 * whichever node they reach, servers are checked after every event, and what the clients saw must be linearizable.
 */

import * as v from 'valibot';
import { type Address, addressOf } from '../../../statecharts/actor.ts';
import { raftServer, type ServerContext } from '../../../statecharts/raft.ts';
import { pick, type Random } from '../../environment/random.ts';
import { NodeFailedError } from '../../host/errors.ts';
import { createNode, type Node } from '../../host/node.ts';
import { beginLife } from '../../services/lives/memory.ts';
import { createWitness, type Witness } from '../../services/lives/witness.ts';
import { createKeyValueMachine } from '../../services/store/key-value/machine.ts';
import { raft } from '../../services/store/log/raft.ts';
import { type ReplicatedStore, startReplicatedStore } from '../../services/store/replicated-store.ts';
import type { Application, Boot, Scenario, Watch, World } from '../../simulator/scenario.ts';
import type { PlannedOperation } from '../../simulator/schedule.ts';
import { createStoreJudge, storeGoals } from '../store/judge.ts';
import { clients, type KeyOperation, operationSchema, performOn, planOperations, probeAt } from '../store/workload.ts';
import { createRaftInvariants, raftGoals, type ServerView } from './invariants.ts';

/** A node with its store. */
export interface StoreApplication extends Application {
  readonly node: Node;
  readonly store: ReplicatedStore;
}

const storeKey = 'kv';

/** Small, so that logs are compacted and snapshots travel in chunks within seconds of virtual time. */
const limits = { compactBeyondBytes: 700, retainBytes: 0, maxAppendBytes: 600 };

const goals = [...raftGoals, ...storeGoals];

/** What a scenario has besides its servers. */
export interface RaftScenarioOptions {
  /**
   * Whether machines restart with older copies of their disks, and what their nodes have against that: a `witness`, or
   * nothing, which must be found out.
   */
  readonly rollbacks?: 'witnessed' | 'unwitnessed';
  /** Whether the last machine joins, and takes the place of the last but one. */
  readonly replaces?: boolean;
}

/** The scenario for `server`: the true one, or a broken twin that must be found out. */
export function raftScenario(
  server: typeof raftServer = raftServer,
  { rollbacks, replaces = false }: RaftScenarioOptions = {},
): Scenario<StoreApplication> {
  return {
    ...(rollbacks === undefined ? {} : { survivesRollback: true, heals: 'all' }),
    name: 'raft',
    minNodes: replaces ? 3 : 1,
    goals: replaces ? [...goals, ...replacementGoals] : goals,
    plan(machines, durationMs, random) {
      const operations = planOperations(machines, durationMs, random);
      return replaces ? withReplacement(operations, machines, durationMs, random) : operations;
    },
    probe: probeAt,
    boot(parts) {
      const { id, machines, journal, environment } = parts;
      const joining = replaces ? machines.at(-1) : undefined;
      const witness = rollbacks === 'witnessed' ? witnessOf(parts) : undefined;
      const node = createNode({ id, bus: witness?.bus ?? parts.bus, journal, environment });
      const store = startReplicatedStore({
        node,
        log: raft({ voters: machines.filter((it) => it !== joining), joins: id === joining, limits, server }),
        key: storeKey,
        machine: createKeyValueMachine(),
        environment,
      });
      return { node, store, ...(witness === undefined ? {} : { failure: witness.standing.failure }) };
    },
    perform: ({ store }, { operation }, done) => performOn(store, v.parse(operationSchema, operation), done),
    watch: () => createWatch(server.name),
  };
}

const replacementGoals = ['a server was replaced', 'a joint configuration was in force', 'a replacement was given up'];

/** Asks a few times, at whichever machine, that the last one takes the place of the last but one. */
function withReplacement(
  operations: readonly PlannedOperation[],
  machines: readonly string[],
  durationMs: number,
  random: Random,
): readonly PlannedOperation[] {
  const asked = Array.from({ length: 3 }, (): PlannedOperation => {
    const atMs = Math.round(random.next() * durationMs);
    const operation = { f: 'replace', key: machines.slice(-2).join(' '), value: 0 } satisfies KeyOperation;
    return { client: clients, atMs, node: pick(random, machines) ?? '', operation };
  });
  return [...operations, ...asked].sort((a, b) => a.atMs - b.atMs);
}

function witnessOf({ id, machines, bus, journal, environment, isCopy, settleCopy }: Boot): Witness {
  const { clock, ids } = environment;
  const peers = machines.filter((it) => it !== id);
  const memory = beginLife({ journal, clock, ids, isPeer: (node) => peers.includes(node) });
  return createWitness({ bus, clock, memory, peers: () => peers, mustBeVouched: isCopy, onCleared: settleCopy });
}

function createWatch(serverName: string): Watch<StoreApplication> {
  const invariants = createRaftInvariants();
  const serversIn = createLookout(serverName);
  const reached = new Set<string>();
  const judge = createStoreJudge();
  let failure: string | undefined;
  return {
    booted({ app, id }) {
      app?.store.failure.subscribe(({ cause }) => {
        // A node whose disk fails takes its store along; everything else that ends a store is a bug.
        if (!(cause instanceof NodeFailedError)) failure ??= `the store of ${id} failed: ${String(cause)}`;
      });
    },
    died: (machine) => invariants.died(addressOf(machine, serverName, storeKey)),
    invoked: judge.invoked,
    ended: judge.ended,
    check(world) {
      const servers = serversIn(world);
      for (const { context } of servers) noteMembers(context, reached);
      return failure ?? invariants.check(servers);
    },
    finish: judge.finish,
    goals: () => [...invariants.reached, ...judge.reached, ...reached],
  };
}

function noteMembers({ configuration, commitIndex }: ServerContext, reached: Set<string>): void {
  if (configuration.index <= 1) return;
  if (configuration.nextVoters !== null) reached.add('a joint configuration was in force');
  else if (configuration.index > commitIndex) return;
  else if (configuration.retired.length > 0) reached.add('a server was replaced');
  else if (configuration.change === null) reached.add('a replacement was given up');
}

/** Finds the servers that are up; made once per run, because it is asked after every event. */
function createLookout(serverName: string): (world: World<StoreApplication>) => readonly ServerView[] {
  const addresses = new Map<string, Address>();
  const addressAt = (machine: string): Address => {
    let address = addresses.get(machine);
    if (address === undefined) {
      address = addressOf(machine, serverName, storeKey);
      addresses.set(machine, address);
    }
    return address;
  };
  return ({ machines }) => {
    const servers: ServerView[] = [];
    for (const { id, app } of machines) {
      const address = addressAt(id);
      const peeked = app?.node.peek(address);
      if (peeked === undefined) continue;
      const context: ServerContext = peeked.state.snapshot.context;
      servers.push({ address, role: peeked.definition.roleAt(peeked.state), context });
    }
    return servers;
  };
}
