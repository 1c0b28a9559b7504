/**
 * The transaction manager of a node: runs transactions over the node's resources, remembers how they ended, and recovers
 * what an earlier life left unfinished. The protocol itself is in the coordinator's and the participants' charts.
 */

import { Subject } from 'rxjs';
import { partsOf } from '../../../statecharts/actor.ts';
import {
  type CoordinatorOutput,
  type CoordinatorTimes,
  coordinatorAddress,
  coordinatorName,
  defaultParticipantTimes,
  defineTwoPhaseCommit,
  type ParticipantTimes,
  type TwoPhaseCommit,
} from '../../../statecharts/two-phase-commit.ts';
import { systemEnvironment } from '../../environment/environment.ts';
import type { Node, Resources } from '../../host/node.ts';
import type { Committed, ManagerNotice, TransactionManager } from './contract.ts';
import { serveManager } from './endpoint.ts';
import { TransactionLimitError, TransactionManagerClosedError, TransactionOptionsError } from './errors.ts';
import { createIdempotencyKeys } from './idempotency.ts';
import { type DecisionKind, originOf, transactionIdOf } from './ids.ts';
import { inquire } from './inquiry.ts';
import { coordinatorsOn, listTransactions } from './listing.ts';
import { openMemory } from './memory.ts';
import { limitsOf, maxKeyLength, participatingOf, type TransactionManagerOptions, timesOf } from './options.ts';
import { startRecovery } from './recovery.ts';
import { type DecisionRegister, isDecisionRegister } from './register/register.ts';
import { createTakeOver } from './take-over.ts';
import { runTransaction } from './transaction.ts';
import type { WorkOf } from './work.ts';

/** The protocol as managers run it. Back with its manager, and not before: what earlier lives committed is remembered first. */
const managedCommit = defineTwoPhaseCommit({ coordinator: { revivedBy: 'application' } });

/**
 * The actors of a manager's transactions. Its node knows them from when the manager is made; one that is to know them
 * earlier, because other nodes have something to say to them, is made with `createNode({ ..., actors: transactionActors })`.
 */
export const transactionActors = [managedCommit.coordinator, managedCommit.participant] as const;

/** How long coordinators and participants answer once everything is over; what lasts is in the manager's memory. */
const lingerMs = 20;
const marginMs = 1_000;

/**
 * Makes the manager of a node. It resolves when its life is recorded and a first pass of recovery was made; a resource
 * that is out of reach does not keep it waiting for longer than its deadline.
 *
 * @throws TransactionOptionsError; AddressTakenError when the node has a manager; NodeFailedError's cause when the
 *   journal fails
 *
 * @example
 * const node = createNode({ id: 'n1', bus, journal, resources: { orders, stock } });
 * const manager = await createTransactionManager({ node });
 * await manager.transact(async ({ orders, stock }) => {
 *   await orders.query('insert into orders ...');
 *   await stock.query('update items ...');
 * });
 */
