/**
 * The asking side of a store: it brings each request to the leader, wherever that is by now, until it is answered or its
 * deadline has come. It repeats what may have been lost, which is safe, because whatever changes something carries a
 * session and sequence, or an idempotency key. Only routers repeat and redirect; a server that does not lead says so, or
 * hands the request to its own router, once. So no request runs in circles.
 *
 * One timer serves all requests: it looks at all that are out every `sweepMs`.
 */

import { QuorateError } from '../../../../statecharts/actor.ts';
import { integerBelow } from '../../../environment/random.ts';
import { approximateBytes } from '../codec.ts';
import {
  ForbiddenError,
  MalformedRequestError,
  ModeNotOfferedError,
  OutcomeUnknownError,
  OverloadedError,
  StoreFullError,
  TooFewInSyncError,
} from '../errors.ts';
import { createDirection, type Direction } from './direction.ts';
import { errorOf } from './outcomes.ts';
import { createPendingTable, type Pending, type PendingTable, type Submission } from './pending.ts';
import type { Router, RouterParts } from './router/contract.ts';
import { messageLimitBytes, type Request, type Response, runsOf } from './wire.ts';

export type { Submission } from './pending.ts';
export * from './router/contract.ts';

/** How often deadlines and lost answers are looked for. */
const sweepMs = 20;
/** Of the time until a request's deadline, at most. */
const shareOfFirstAttempt = 0.25;
const firstBackoffMs = 20;
const longestBackoffMs = 200;
/** Attempts that may follow a hint at once; later ones wait, since hints may point in circles for a while. */
const promptAttempts = 4;
const requestOverheadBytes = 64;
/** Leaves room to count on from the last of them. */
const idSpace = 2 ** 52;

/** Makes a router. */
export const createRouter = (parts: RouterParts): Router => new LeaderRouter(parts);

class LeaderRouter implements Router {
  readonly #parts: RouterParts;
  readonly #pending: PendingTable;
  readonly #direction: Direction;
  #due: Pending[] = [];
  #held: Pending[] = [];
  #isFlushScheduled = false;
  #isSweepScheduled = false;
  #repeated = 0;
  #closedWith: QuorateError | undefined;

  constructor(parts: RouterParts) {
    this.#parts = parts;
    // Answers to what this node asked before a crash may still come, and must not be taken for answers to what it asks now.
    this.#pending = createPendingTable(integerBelow(parts.random, idSpace));
    this.#direction = createDirection(parts.candidates, parts.reaches);
  }

  get inFlight(): number {
    return this.#pending.size;
  }

  get repeated(): number {
    return this.#repeated;
  }

