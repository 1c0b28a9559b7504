/**
 * One transaction from its first statement to the answer to its caller: the application's function works on branch
 * sessions, each enlisted with the coordinator; then the coordinator is asked to commit, and its verdict is the answer.
 * The second phase goes on in the background, in the actors.
 */

import type { Address } from '../../../statecharts/actor.ts';
import {
  type BranchId,
  type CoordinatorOutput,
  type CoordinatorRequest,
  participantKey,
} from '../../../statecharts/two-phase-commit.ts';
import { messageOf } from '../../environment/message.ts';
import { NodeOverloadedError, NodeStoppedError } from '../../host/errors.ts';
import { assertOffered } from '../../resources/mode.ts';
import type { BranchSession } from '../../resources/transactional.ts';
import { TransactionAbortedError, TransactionOutcomeUnknownError, TransactionUseError } from './errors.ts';
import type { TransactionParts } from './transaction-parts.ts';
import { createSessions, type Failure, type Sessions } from './work.ts';

/** A transaction under way. */
export interface Running<T> {
  /** @throws TransactionAbortedError, TransactionOutcomeUnknownError */
  readonly result: Promise<T>;
  /** The verdict, also when it comes after the caller has given up; undefined when this node does not learn it. */
  readonly verdict: Promise<'committed' | 'aborted' | undefined>;
}

/** How many characters of an error travel as the reason of an abort. */
const maxReasonLength = 1_000;

/**
 * Begins a transaction and runs `act` in it.
 *
 * @throws what `node.launch` throws; nothing was begun then
 */
export function runTransaction<T, W extends object>(parts: TransactionParts, act: (work: W) => Promise<T>): Running<T> {
  const run = new TransactionRun<W>(parts);
  return { result: run.run(act), verdict: run.verdict };
}

/** Why it aborts: an error of the application, or of a branch that could not be begun. */
type Cause = Failure | { readonly resource: undefined; readonly error: unknown };

/** From JavaScript, a function may return anything. @throws TransactionUseError when it is no promise */
function promised<T>(working: Promise<T>): Promise<T> {
  const returned: unknown = working;
  if (returned instanceof Object && 'then' in returned && typeof returned.then === 'function') {
    return Promise.resolve(working);
  }
  throw new TransactionUseError(
    `expected the function of a transaction to be async, or to return a promise, got ${returned === null ? 'null' : typeof returned}; await each of its statements`,
  );
}

class TransactionRun<W extends object> {
  readonly verdict: Promise<'committed' | 'aborted' | undefined>;
  readonly #parts: TransactionParts;
  readonly #untilMs: number;
  /** The coordinator. */
  readonly #self: Address;
  readonly #sessions: Sessions<W>;
  readonly #begunSessions: BranchSession[] = [];
  /** Settles with the answer to the caller, but for the value of its function. */
  readonly #committed: Promise<void>;
  #succeed: () => void = () => undefined;
  #failWith: (error: Error) => void = () => undefined;
  #settleVerdict: (verdict: 'committed' | 'aborted' | undefined) => void = () => undefined;
  #hasAskedToCommit = false;
  #isOver = false;
  #cause: Cause | undefined;
  /** Whatever must be durable before others than the journal may decide. */
  #ready: Promise<void> | undefined;

