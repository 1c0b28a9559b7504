/**
 * The transaction manager of a node: runs transactions over the node's resources, remembers how they ended, and recovers
 * what an earlier life left unfinished. The protocol itself is in the coordinator's and the participants' charts.
 */

import { type Observable, Subject } from 'rxjs';
import {
  type CoordinatorOutput,
  type CoordinatorTimes,
  coordinator,
  defaultParticipantTimes,
  type ParticipantTimes,
  participant,
} from '../../../statecharts/two-phase-commit.ts';
import { systemEnvironment } from '../../environment/environment.ts';
import type { Node, Resources } from '../../host/node.ts';
import { serveManager } from './endpoint.ts';
import {
  TransactionLimitError,
  TransactionManagerClosedError,
  TransactionOptionsError,
  TransactionOutcomeUnknownError,
} from './errors.ts';
import { type DecisionKind, originOf, transactionIdOf } from './ids.ts';
import { inquire, type TransactionOutcome } from './inquiry.ts';
import { coordinatorsOn, isUnfinished, type ListedTransaction, listTransactions } from './listing.ts';
import { type Intent, openMemory } from './memory.ts';
import { limitsOf, maxKeyLength, participatingOf, type TransactionManagerOptions, timesOf } from './options.ts';
import { type ResourceReport, startRecovery } from './recovery.ts';
import { type DecisionRegister, isDecisionRegister } from './register/register.ts';
import { createTakeOver, type TakeOverReport } from './take-over.ts';
import { runTransaction } from './transaction.ts';
import type { WorkOf } from './work.ts';

/** The actors that the node of a manager must know: `createNode({ ..., actors: transactionActors })`. */
export const transactionActors = [coordinator, participant] as const;

export interface TransactOptions {
  /** From the beginning to the end of the function; longer aborts. The manager's `times.timeoutMs` by default. */
  readonly timeoutMs?: number;
  /**
   * Up to 200 characters. A transaction that has committed under this key is not run again while that is remembered:
   * the answer is that it committed.
   */
  readonly idempotencyKey?: string;
}

/** A transaction that committed. */
export type Committed<T> =
  /** `value` is what the function returned. */
  | { readonly outcome: 'committed'; readonly transaction: string; readonly isRepeated: false; readonly value: T }
  /** It had committed before, under the same idempotency key; the function was not run now. */
  | { readonly outcome: 'committed'; readonly transaction: string; readonly isRepeated: true };

/** Something that somebody should know. */
export type ManagerNotice =
  /** Somebody has interfered with a resource: a branch was found with another outcome than the decided one. */
  | { readonly type: 'hazard'; readonly transaction: string; readonly branch: string; readonly found: string }
  /** How a resource stands has changed, or it has orphans. */
  | { readonly type: 'resource'; readonly report: ResourceReport };

/** How much of its limits a manager uses. */
export interface ManagerStatus {
  readonly node: string;
  readonly incarnation: number;
  readonly open: number;
  readonly maxOpen: number;
  readonly keptOutcomes: number;
  readonly keptKeys: number;
  readonly maxKeptOutcomes: number;
  /** Outcomes forgotten before their retention was over, because there were too many. */
  readonly forgottenEarly: number;
  readonly committed: number;
  readonly aborted: number;
  /** As of the last pass of recovery. */
  readonly resources: readonly ResourceReport[];
}

export interface TransactionManager<Owned extends Resources> {
  /**
   * Runs `act` as one atomic transaction over all resources that it uses. Each has a session in the argument, under its
   * name; a resource takes part from its first statement on. Await every statement.
   *
   * @returns when the decision to commit is durable; the second phase goes on in the background
   * @throws TransactionAbortedError when nothing of it happened and never will, with the error of `act` as its cause if
   *   that is why; TransactionOutcomeUnknownError; TransactionLimitError, TransactionManagerClosedError,
   *   TransactionOptionsError (a key that is too long) when it was not begun
   */
  transact<T>(act: (work: WorkOf<Owned>) => Promise<T>, options?: TransactOptions): Promise<Committed<T>>;
  /** What became of a transaction, of this life of the manager or an earlier one. */
  outcome(transaction: string): Promise<TransactionOutcome>;
  /** What is not over, oldest first. */
  list(): readonly ListedTransaction[];
  /** Makes a pass of recovery now. */
  recover(): Promise<readonly ResourceReport[]>;
  /**
   * Takes over every open transaction of another node's manager, which is dead or taken to be so; decided ones are
   * finished, all others aborted. Safe also when it lives: it is fenced. Needs the register, and the same resources.
   *
   * @throws TransactionOptionsError without a register; what the register's store throws
   */
  takeOver(node: string): Promise<TakeOverReport>;
  status(): ManagerStatus;
  readonly notices: Observable<ManagerNotice>;
  /** Takes no more transactions and stops recovery. What is under way goes on until the node stops. Idempotent. */
  close(): void;
}

