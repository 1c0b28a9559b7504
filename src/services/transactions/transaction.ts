/**
 * One transaction from its first statement to the answer to its caller: the application's function works on branch
 * sessions, each enlisted with the coordinator; then the coordinator is asked to commit, and its verdict is the answer.
 * The second phase goes on in the background, in the actors.
 */

import {
  type BranchId,
  type CoordinatorOutput,
  type CoordinatorRequest,
  type CoordinatorTimes,
  type ParticipantTimes,
  participantKey,
  type TwoPhaseCommit,
} from '../../../statecharts/two-phase-commit.ts';
import type { Clock } from '../../environment/clock.ts';
import { NodeOverloadedError, NodeStoppedError } from '../../host/errors.ts';
import type { Node } from '../../host/node.ts';
import { messageOf } from '../../resources/errors.ts';
import type { BranchSession } from '../../resources/transactional.ts';
import { TransactionAbortedError, TransactionOutcomeUnknownError, TransactionUseError } from './errors.ts';
import { createSessions, type Failure, type Participating } from './work.ts';

/** What a transaction is made of. */
export interface TransactionParts {
  readonly node: Node;
  readonly protocol: TwoPhaseCommit;
  readonly clock: Clock;
  readonly id: string;
  readonly resources: Readonly<Record<string, Participating>>;
  readonly idempotencyKey: string | undefined;
  /** The decision register, by the name of its resource. */
  readonly register: string | undefined;
  /** The resource that decides by its own commit, if it takes part. */
  readonly last: string | undefined;
  readonly coordinatorTimes: CoordinatorTimes;
  readonly participantTimes: ParticipantTimes;
  /** How long the caller waits after the request to commit. */
  readonly outcomeTimeoutMs: number;
  readonly maxStatements: number;
  /**
   * Called once, before a branch may be asked to commit in one phase, which waits for it: with the first statement at the
   * last resource, so that the next statements hide the wait, or when a single branch is to commit.
   */
  beforeOnePhase(resource: string): Promise<void>;
  /** Hears everything that the coordinator delivers. */
  onOutput(output: CoordinatorOutput): void;
  /** Called once, when the coordinator lives no more, or has said all that it will say of the outcome. */
  onOver(): void;
}

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
  const { node, protocol, clock, id, resources, last, coordinatorTimes, participantTimes, outcomeTimeoutMs } = parts;
  const untilMs = clock.nowMs() + coordinatorTimes.transactionTimeoutMs;
  let hasAskedToCommit = false;
  let isOver = false;

  let settleVerdict: (verdict: 'committed' | 'aborted' | undefined) => void = () => undefined;
  const verdict = new Promise<'committed' | 'aborted' | undefined>((resolve) => {
    settleVerdict = resolve;
  });
  let failWith: (error: Error) => void = () => undefined;
  let succeed: () => void = () => undefined;
  const committed = new Promise<void>((resolve, reject) => {
    succeed = resolve;
    failWith = reject;
  });
  committed.catch(() => undefined);
  /** The error of the application, or of a branch that could not be begun: the cause of the abort. */
  let cause: Failure | { readonly resource: undefined; readonly error: unknown } | undefined;

  const over = (outcome: 'committed' | 'aborted' | undefined): void => {
    if (isOver) return;
    isOver = true;
    settleVerdict(outcome);
    parts.onOver();
  };
  const aborted = (reason: TransactionAbortedError['reason'], resource: string | undefined, detail: string): void =>
    failWith(
      new TransactionAbortedError(
        { transaction: id, reason, resource: resource ?? cause?.resource, detail },
        cause === undefined ? {} : { cause: cause.error },
      ),
    );
  const begunSessions: BranchSession[] = [];
  /** A statement has ended the transaction of a branch: no verdict says what is there now. */
  const reportBroken = (): boolean => {
    const broken = begunSessions.filter(({ brokenBecause }) => brokenBecause !== undefined);
    for (const { branch } of broken) {
      parts.onOutput({ type: 'hazard', transaction: id, branch: branch.branch, found: 'committed' });
    }
    const [first] = broken;
    if (first !== undefined) failWith(new TransactionOutcomeUnknownError(id, String(first.brokenBecause)));
    return first !== undefined;
  };
  const onOutput = (output: CoordinatorOutput): void => {
    parts.onOutput(output);
    switch (output.type) {
      case 'committed':
        if (!reportBroken()) succeed();
        over('committed');
        return;
      case 'aborted':
        if (!reportBroken()) aborted(output.reason.code, output.reason.branch ?? undefined, output.reason.detail);
        over('aborted');
        return;
      case 'fenced':
        failWith(new TransactionOutcomeUnknownError(id, `another node has taken it over (${output.detail})`));
        return;
      case 'hazard':
      case 'ended':
    }
  };
  const gone = (error?: unknown): void => {
    if (isOver) return;
    const detail = error === undefined ? 'the node has stopped' : messageOf(error);
    if (hasAskedToCommit) failWith(new TransactionOutcomeUnknownError(id, detail, { cause: error }));
    else aborted('manager-stopped', undefined, detail);
    over(undefined);
  };
  const self = node.launch(protocol.coordinator, {
    key: id,
    input: {
      type: 'begin',
      times: coordinatorTimes,
      ...(parts.register === undefined ? {} : { register: parts.register }),
      ...(parts.idempotencyKey === undefined ? {} : { idempotencyKey: parts.idempotencyKey }),
    },
    observer: { delivered: onOutput, ended: gone },
  });
  /** A coordinator that is too busy to hear, or is gone, gives its answer by its timeouts, or has given it by its end. */
  const tell = (request: CoordinatorRequest): void => {
    try {
      node.request(self, request);
    } catch (error) {
      if (!(error instanceof NodeOverloadedError || error instanceof NodeStoppedError)) throw error;
    }
  };

  /** Whatever must be durable before the last resource is asked to commit. */
  let readyForLast: Promise<void> | undefined;
  const begin = async (resource: string): Promise<BranchSession> => {
    if (resource === last) {
      readyForLast = parts.beforeOnePhase(resource);
      readyForLast.catch(() => undefined);
    }
    const branch: BranchId = { manager: node.id, transaction: id, branch: resource };
    const held = resources[resource];
    if (held === undefined) throw new TypeError(`there is no resource '${resource}'`);
    const session = await held.begin(branch, { timeoutMs: Math.max(1, untilMs - clock.nowMs()) });
    begunSessions.push(session);
    try {
      if (isOver || cause !== undefined || !node.isRunning) {
        throw new TransactionUseError(`transaction ${id} was over before its branch at '${resource}' had begun`);
      }
      const address = node.launch(protocol.participant, {
        key: participantKey(branch),
        input: { type: 'join', branch, resource, coordinator: self, times: participantTimes },
      });
      // Were this not heard, the transaction would commit without the branch.
      const enlistment: CoordinatorRequest = {
        type: 'enlist',
        branch: resource,
        address,
        resource,
        last: resource === last,
      };
      node.request(self, enlistment);
    } catch (error) {
      await session.rollback();
      throw error;
    }
    return session;
  };
  const sessions = createSessions<W>({
    resources,
    last,
    // With a register, nothing is prepared before it knows of the transaction.
    preparesEarly: parts.register === undefined,
    maxStatements: parts.maxStatements,
    prepareTimeoutMs: coordinatorTimes.voteTimeoutMs,
    begin,
  });

  const giveUp = (failure: NonNullable<typeof cause>): void => {
    cause = failure;
    tell({ type: 'abort', reason: messageOf(failure.error).slice(0, maxReasonLength) });
  };
  const askToCommit = async (): Promise<void> => {
    const begun = sessions.begun();
    const decider = begun.length === 1 ? begun[0] : begun.find((it) => it === last);
    if (decider !== undefined && parts.register === undefined) {
      try {
        await (decider === last ? readyForLast : parts.beforeOnePhase(decider));
      } catch (error) {
        giveUp({ resource: undefined, error });
        return;
      }
    }
    if (isOver) return;
    hasAskedToCommit = true;
    tell({ type: 'commit' });
  };

  const run = async (): Promise<T> => {
    let value: T;
    try {
      // What the function does after its transaction's end is nobody's business any more.
      const working = act(sessions.work);
      working.catch(() => undefined);
      value = await Promise.race([working, committed.then(() => working)]);
    } catch (error) {
      void sessions.close('its transaction is over');
      // Aborted, or stopped, while the function was at work.
      if (isOver) return committed.then(() => Promise.reject(error));
      giveUp(sessions.failureOf(error) ?? { resource: undefined, error });
      return committed.then(() => Promise.reject(error));
    }
    const notBegun = await sessions.close('the function of its transaction has returned');
    if (notBegun === undefined) await askToCommit();
    else if (!isOver) giveUp(notBegun);
    const timeout = clock.setTimeout(
      () => failWith(new TransactionOutcomeUnknownError(id, `no decision within ${outcomeTimeoutMs} ms`)),
      outcomeTimeoutMs,
    );
    try {
      await committed;
    } finally {
      clock.clearTimeout(timeout);
    }
    return value;
  };
  return { result: run(), verdict };
}
