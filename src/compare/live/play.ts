/** One run of a method as processes: the workload and the fault of the simulator's runs, on the system's clock. */

import * as v from 'valibot';
import { type Clock, pause } from '../../environment/clock.ts';
import type { Environment } from '../../environment/environment.ts';
import type { Client } from '../../services/store/client.ts';
import { connect } from '../../services/store/tcp-client.ts';
import type { OperationEnd } from '../../simulator/scenario.ts';
import type { Fault, PlannedOperation } from '../../simulator/schedule.ts';
import { machines, times } from '../faults.ts';
import { ComparisonRunError, type Noted } from '../run.ts';
import { createTally, createWitness, type Witness } from '../witness.ts';
import { operationSchema, patienceMs } from '../workload.ts';
import type { LiveCluster, LiveNode } from './cluster.ts';
import { createLiveTeller, type LiveTeller } from './teller.ts';

/** A run on a cluster, which was started for it. */
export interface LivePlan {
  readonly name: string;
  readonly operations: readonly PlannedOperation[];
  /** When clients begin nothing any more, and the accounts are looked at. */
  readonly untilMs: number;
  /** When it is asked which node serves, and what is done to it then; what comes of it is nothing by default. */
  readonly serving?: { readonly atMs: number; readonly faultsFor: (victim: string) => readonly Fault[] };
}

/** How long a cluster may take to answer at first, and to be read at last, in milliseconds. */
const startMs = 30_000;

/** How often the accounts are looked at that cannot be read yet, in milliseconds. */
const lookIntervalMs = 100;

/** The time of a run: it begins as late as the simulator's runs have found their leader. */
interface RunTime {
  nowMs(): number;
  reached(atMs: number): Promise<void>;
}

function timeFrom(clock: Clock): RunTime {
  const zeroMs = clock.nowMs() - times.idleFromMs;
  const nowMs = (): number => clock.nowMs() - zeroMs;
  const reached = (atMs: number): Promise<void> => pause(clock, Math.max(0, atMs - nowMs()));
  return { nowMs, reached };
}

/** Plays a run out. The cluster stays the caller's. @throws ComparisonRunError when a node did what no fault accounts for */
export async function playLive(cluster: LiveCluster, plan: LivePlan, environment: Environment): Promise<Noted> {
  const { clock } = environment;
  const clients = await Promise.all(machines.map((machine) => clientBeside(machine, cluster, environment)));
  try {
    const tellers = new Map(machines.map((machine, at) => [machine, tellerOf(clients[at], clock)]));
    await openAccounts([...tellers.values()]);
    const time = timeFrom(clock);
    const witness = createWitness();
    const [serving] = await Promise.all([
      strike(cluster, plan, time),
      ...byClient(plan.operations).map((operations) => work(operations, { tellers, witness, time, clock, plan })),
    ]);
    await time.reached(plan.untilMs);
    const carriedOut = await lookAtLast([...tellers.values()], time);
    const problem = cluster.problem();
    if (problem !== undefined) {
      throw new ComparisonRunError(
        `expected a run that only its fault disturbs, got ${plan.name}: ${problem}; report this`,
      );
    }
    return {
      seen: witness.seen,
      carriedOut,
      messages: createTally(),
      flushes: createTally(),
      serving,
      statements: [],
      isGone: false,
      blocked: undefined,
    };
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
}

/** A client beside a machine knows the node there; one beside a machine without a node, the first. */
function clientBeside(machine: string, { nodes }: LiveCluster, environment: Environment): Promise<Client> {
  const node = nodes.find(({ id }) => id === machine) ?? nodes[0];
  return connect(node === undefined ? [] : [node.address], { connectMs: startMs, environment });
}

function tellerOf(client: Client | undefined, clock: Clock): LiveTeller {
  if (client === undefined) throw new TypeError('expected a client beside each machine');
  return createLiveTeller(client, clock);
}

/** Each client has asked something before the first operation is measured, and so has a session. */
async function openAccounts(tellers: readonly LiveTeller[]): Promise<void> {
  for (const teller of tellers) await teller.open(startMs);
}

/** What each client does, one after the other. */
const byClient = (operations: readonly PlannedOperation[]): readonly (readonly PlannedOperation[])[] => [
  ...operations
    .reduce((all, it) => {
      const before = all.get(it.client);
      if (before === undefined) all.set(it.client, [it]);
      else before.push(it);
      return all;
    }, new Map<number, PlannedOperation[]>())
    .values(),
];

interface Working {
  readonly tellers: ReadonlyMap<string, LiveTeller>;
  readonly witness: Witness;
  readonly time: RunTime;
  readonly clock: Clock;
  readonly plan: LivePlan;
}

/** Does one operation after the other, each at its time or as soon as the one before has ended. */
async function work(operations: readonly PlannedOperation[], working: Working): Promise<void> {
  const { tellers, witness, time, clock, plan } = working;
  for (const operation of operations) {
    const teller = tellers.get(operation.node);
    if (operation.atMs > time.nowMs()) await time.reached(operation.atMs);
    if (teller === undefined || time.nowMs() >= plan.untilMs) return;
    witness.invoked(operation, time.nowMs());
    witness.ended(operation, await patiently(ask(teller, operation), clock), time.nowMs());
  }
}

function ask(teller: LiveTeller, { operation }: PlannedOperation): Promise<OperationEnd> {
  const asked = v.parse(operationSchema, operation);
  return asked.f === 'transfer' ? teller.transfer(asked) : teller.read();
}

/** Answers count as long as a client waits for them, however long the store goes on. */
function patiently(asked: Promise<OperationEnd>, clock: Clock): Promise<OperationEnd> {
  return new Promise((resolve, reject) => {
    const timeout = clock.setTimeout(
      () => resolve({ type: 'unknown', reason: 'no answer came in time' }),
      // What the client itself knows of an operation that it gives up in time is known better.
      patienceMs + 50,
    );
    asked.then(resolve, reject).finally(() => clock.clearTimeout(timeout));
  });
}

/** Does what is planned to the node that serves at that time. @returns that node */
async function strike(cluster: LiveCluster, { serving }: LivePlan, time: RunTime): Promise<string | undefined> {
  if (serving === undefined) return undefined;
  await time.reached(serving.atMs);
  const victim = cluster.leader();
  const faults = serving.faultsFor(victim ?? cluster.nodes[0]?.id ?? '');
  await Promise.all(faults.map((fault) => strikeOnce(cluster.nodes, fault, time)));
  return victim;
}

async function strikeOnce(nodes: readonly LiveNode[], fault: Fault, time: RunTime): Promise<void> {
  if (fault.kind !== 'crash' && fault.kind !== 'pause') {
    throw new TypeError(`expected a fault that a signal makes, got '${fault.kind}'`);
  }
  const node = nodes.find(({ id }) => id === fault.node);
  if (node === undefined) throw new TypeError(`expected a node '${fault.node}' to strike`);
  await time.reached(fault.atMs);
  if (fault.kind === 'crash') await node.kill();
  else node.pause();
  await time.reached(fault.untilMs);
  if (fault.kind === 'crash') node.start();
  else node.resume();
}

/** What was carried out, of the first node that tells; undefined when none does. */
async function lookAtLast(tellers: readonly LiveTeller[], time: RunTime): Promise<readonly string[] | undefined> {
  const untilMs = time.nowMs() + startMs;
  while (time.nowMs() < untilMs) {
    for (const teller of tellers) {
      const names = await teller.carriedOut(patienceMs).catch(() => undefined);
      if (names !== undefined) return names;
    }
    await time.reached(time.nowMs() + lookIntervalMs);
  }
  return undefined;
}