  submit(submission: Submission): void {
    if (this.#closedWith !== undefined) throw this.#closedWith;
    if (this.inFlight >= this.#parts.limits.inFlight && submission.isUrgent !== true) {
      throw new OverloadedError(
        `${this.inFlight} requests are under way, as many as may be; wait for some of them before asking more`,
      );
    }
    this.#schedule(this.#pending.add(submission));
  }

  receive(from: string, responses: readonly Response[]): void {
    for (const response of responses) this.#takeResponse(from, response);
  }

  leaderIs(node: string | undefined): void {
    if (!this.#direction.leaderIs(node) || node === undefined) return;
    for (const pending of this.#pending.all()) {
      if (pending.body === undefined || pending.sentTo === node || isStaleRead(pending) || isNearFirst(pending))
        continue;
      this.#pending.retract(pending);
      this.#schedule(pending);
    }
  }

  lost(node: string): void {
    this.#direction.doubt(node);
    for (const pending of this.#pending.all()) {
      if (pending.sentTo !== node) continue;
      this.#pending.retract(pending);
      this.#backOff(pending);
    }
  }

  wake(): void {
    if (this.#held.length === 0) return;
    const woken = this.#held;
    this.#held = [];
    for (const pending of woken) if (this.#pending.isOpen(pending)) this.#schedule(pending);
  }

  close(error: QuorateError): void {
    this.#closedWith ??= error;
    for (const pending of this.#pending.all()) {
      if (pending.sentTo !== undefined || pending.mayHaveHappened) this.#pending.giveUp(pending);
      else this.#pending.finish(pending, error);
    }
  }

  #schedule(pending: Pending): void {
    this.#due.push(pending);
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    this.#parts.clock.enqueue(() => this.#flush());
  }

  #backOff(pending: Pending): void {
    const { clock, random } = this.#parts;
    const longestMs = Math.min(longestBackoffMs, firstBackoffMs * 2 ** Math.min(pending.attempts, 10));
    pending.nextAtMs = clock.nowMs() + longestMs * (0.5 + random.next() / 2);
  }

  /** Sends what is due, the requests for one node together. */
  #flush(): void {
    this.#isFlushScheduled = false;
    const due = this.#due;
    this.#due = [];
    const nowMs = this.#parts.clock.nowMs();
    const batches = new Map<string, Batch>();
    for (const pending of due) {
      if (!this.#pending.isOpen(pending) || pending.sentTo !== undefined) continue;
      this.#address(pending, batches, nowMs);
    }
    for (const { node, forward, requests } of batches.values()) {
      for (const run of runsOf(requests, messageLimitBytes, sizeOf)) this.#sendRun(node, run, forward);
    }
    this.#sweepLater();
  }

  /** Puts a request into the batch for the node that it goes to, or back where there is none. */
  #address(pending: Pending, batches: Map<string, Batch>, nowMs: number): void {
    try {
      pending.body ??= pending.submission.prepare();
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error;
      this.#pending.finish(pending, error);
      return;
    }
    const { body } = pending;
    if (body === undefined) {
      pending.nextAtMs = undefined;
      this.#held.push(pending);
      return;
    }
    const isNear = isStaleRead(pending) || (isNearFirst(pending) && pending.attempts === 0);
    const target = isNear ? this.#direction.nearest(pending.attempts) : this.#direction.target();
    if (target === undefined) {
      this.#backOff(pending);
      return;
    }
    if (pending.attempts > 0) this.#repeated += 1;
    const waitMs = Math.max(0, pending.submission.deadlineAtMs - nowMs);
    pending.attemptMs ??= pending.submission.isPatient
      ? waitMs
      : Math.min(this.#parts.limits.attemptMs, waitMs * shareOfFirstAttempt);
    pending.sentTo = target.node;
    pending.nextAtMs = nowMs + pending.attemptMs * 2 ** Math.min(pending.attempts, 6);
    pending.attempts += 1;
    const name = target.forward ? `${target.node}/forward` : target.node;
    const batch = batches.get(name) ?? { ...target, requests: [] };
    batches.set(name, batch);
    batch.requests.push({ id: pending.id, waitMs, body });
  }

  #sendRun(node: string, requests: readonly Request[], forward: boolean): void {
    try {
      this.#parts.send(node, requests, forward);
    } catch (cause) {
      if (!(cause instanceof QuorateError)) throw cause;
      for (const { id } of requests) {
        const pending = this.#pending.get(id);
        if (pending !== undefined) {
          this.#pending.finish(pending, new MalformedRequestError(cause.message, { cause }));
        }
      }
    }
  }

  #sweepLater(): void {
    if (this.#isSweepScheduled || this.inFlight === 0) return;
    this.#isSweepScheduled = true;
    this.#parts.clock.setTimeout(() => this.#sweep(), sweepMs);
  }

  /** Gives up what is past its deadline, and asks again for what has no answer. */
  #sweep(): void {
    this.#isSweepScheduled = false;
    const nowMs = this.#parts.clock.nowMs();
    const silent = new Set<string>();
    for (const pending of this.#pending.all()) {
      if (!this.#pending.isOpen(pending)) continue;
      if (nowMs >= pending.submission.deadlineAtMs) {
        this.#pending.giveUp(pending);
      } else if (pending.nextAtMs !== undefined && nowMs >= pending.nextAtMs) {
        if (pending.sentTo !== undefined) silent.add(pending.sentTo);
        this.#pending.retract(pending);
        pending.nextAtMs = undefined;
        this.#schedule(pending);
      }
    }
    for (const node of silent) this.#direction.doubt(node);
    this.wake();
    this.#sweepLater();
  }

  #takeResponse(from: string, response: Response): void {
    const pending = this.#pending.get(response.id);
    if (pending === undefined || pending.sentTo !== from) return;
    if (response.status === 'done') {
      this.#pending.finish(pending, undefined, response.value);
      return;
    }
    if (response.reason === 'not-caught-up' && pending.attempts < this.#parts.candidates().length) {
      // Another node may well have what this one has not applied yet.
      pending.sentTo = undefined;
      this.#pending.renew(pending);
      this.#schedule(pending);
      return;
    }
    const error = errorOf(response);
    if (error instanceof ForbiddenError) {
      this.#pending.finish(pending, forbiddenAfter(pending, error));
      return;
    }
    // Refused without a look at the log: an earlier attempt may have taken effect all the same.
    const isBlind = blind.some((kind) => error instanceof kind);
    if (error !== undefined && !(isBlind && pending.mayHaveHappened)) {
      this.#pending.finish(pending, error);
      return;
    }
    if (response.status === 'unknown') pending.mayHaveHappened = true;
    pending.sentTo = undefined;
    this.#pending.renew(pending);
    if (response.status === 'refused' && response.reason === 'not-leader') {
      this.#redirect(pending, from, response.leader);
    } else {
      this.#backOff(pending);
    }
  }

  #redirect(pending: Pending, from: string, hint: string | undefined): void {
    if (hint === undefined || hint === from) {
      this.#direction.denied(from);
      this.#backOff(pending);
      return;
    }
    this.#direction.hinted(from, hint);
    if (pending.attempts <= promptAttempts) this.#schedule(pending);
    else this.#backOff(pending);
  }
}

/** To ask again is of no use; what was asked before the token lost its right may have happened all the same. */
const forbiddenAfter = ({ body, mayHaveHappened }: Pending, error: ForbiddenError): QuorateError =>
  mayHaveHappened && body?.type !== 'query'
    ? new OutcomeUnknownError(`${error.message}; an earlier attempt may have happened`, { cause: error })
    : error;

/** Refusals that are made before the log is asked. */
const blind = [OverloadedError, StoreFullError, ModeNotOfferedError, TooFewInSyncError] as const;

interface Batch {
  readonly node: string;
  readonly forward: boolean;
  readonly requests: Request[];
}

const isStaleRead = ({ body }: Pending): boolean => body?.type === 'query' && body.stale;

/** Whether the nearest node may answer, and else the leader, which gives at least as much. */
const isNearFirst = ({ body }: Pending): boolean => body?.type === 'query' && body.how === 'follower';

function sizeOf({ body }: Request): number {
  if (body.type === 'query') return requestOverheadBytes + approximateBytes(body.question);
  return requestOverheadBytes + ('command' in body ? body.command.length : 0);
}
