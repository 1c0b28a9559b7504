/**
 * The transaction manager of a node: runs transactions over the node's resources, remembers how they ended, and recovers
 * what an earlier life left unfinished. The protocol itself is in the coordinator's and the participants' charts.
 */

import type { Observable } from 'rxjs';
import { systemEnvironment } from '../../environment/environment.ts';
import type { Resources } from '../../host/node.ts';
import { type Hazard, managedCommit, participantTimesOf, reviveCoordinators } from './actors.ts';
import { fingerprintOfRequest } from './answers.ts';
import type { Committed, ManagerNotice, ManagerStatus, TransactionManager } from './contract.ts';
import { createPlaces, inJournal } from './decisions.ts';
import { serveManager } from './endpoint.ts';
import { TransactionLimitError, TransactionManagerClosedError } from './errors.ts';
import { createIdempotencyKeys } from './idempotency.ts';
import { originOf } from './ids.ts';
import { type InquiryParts, inquire, type TransactionOutcome } from './inquiry.ts';
import { coordinatorsOn, type ListedTransaction, listTransactions } from './listing.ts';
import { openMemory } from './memory.ts';
import { createNesting } from './nesting.ts';
import { createNotices, type Notices } from './notices.ts';
import { createOpenTransactions, type OpenTransactions } from './open-transactions.ts';
import {
  limitsOf,
  nestedOf,
  participatingOf,
  registerOf,
  type TransactionLimits,
  type TransactionManagerOptions,
  timesOf,
} from './options.ts';
import { type Recovery, type ResourceReport, startRecovery } from './recovery.ts';
import { type Act, type Common, TransactionRuns } from './runs.ts';
import { createTakeOver, type TakeOver } from './take-over.ts';
import type { TakeOverReport } from './take-over-parts.ts';
import { assertTransactOptions, type TransactOptions } from './transact-options.ts';

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
  const manager = new NodeTransactionManager(options);
  await manager.ready();
  return manager;
}

class NodeTransactionManager<Owned extends Resources> implements TransactionManager<Owned> {
  readonly notices: Observable<ManagerNotice>;
  readonly #common: Common;
  readonly #limits: TransactionLimits;
  readonly #open: OpenTransactions;
  readonly #recovery: Recovery;
  readonly #takeOver: TakeOver;
  readonly #inquiry: InquiryParts;
  readonly #notices: Notices = createNotices();
  readonly #runs: TransactionRuns;
  readonly #endpoint: { close(): void };
  #calls = 0;
  #isClosed = false;

  constructor(options: TransactionManagerOptions<Owned>) {
    const { node, environment = systemEnvironment(), last, decisions = inJournal() } = options;
    const { protocol = managedCommit } = options;
    const { clock } = environment;
    const times = timesOf(options.times);
    const limits = limitsOf(options.limits, decisions);
    const resources = participatingOf(options);
    const register = registerOf(node, decisions);
    const places = createPlaces(decisions, last, times.retentionMs);
    node.adopt([protocol.coordinator, protocol.participant, protocol.acceptor]);
    const memory = openMemory(
      node.journal,
      clock,
      { retentionMs: times.retentionMs, maxOutcomes: limits.keptOutcomes, maxResultBytes: limits.keptResultBytes },
      { last, resources: Object.keys(resources) },
    );
    const ids = { ...places.named, origin: originOf(node.journal.id), incarnation: memory.incarnation };
    const open = createOpenTransactions(clock, ids);
    const onHazard = (found: Hazard): void => this.#notices.hazard(found);
    reviveCoordinators(node, protocol, memory, onHazard);
    memory.dropAnswers();
    this.#common = { node, protocol, clock, resources, register, memory, times, places };
    this.#limits = limits;
    this.#open = open;
    const parts = {
      ...this.#common,
      resourceDeadlineMs: times.resourceDeadlineMs,
      participantTimes: participantTimesOf(times, times.timeoutMs),
      isOpen: (transaction: string) => open.isOpen(transaction),
    };
    const keys = createIdempotencyKeys({ ...parts, node: node.id });
    const takeOver = createTakeOver({ ...parts, onHazard });
    this.#runs = new TransactionRuns({
      ...this.#common,
      last,
      limits,
      open,
      keys,
      nesting: createNesting(nestedOf(options.nested)),
      onHazard,
      assertRunning: () => this.#assertRunning(),
    });
    this.#takeOver = takeOver;
    this.#recovery = startRecovery({
      ...parts,
      oldestOpenMs: () =>
        coordinatorsOn(node).some((it) => it.begun === 'recovered' && it.isUnfinished) ? undefined : open.oldestMs(),
      async settle() {
        // The register may be out of reach; the next pass asks again.
        await Promise.all([keys.settle(), takeOver.reclaim().catch(() => undefined)]);
      },
      onReport: (report) => this.#notices.resource(report),
    });
    this.#inquiry = { ...parts, latest: () => open.latest };
    this.notices = this.#notices.stream;
    this.#endpoint = serveManager(node, this);
  }

  /** Resolves when this life is recorded, and a first pass of recovery was made. @throws what the journal failed with */
  async ready(): Promise<void> {
    await this.#common.memory.ready;
    await this.#recovery.pass();
  }

  async transact<T>(act: Act<Owned, T>, how: TransactOptions = {}): Promise<Committed<T>> {
    this.#assertRunning();
    assertTransactOptions(how);
    const { timeoutMs = this.#common.times.timeoutMs, idempotencyKey, request, signal, isolation, readOnly } = how;
    const fingerprint = request === undefined ? undefined : fingerprintOfRequest(request);
    signal?.throwIfAborted();
    if (this.#calls >= this.#limits.openTransactions) {
      throw new TransactionLimitError(
        `${this.#calls} transactions are open on node '${this.#common.node.id}', its limit; try again later, or raise limits.openTransactions`,
      );
    }
    this.#calls += 1;
    try {
      return await this.#runs.begin(act, {
        timeoutMs,
        idempotencyKey,
        fingerprint,
        signal,
        mode: { isolation, readOnly },
      });
    } finally {
      this.#calls -= 1;
    }
  }

  outcome(transaction: string): Promise<TransactionOutcome> {
    return inquire(this.#inquiry, transaction);
  }

  list(): readonly ListedTransaction[] {
    return listTransactions(this.#common.node, (transaction) => this.#open.ageMs(transaction));
  }

  recover(): Promise<readonly ResourceReport[]> {
    return this.#recovery.pass();
  }

  takeOver(node: string): Promise<TakeOverReport> {
    return this.#takeOver.from(node);
  }

  status(): ManagerStatus {
    const { node, memory } = this.#common;
    return {
      node: node.id,
      incarnation: memory.incarnation,
      open: this.#open.size,
      maxOpen: this.#limits.openTransactions,
      keptOutcomes: memory.counts.outcomes,
      keptKeys: memory.counts.keys,
      maxKeptOutcomes: this.#limits.keptOutcomes,
      forgottenEarly: memory.counts.forgottenEarly,
      ...this.#runs.counts,
      resources: this.#recovery.last,
    };
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#recovery.close();
    this.#common.memory.close();
    this.#endpoint.close();
    this.#notices.close();
  }

  #assertRunning(): void {
    const { node } = this.#common;
    if (!this.#isClosed && node.isRunning) return;
    throw new TransactionManagerClosedError(
      this.#isClosed
        ? `the transaction manager of node '${node.id}' is closed; make a new one`
        : `node '${node.id}' has stopped; start it again, and its manager`,
    );
  }
}