export async function createTransactionManager<Owned extends Resources>(
  options: TransactionManagerOptions<Owned>,
): Promise<TransactionManager<Owned>> {
  const { node, environment = systemEnvironment(), last, protocol = managedCommit } = options;
  const { clock } = environment;
  const times = timesOf(options.times);
  const limits = limitsOf(options.limits);
  const resources = participatingOf(options);
  const register = registerOf(node, options.register);
  const kind: DecisionKind = register !== undefined ? 'register' : last !== undefined ? 'last' : 'journal';
  node.adopt([protocol.coordinator, protocol.participant]);
  const memory = openMemory(
    node.journal,
    clock,
    { retentionMs: times.retentionMs, maxOutcomes: limits.keptOutcomes },
    { last, resources: Object.keys(resources) },
  );
  const startedMs = clock.nowMs();
  const origin = originOf(node.journal.id);
  const notices = new Subject<ManagerNotice>();
  /** Transactions of this life whose verdict is not heard, or whose branches have not all ended. */
  const begunAtMs = new Map<string, number>();
  const undecided = new Set<string>();
  const standing = new Map<string, string>();
  let sequence = 0;
  let calls = 0;
  let committedCount = 0;
  let abortedCount = 0;
  let isClosed = false;

  reviveCoordinators(node, protocol);
  // What earlier lives decided is remembered beyond the lives of its coordinators, too.
  for (const seen of coordinatorsOn(node)) {
    if (seen.begun === 'recovered' && seen.outcome === 'committed')
      memory.committed(seen.transaction, seen.idempotencyKey);
  }

  const coordinatorTimes: CoordinatorTimes = {
    transactionTimeoutMs: times.timeoutMs,
    voteTimeoutMs: times.voteTimeoutMs,
    retryIntervalMs: times.retryIntervalMs,
    resourceDeadlineMs: times.resourceDeadlineMs,
    retentionMs: lingerMs,
  };
  const participantTimesFor = (timeoutMs: number): ParticipantTimes => ({
    ...defaultParticipantTimes,
    // A branch outlives every wait of its coordinator: for the function, the register, and the votes.
    idleTimeoutMs: timeoutMs + 2 * times.voteTimeoutMs + marginMs,
    inquiryIntervalMs: times.inquiryIntervalMs,
    peerInquiryDelayMs: times.voteTimeoutMs + marginMs,
    retryIntervalMs: times.retryIntervalMs,
    resourceDeadlineMs: times.resourceDeadlineMs,
    lingerMs,
  });

  const onOutput = (output: CoordinatorOutput, idempotencyKey: string | null): void => {
    switch (output.type) {
      case 'committed':
        committedCount += 1;
        memory.committed(output.transaction, idempotencyKey);
        return;
      case 'aborted':
        abortedCount += 1;
        memory.dropped(output.transaction);
        return;
      case 'hazard':
        notices.next(output);
        return;
      case 'ended':
        begunAtMs.delete(output.transaction);
        return;
      case 'fenced':
    }
  };

  const keys = createIdempotencyKeys({
    node: node.id,
    clock,
    memory,
    resources,
    register,
    resourceDeadlineMs: times.resourceDeadlineMs,
    isOpen: (transaction) => undecided.has(transaction),
  });
  const participantTimes = participantTimesFor(times.timeoutMs);
  const recovery = startRecovery({
    node,
    protocol,
    clock,
    resources,
    register: options.register,
    memory,
    times,
    participantTimes,
    isOpen: (transaction) => undecided.has(transaction),
    oldestOpenMs() {
      if (coordinatorsOn(node).some((it) => it.begun === 'recovered' && it.isUnfinished)) return undefined;
      const [oldest] = begunAtMs.values();
      return oldest === undefined ? 0 : clock.nowMs() - oldest;
    },
    async settle() {
      // The register may be out of reach; the next pass asks again.
      await Promise.all([keys.settle(), takeOver.reclaim().catch(() => undefined)]);
    },
    onReport(report) {
      const now = `${report.state} ${report.problem ?? ''} ${report.orphans.length}`;
      const before = standing.get(report.resource) ?? 'ready  0';
      standing.set(report.resource, now);
      if (now !== before) notices.next({ type: 'resource', report });
    },
  });

  const inquiry = {
    node,
    clock,
    memory,
    resources,
    register,
    resourceDeadlineMs: times.resourceDeadlineMs,
    isOpen: (transaction: string) => undecided.has(transaction),
    latest: () => ({ incarnation: memory.incarnation, sequence }),
  };
  const takeOver = createTakeOver({
    node,
    protocol,
    clock,
    resources,
    register,
    registerName: options.register,
    times,
    participantTimes,
    isOpen: (transaction) => undecided.has(transaction),
  });

  const begin = async <T>(
    act: (work: WorkOf<Owned>) => Promise<T>,
    timeoutMs: number,
    idempotencyKey: string | undefined,
  ): Promise<Committed<T>> => {
    const untilMs = clock.nowMs() + timeoutMs + times.outcomeTimeoutMs;
    while (idempotencyKey !== undefined) {
      const earlier = await keys.committedUnder(idempotencyKey, untilMs);
      if (earlier !== undefined) return { outcome: 'committed', transaction: earlier, isRepeated: true };
      assertRunning();
      // Another call may have taken the key while this one looked.
      if (!keys.isTaken(idempotencyKey)) break;
    }
    sequence += 1;
    const id = transactionIdOf({ kind, origin, incarnation: memory.incarnation, sequence });
    undecided.add(id);
    begunAtMs.set(id, clock.nowMs());
    const over = (): void => {
      undecided.delete(id);
      if (idempotencyKey !== undefined) keys.release(idempotencyKey, id);
    };
    try {
      const running = runTransaction(
        {
          node,
          protocol,
          clock,
          id,
          resources,
          idempotencyKey,
          register: options.register,
          last,
          coordinatorTimes: { ...coordinatorTimes, transactionTimeoutMs: timeoutMs },
          participantTimes: participantTimesFor(timeoutMs),
          outcomeTimeoutMs: times.outcomeTimeoutMs,
          maxStatements: limits.statements,
          async beforeOnePhase(resource) {
            if (idempotencyKey !== undefined) await memory.intend({ transaction: id, idempotencyKey, resource });
          },
          onOutput: (output) => onOutput(output, idempotencyKey ?? null),
          onOver: over,
        },
        act,
      );
      if (idempotencyKey !== undefined) keys.take(idempotencyKey, id, running.verdict);
      return { outcome: 'committed', transaction: id, isRepeated: false, value: await running.result };
    } catch (error) {
      // Not begun at all: the node would not start its coordinator.
      if (
        !node.isAlive(coordinatorAddress({ manager: node.id, transaction: id })) &&
        undecided.has(id) &&
        node.isRunning
      ) {
        over();
        begunAtMs.delete(id);
      }
      throw error;
    }
  };

  const assertRunning = (): void => {
    if (!isClosed && node.isRunning) return;
    throw new TransactionManagerClosedError(
      isClosed
        ? `the transaction manager of node '${node.id}' is closed; make a new one`
        : `node '${node.id}' has stopped; start it again, and its manager`,
    );
  };

  const transact: TransactionManager<Owned>['transact'] = async (act, how = {}) => {
    const { timeoutMs = times.timeoutMs, idempotencyKey } = how;
    assertRunning();
    if (!(Number.isFinite(timeoutMs) && timeoutMs > 0)) {
      throw new TransactionOptionsError(`expected timeoutMs to be a finite number above 0, got ${timeoutMs}`);
    }
    if (idempotencyKey !== undefined && (idempotencyKey.length === 0 || idempotencyKey.length > maxKeyLength)) {
      throw new TransactionOptionsError(
        `expected an idempotency key of 1 to ${maxKeyLength} characters, got ${idempotencyKey.length}`,
      );
    }
    if (calls >= limits.openTransactions) {
      throw new TransactionLimitError(
        `${calls} transactions are open on node '${node.id}', its limit; try again later, or raise limits.openTransactions`,
      );
    }
    calls += 1;
    try {
      return await begin(act, timeoutMs, idempotencyKey);
    } finally {
      calls -= 1;
    }
  };

  const manager: TransactionManager<Owned> = {
    transact,
    outcome: (transaction) => inquire(inquiry, transaction),
    list: () => listTransactions(node, (transaction) => clock.nowMs() - (begunAtMs.get(transaction) ?? startedMs)),
    recover: () => recovery.pass(),
    takeOver: takeOver.from,
    status: () => ({
      node: node.id,
      incarnation: memory.incarnation,
      open: undecided.size,
      maxOpen: limits.openTransactions,
      keptOutcomes: memory.counts.outcomes,
      keptKeys: memory.counts.keys,
      maxKeptOutcomes: limits.keptOutcomes,
      forgottenEarly: memory.counts.forgottenEarly,
      committed: committedCount,
      aborted: abortedCount,
      resources: recovery.last,
    }),
    notices: notices.asObservable(),
    close() {
      if (isClosed) return;
      isClosed = true;
      recovery.close();
      memory.close();
      endpoint.close();
      notices.complete();
    },
  };
  const endpoint = serveManager(node, manager);
  await memory.ready;
  await recovery.pass();
  return manager;
}

/** Brings back the coordinators of which the journal holds records. */
function reviveCoordinators(node: Node, { coordinator }: TwoPhaseCommit): void {
  for (const address of node.journal.actors()) {
    const { name, key } = partsOf(address);
    if (name !== coordinatorName || node.isAlive(address)) continue;
    node.launch(coordinator, { key, input: { type: 'recovered' } });
  }
}

function registerOf(node: Node, name: string | undefined): DecisionRegister | undefined {
  const held = name === undefined ? undefined : node.resources[name];
  return held !== undefined && isDecisionRegister(held) ? held : undefined;
}
