/**
 * The replicated key-value store over Raft under simulation, whole: clients put, get, delete and compare-and-set through
 * whichever node they reach, servers are checked after every event, and what the clients saw must be linearizable.
 */

import * as v from 'valibot';
import { type Address, addressOf } from '../../../statecharts/actor.ts';
import { raftServer, type ServerContext } from '../../../statecharts/raft.ts';
import { integerBelow, pick, type Random } from '../../environment/random.ts';
import { checkHistory, createHistoryRecorder, keyValue, type RecordedCall, readHistory } from '../../history.ts';
import { NodeFailedError } from '../../host/errors.ts';
import { createNode, type Node } from '../../host/node.ts';
import { beginLife } from '../../services/lives/memory.ts';
import { createWitness, type Witness } from '../../services/lives/witness.ts';
import { NotHappenedError } from '../../services/store/errors.ts';
import {
  createKeyValueMachine,
  encodeCommand,
  type KeyValueResult,
  type Versioned,
} from '../../services/store/key-value/machine.ts';
import { raft } from '../../services/store/log/raft.ts';
import { type ReplicatedStore, startReplicatedStore } from '../../services/store/replicated-store.ts';
import type { Application, Boot, Outcome, Scenario, Watch, World } from '../../simulator/scenario.ts';
import type { PlannedOperation } from '../../simulator/schedule.ts';
import { createRaftInvariants, raftGoals, type ServerView } from './invariants.ts';

/** What a client does with a key; values are unique in a run, so that histories are quick to judge. */
const operationSchema = v.object({
  f: v.picklist(['put', 'get', 'delete', 'cas', 'replace']),
  key: v.string(),
  value: v.number(),
});
type KeyOperation = v.InferOutput<typeof operationSchema>;

/** A node with its store. */
export interface StoreApplication extends Application {
  readonly node: Node;
  readonly store: ReplicatedStore;
}

const storeKey = 'kv';

/** Small, so that logs are compacted and snapshots travel in chunks within seconds of virtual time. */
const limits = { compactBeyondBytes: 700, retainBytes: 0, maxAppendBytes: 600 };

const clients = 4;
const operationsPerRun = 60;
const keys = ['a', 'b', 'c'];
const deadlineMs = 2_000;
/** Far more than the history of a run takes. */
const stepLimit = 5_000_000;

const goals = [...raftGoals, 'an operation succeeded', 'a compare-and-set succeeded', 'an outcome was unknown'];

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
    probe: (machine, atMs) => ({ client: -1, atMs, node: machine, operation: { f: 'put', key: 'probe', value: atMs } }),
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

function planOperations(machines: readonly string[], durationMs: number, random: Random): readonly PlannedOperation[] {
  return Array.from({ length: operationsPerRun }, (_, index) => ({
    client: index % clients,
    atMs: Math.round(random.next() * durationMs),
    node: pick(random, machines) ?? '',
    operation: {
      f: pick(random, ['put', 'put', 'get', 'get', 'cas', 'delete'] as const) ?? 'get',
      key: keys[integerBelow(random, keys.length)] ?? '',
      value: index + 1,
    } satisfies KeyOperation,
  })).sort((a, b) => a.atMs - b.atMs);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const bytesOf = (value: number): Uint8Array => encoder.encode(String(value));
const numberIn = ({ value }: Versioned): number => Number(decoder.decode(value));

/** Carries out one operation. A compare-and-set reads the key first, and then replaces what it has read. */
function performOn(store: ReplicatedStore, operation: KeyOperation, done: (outcome: Outcome) => void): void {
  const { f, key, value } = operation;
  const attempt = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      done(outcomeOf(error));
    }
  };
  const get = (then: (found: Versioned | undefined) => void): void =>
    store.queryThen({ type: 'get', key }, { deadlineMs }, (error, found) => {
      if (error !== undefined) done(outcomeOf(error));
      else attempt(() => then(isVersioned(found) ? found : undefined));
    });
  const write = (command: Uint8Array, then: (result: KeyValueResult) => Outcome): void =>
    store.executeThen(command, { deadlineMs }, (error, result) =>
      done(error === undefined && isResult(result) ? then(result) : outcomeOf(error)),
    );
  attempt(() => {
    if (f === 'replace') {
      const [leaving = '', joining = ''] = key.split(' ');
      const change = { leaving, joining, place: `${joining}:1` };
      store.replaceThen(change, { deadlineMs }, (error) =>
        done(error === undefined ? { type: 'ok', value: null } : outcomeOf(error)),
      );
    } else if (f === 'get') get((found) => done({ type: 'ok', value: found === undefined ? null : numberIn(found) }));
    else if (f === 'put') {
      write(encodeCommand({ type: 'put', key, value: bytesOf(value) }), () => ({ type: 'ok', value: null }));
    } else if (f === 'delete') write(encodeCommand({ type: 'delete', key }), () => ({ type: 'ok', value: null }));
    else {
      get((found) => {
        const condition =
          found === undefined ? ({ type: 'absent' } as const) : ({ type: 'version', version: found.version } as const);
        const expected = found === undefined ? null : numberIn(found);
        write(encodeCommand({ type: 'put', key, value: bytesOf(value), condition }), (result) => ({
          type: 'ok',
          value: { expected, swapped: result.type === 'stored' },
        }));
      });
    }
  });
}