  constructor(parts: TransactionParts) {
    const { node, protocol, clock, id, resources, last, place, idempotencyKey, coordinatorTimes } = parts;
    this.#parts = parts;
    this.#untilMs = clock.nowMs() + coordinatorTimes.transactionTimeoutMs;
    this.verdict = new Promise((resolve) => {
      this.#settleVerdict = resolve;
    });
    this.#committed = new Promise<void>((resolve, reject) => {
      this.#succeed = resolve;
      this.#failWith = reject;
    });
    this.#committed.catch(() => undefined);
    this.#self = node.launch(protocol.coordinator, {
      key: id,
      input: {
        type: 'begin',
        times: coordinatorTimes,
        place,
        ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      },
      observer: { delivered: (output) => this.#hear(output), ended: (error) => this.#gone(error) },
    });
    this.#sessions = createSessions<W>({
      resources,
      last,
      // With a register, nothing is prepared before it knows of the transaction; and what is only read never is.
      preparesEarly: place.type !== 'register' && parts.mode.readOnly !== true,
      maxStatements: parts.maxStatements,
      prepareTimeoutMs: coordinatorTimes.voteTimeoutMs,
      begin: (resource) => this.#begin(resource),
    });
  }

  async run<T>(act: (work: W) => Promise<T>): Promise<T> {
    const { clock, id, outcomeTimeoutMs, signal, level, answerTo } = this.#parts;
    let value: T;
    const withdraw = (): void => this.#giveUp({ resource: undefined, error: signal?.reason });
    try {
      // What the function does after its transaction's end is of no consequence any more.
      const working = promised(level.run(() => act(this.#sessions.work))).then((returned) => {
        answerTo(returned);
        return returned;
      });
      working.catch(() => undefined);
      signal?.addEventListener('abort', withdraw);
      value = await Promise.race([working, this.#committed.then(() => working)]);
    } catch (error) {
      void this.#sessions.close('its transaction is over');
      // Unless aborted, or stopped, while the function was at work.
      if (!this.#isOver) this.#giveUp(this.#sessions.failureOf(error) ?? { resource: undefined, error });
      return this.#committed.then(() => Promise.reject(error));
    } finally {
      signal?.removeEventListener('abort', withdraw);
      level.end();
    }
    const notBegun = await this.#sessions.close('the function of its transaction has returned');
    if (this.#cause === undefined && notBegun === undefined) await this.#askToCommit();
    else if (notBegun !== undefined && !this.#isOver) this.#giveUp(notBegun);
    const timeout = clock.setTimeout(
      () => this.#failWith(new TransactionOutcomeUnknownError(id, `no decision within ${outcomeTimeoutMs} ms`)),
      outcomeTimeoutMs,
    );
    try {
      await this.#committed;
    } finally {
      clock.clearTimeout(timeout);
    }
    return value;
  }

  /** Begins the branch at a resource, and enlists it with the coordinator. */
  async #begin(resource: string): Promise<BranchSession> {
    const { node, protocol, clock, id, resources, last, place, participantTimes, mode, level } = this.#parts;
    level.take(resource);
    assertOffered(resource, resources[resource]?.modes, mode);
    if (resource === last || (place.type === 'acceptors' && this.#ready === undefined)) {
      this.#ready = this.#parts.beforeForeignDecision(resource);
      this.#ready.catch(() => undefined);
    }
    const branch: BranchId = { manager: node.id, transaction: id, branch: resource };
    const held = resources[resource];
    if (held === undefined) throw new TypeError(`there is no resource '${resource}'`);
    const session = await held.begin(branch, { ...mode, timeoutMs: Math.max(1, this.#untilMs - clock.nowMs()) });
    this.#begunSessions.push(session);
    try {
      if (this.#isOver || this.#cause !== undefined || !node.isRunning) {
        throw new TransactionUseError(`transaction ${id} was over before its branch at '${resource}' had begun`);
      }
      const address = node.launch(protocol.participant, {
        key: participantKey(branch),
        input: { type: 'join', branch, resource, coordinator: this.#self, times: participantTimes },
      });
      // Were this not heard, the transaction would commit without the branch.
      const enlistment: CoordinatorRequest = {
        type: 'enlist',
        branch: resource,
        address,
        resource,
        last: resource === last,
      };
      node.request(this.#self, enlistment);
    } catch (error) {
      await session.rollback();
      throw error;
    }
    return session;
  }

  async #askToCommit(): Promise<void> {
    const { last, place } = this.#parts;
    const begun = this.#sessions.begun();
    const decider = begun.length === 1 ? begun[0] : begun.find((it) => it === last);
    if (place.type === 'journal' && decider !== undefined) this.#ready ??= this.#parts.beforeForeignDecision(decider);
    const { answer, durable } = this.#parts.keepAnswer(this.#ready === undefined ? 'ahead' : 'durable');
    if (this.#ready !== undefined) {
      try {
        await Promise.all([this.#ready, durable]);
      } catch (error) {
        this.#giveUp({ resource: undefined, error });
        return;
      }
    }
    if (this.#isOver) return;
    this.#hasAskedToCommit = true;
    const isRegister = place.type === 'register';
    this.#tell({ type: 'commit', ...(isRegister && answer !== undefined ? { answer } : {}) });
  }

  #giveUp(cause: Cause): void {
    this.#cause ??= cause;
    this.#tell({ type: 'abort', reason: messageOf(cause.error).slice(0, maxReasonLength) });
  }

  /** A coordinator that is too busy to hear, or is gone, gives its answer by its timeouts, or has given it by its end. */
  #tell(request: CoordinatorRequest): void {
    try {
      this.#parts.node.request(this.#self, request);
    } catch (error) {
      if (!(error instanceof NodeOverloadedError || error instanceof NodeStoppedError)) throw error;
    }
  }

  #hear(output: CoordinatorOutput): void {
    this.#parts.onOutput(output);
    switch (output.type) {
      case 'committed':
        if (!this.#reportBroken()) this.#succeed();
        this.#over('committed');
        return;
      case 'aborted': {
        const { code, branch, detail } = output.reason;
        if (!this.#reportBroken()) this.#aborted(code, branch ?? undefined, detail);
        this.#over('aborted');
        return;
      }
      case 'fenced':
        this.#failWith(
          new TransactionOutcomeUnknownError(this.#parts.id, `another node has taken it over (${output.detail})`),
        );
        return;
      case 'hazard':
      case 'ended':
    }
  }

  /** The coordinator lives no more. */
  #gone(error?: unknown): void {
    if (this.#isOver) return;
    const detail = error === undefined ? 'the node has stopped' : messageOf(error);
    if (this.#hasAskedToCommit) {
      this.#failWith(new TransactionOutcomeUnknownError(this.#parts.id, detail, { cause: error }));
    } else this.#aborted('manager-stopped', undefined, detail);
    this.#over(undefined);
  }

  #over(outcome: 'committed' | 'aborted' | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#settleVerdict(outcome);
    this.#parts.onOver();
  }

  #aborted(reason: TransactionAbortedError['reason'], resource: string | undefined, detail: string): void {
    const cause = this.#cause;
    const blamed = resource ?? cause?.resource;
    const refusal = this.#begunSessions.find(({ branch }) => branch.branch === blamed)?.refusal;
    this.#failWith(
      new TransactionAbortedError(
        { transaction: this.#parts.id, reason, resource: blamed, detail, refusal },
        cause === undefined ? {} : { cause: cause.error },
      ),
    );
  }

  /** A statement has ended the transaction of a branch: no verdict says what is there now. */
  #reportBroken(): boolean {
    const { id } = this.#parts;
    const broken = this.#begunSessions.filter(({ brokenBecause }) => brokenBecause !== undefined);
    for (const { branch } of broken) {
      this.#parts.onOutput({ type: 'hazard', transaction: id, branch: branch.branch, found: 'committed' });
    }
    const [first] = broken;
    if (first !== undefined) this.#failWith(new TransactionOutcomeUnknownError(id, String(first.brokenBecause)));
    return first !== undefined;
  }
}