/** How long coordinators and participants answer once everything is over; what lasts is in the manager's memory. */
const lingerMs = 2_000;
const marginMs = 1_000;

/**
 * Makes the manager of a node. It resolves when its life is recorded and a first pass of recovery was made; a resource
 * that is out of reach does not keep it waiting for longer than its deadline.
 *
 * @throws TransactionOptionsError; AddressTakenError when the node has a manager; NodeFailedError's cause when the
 *   journal fails
 *
 * @example
 * const node = createNode({ id: 'n1', bus, journal, actors: transactionActors, resources: { orders, stock } });
 * const manager = await createTransactionManager({ node });
 * await manager.transact(async ({ orders, stock }) => {
 *   await orders.query('insert into orders ...');
 *   await stock.query('update items ...');
 * });
 */
export async function createTransactionManager<Owned extends Resources>(
  options: TransactionManagerOptions<Owned>,
): Promise<TransactionManager<Owned>> {
  const { node, environment = systemEnvironment(), last } = options;
  const { clock } = environment;
  const times = timesOf(options.times);
  const limits = limitsOf(options.limits);
  const resources = participatingOf(
    options,
    transactionActors.map(({ name }) => name),
  );
  const register = registerOf(node, options.register);
  const kind: DecisionKind = register !== undefined ? 'register' : last !== undefined ? 'last' : 'journal';
  const memory = openMemory(node.journal, clock, {
    retentionMs: times.retentionMs,
    maxOutcomes: limits.keptOutcomes,
  });
  const startedMs = clock.nowMs();
  const origin = originOf(node.journal.id);
  const notices = new Subject<ManagerNotice>();
  /** Transactions of this life whose verdict is not heard, or whose branches have not all ended. */
  const begunAtMs = new Map<string, number>();
  const undecided = new Set<string>();
  const keysInUse = new Map<string, { readonly transaction: string; readonly verdict: Promise<unknown> }>();
  const standing = new Map<string, string>();
  let sequence = 0;
  let calls = 0;
  let committedCount = 0;
  let abortedCount = 0;
  let isClosed = false;

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

  const intentOutcome = async ({ transaction, resource }: Intent): Promise<'committed' | 'aborted' | undefined> => {
    const held = resources[resource];
    if (held === undefined) return undefined;
    const branch = { manager: node.id, transaction, branch: resource };
    const absence = await held.writeAbsence(branch, { timeoutMs: times.resourceDeadlineMs });
    if (absence.type === 'committed') return 'committed';
    return absence.type === 'absent' ? 'aborted' : undefined;
  };
  /** Finds out about a one-phase commit of an earlier life. @returns whether it is certain now */
  const settleIntent = async (intent: Intent): Promise<boolean> => {
    if (undecided.has(intent.transaction)) return false;
    const outcome = await intentOutcome(intent);
    if (outcome === 'committed') memory.committed(intent.transaction, intent.idempotencyKey);
    else if (outcome === 'aborted') memory.dropped(intent.transaction);
    return outcome !== undefined;
  };

  const participantTimes = participantTimesFor(times.timeoutMs);
  const recovery = startRecovery({
    node,
    clock,
    resources,
    register: options.register,
    incarnation: memory.incarnation,
    times,
    participantTimes,
    isOpen: (transaction) => undecided.has(transaction),
    oldestOpenMs() {
      if (coordinatorsOn(node).some((it) => it.begun === 'recovered' && isUnfinished(it))) return undefined;
      const [oldest] = begunAtMs.values();
      return oldest === undefined ? 0 : clock.nowMs() - oldest;
    },
    async settle() {
      await Promise.all(memory.intents().map(settleIntent));
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
    clock,
    resources,
    register,
    registerName: options.register,
    times,
    participantTimes,
  });

  /** The transaction that has committed under a key; returns undefined when the key is free. */
  const committedUnder = async (idempotencyKey: string, untilMs: number): Promise<string | undefined> => {
    for (;;) {
      const known = memory.committedUnder(idempotencyKey);
      if (known !== undefined) return known;
      const busy = keysInUse.get(idempotencyKey);
      const intent = memory.intentUnder(idempotencyKey);
      if (busy !== undefined) {
        const remainingMs = untilMs - clock.nowMs();
        if (!(await settledWithin(busy.verdict, remainingMs))) {
          throw new TransactionOutcomeUnknownError(busy.transaction, 'it is under way with the same idempotency key');
        }
      } else if (intent !== undefined) {
        if (!(await settleIntent(intent))) {
          const detail = `'${intent.resource}' does not say for certain whether it committed there`;
          throw new TransactionOutcomeUnknownError(intent.transaction, detail);
        }
      } else {
        return register === undefined ? undefined : heldInRegister(register, idempotencyKey);
      }
    }
  };
  const heldInRegister = async (decisions: DecisionRegister, idempotencyKey: string): Promise<string | undefined> => {
    let holder: Awaited<ReturnType<DecisionRegister['holderOf']>>;
    try {
      holder = await decisions.holderOf(idempotencyKey, times.resourceDeadlineMs);
    } catch {
      // Registration asks the register again, and is refused where the key is taken.
      return undefined;
    }
    if (holder === null || holder.outcome === 'aborted') return undefined;
    if (holder.outcome === 'committed') return holder.transaction;
    throw new TransactionOutcomeUnknownError(holder.transaction, 'another transaction with this key is under way');
  };
  /** Whether `promise` settles in time. */
  const settledWithin = (promise: Promise<unknown>, timeoutMs: number): Promise<boolean> =>
    new Promise((resolve) => {
      const timeout = clock.setTimeout(() => resolve(false), Math.max(0, timeoutMs));
      promise.then((verdict) => {
        clock.clearTimeout(timeout);
        resolve(verdict !== undefined);
      });
    });

  const begin = async <T>(
    act: (work: WorkOf<Owned>) => Promise<T>,
    timeoutMs: number,
    idempotencyKey: string | undefined,
  ): Promise<Committed<T>> => {
    const untilMs = clock.nowMs() + timeoutMs + times.outcomeTimeoutMs;
    while (idempotencyKey !== undefined) {
      const earlier = await committedUnder(idempotencyKey, untilMs);
      if (earlier !== undefined) return { outcome: 'committed', transaction: earlier, isRepeated: true };
      assertRunning();
      // Another call may have taken the key while this one looked.
      if (!keysInUse.has(idempotencyKey) && memory.committedUnder(idempotencyKey) === undefined) break;
    }
    sequence += 1;
    const id = transactionIdOf({ kind, origin, incarnation: memory.incarnation, sequence });
    undecided.add(id);
    begunAtMs.set(id, clock.nowMs());
    const over = (): void => {
      undecided.delete(id);
      if (idempotencyKey !== undefined && keysInUse.get(idempotencyKey)?.transaction === id) {
        keysInUse.delete(idempotencyKey);
      }
    };
    try {
      const running = runTransaction(
        {
          node,
          clock,
          id,
          resources,
          idempotencyKey,
          register: options.register,
          last,
          votesIn: kind === 'last' ? 'journal' : 'resource',
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
      if (idempotencyKey !== undefined) keysInUse.set(idempotencyKey, { transaction: id, verdict: running.verdict });
      return { outcome: 'committed', transaction: id, isRepeated: false, value: await running.result };
    } catch (error) {
      // Not begun at all: the node would not start its coordinator.
      if (node.peek(`${node.id}/${coordinator.name}/${id}`) === undefined && undecided.has(id) && node.isRunning) {
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
    takeOver,
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

function registerOf(node: Node, name: string | undefined): DecisionRegister | undefined {
  const held = name === undefined ? undefined : node.resources[name];
  return held !== undefined && isDecisionRegister(held) ? held : undefined;
}