const isVersioned = (value: unknown): value is Versioned =>
  typeof value === 'object' && value !== null && 'version' in value && 'value' in value;
const isResult = (value: unknown): value is KeyValueResult =>
  typeof value === 'object' && value !== null && 'type' in value;

const outcomeOf = (error: unknown): Outcome =>
  error instanceof NotHappenedError
    ? { type: 'failed', reason: error.code }
    : { type: 'unknown', reason: error instanceof Error ? error.message : String(error) };

const swapSchema = v.object({ expected: v.nullable(v.number()), swapped: v.boolean() });

function createWatch(serverName: string): Watch<StoreApplication> {
  const invariants = createRaftInvariants();
  const serversIn = createLookout(serverName);
  const reached = new Set<string>();
  const time = { nowMs: 0 };
  const clock = { nowMs: () => time.nowMs, setTimeout: () => 0, clearTimeout: () => {}, enqueue: () => {} };
  const recorder = createHistoryRecorder({ clock });
  const calls = new Map<PlannedOperation, RecordedCall>();
  let failure: string | undefined;
  return {
    booted({ app, id }) {
      app?.store.failure.subscribe(({ cause }) => {
        // A node whose disk fails takes its store along; everything else that ends a store is a bug.
        if (!(cause instanceof NodeFailedError)) failure ??= `the store of ${id} failed: ${String(cause)}`;
      });
    },
    died: (machine) => invariants.died(addressOf(machine, serverName, storeKey)),
    invoked(operation, nowMs) {
      time.nowMs = nowMs;
      const { f, key, value } = v.parse(operationSchema, operation.operation);
      if (f === 'replace') return;
      // What a compare-and-set expects is known only once it has read; it is recorded as a put that may be refused.
      const process = operation.client < 0 ? `probe ${operation.atMs}` : operation.client;
      const invocation = f === 'put' || f === 'cas' ? { f: 'put', key, value } : { f, key };
      calls.set(operation, recorder.invoke(process, invocation));
    },
    ended(operation, outcome, nowMs) {
      time.nowMs = nowMs;
      const call = calls.get(operation);
      const { f } = v.parse(operationSchema, operation.operation);
      if (outcome.type === 'failed') call?.fail(outcome.reason);
      else if (outcome.type === 'unknown') {
        reached.add('an outcome was unknown');
        call?.info(outcome.reason);
      } else {
        if (f === 'replace') return;
        reached.add('an operation succeeded');
        if (f === 'cas') {
          const { swapped } = v.parse(swapSchema, outcome.value);
          if (swapped) reached.add('a compare-and-set succeeded');
          if (swapped) call?.ok();
          else call?.fail('the key had changed');
        } else if (f === 'get') call?.ok(outcome.value);
        else call?.ok();
      }
    },
    check(world) {
      const servers = serversIn(world);
      for (const { context } of servers) noteMembers(context, reached);
      return failure ?? invariants.check(servers);
    },
    finish() {
      const model = keyValue();
      const history = readHistory(recorder.lines(), model);
      const { verdict, violation } = checkHistory(history, model, { clock, stepLimit });
      if (verdict === 'unknown') return `linearizability: not decided within ${stepLimit} steps`;
      return verdict === 'violation'
        ? `linearizability: key ${String(violation?.key)} has no order of operations`
        : undefined;
    },
    goals: () => [...invariants.reached, ...reached],
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
