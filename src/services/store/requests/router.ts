/**
 * The asking side of a store: it brings each request to the leader, wherever that is by now, until it is answered or its
 * deadline has come. It repeats what may have been lost, which is safe, because whatever changes something carries a
 * session and sequence, or an idempotency key. Only routers repeat and redirect; a server that does not lead says so, or
 * hands the request to its own router, once. So no request runs in circles.
 *
 * One timer serves all requests: it looks at all that are out every `sweepMs`.
 */

import { QuorateError } from '../../../../statecharts/actor.ts';
import type { Clock } from '../../../environment/clock.ts';
import { integerBelow, type Random } from '../../../environment/random.ts';
import { approximateBytes } from '../codec.ts';
import {
  MalformedRequestError,
  OutcomeUnknownError,
  OverloadedError,
  StoreFullError,
  UnavailableError,
} from '../errors.ts';
import { errorOf } from './outcomes.ts';
import { type Body, messageLimitBytes, type Request, type Response, runsOf } from './wire.ts';

/** A request that somebody wants answered. */
export interface Submission {
  /** Makes the body when it is about to be sent; undefined while it cannot be sent yet (see `wake`). */
  prepare(): Body | undefined;
  /** When, by the clock, to give up. Noticed up to `sweepMs` late. */
  readonly deadlineAtMs: number;
  /** Whether others wait for it, so that it is taken even when too many requests are out. */
  readonly isUrgent?: boolean;
  /** Called once, in a later turn than `submit`. `error` is a `NotHappenedError` or an `OutcomeUnknownError`. */
  done(error: QuorateError | undefined, value: unknown): void;
}

export interface RouterLimits {
  /** Requests that are out, or wait to be. Default 65,536. */
  readonly inFlight: number;
  /** How long to wait for an answer before asking again, the first time; then twice as long. Default 1,000 ms. */
  readonly attemptMs: number;
}

export const defaultRouterLimits: RouterLimits = { inFlight: 65_536, attemptMs: 1_000 };

export interface RouterParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: RouterLimits;
  /** The nodes to ask while it is not known who leads, and for stale answers; the nearest first. */
  candidates(): readonly string[];
  /** Whether `node` can be asked directly. */
  reaches(node: string): boolean;
  /** Sends requests; `forward` asks a node that does not lead to pass them on. Throws when they cannot be sent ever. */
  send(node: string, requests: readonly Request[], forward: boolean): void;
}

export interface Router {
  /** @throws OverloadedError when too many requests are out; what it was closed with, once it was */
  submit(submission: Submission): void;
  receive(from: string, responses: readonly Response[]): void;
  /** Somebody who should know says who leads, if anybody. Requests that are out elsewhere are asked again there. */
  leaderIs(node: string | undefined): void;
  /** What was sent to `node` may be lost. */
  lost(node: string): void;
  /** What could not be prepared may be now. */
  wake(): void;
  /** Ends every request that is out, with `error` where it certainly did not happen. */
  close(error: QuorateError): void;
  readonly inFlight: number;
  /** Attempts after the first of their requests, so far. */
  readonly repeated: number;
}

interface Pending {
  readonly submission: Submission;
  id: number;
  /** Kept from the first preparation on, so that every attempt says the same. */
  body: Body | undefined;
  /** Where the present attempt went; undefined while there is none. */
  sentTo: string | undefined;
  /** When to ask again, whether out (no answer by then) or waiting (undefined: only when woken). */
  nextAtMs: number | undefined;
  attempts: number;
  /** Whether an earlier attempt may have taken effect. */
  mayHaveHappened: boolean;
}

/** How often deadlines and lost answers are looked for. */
const sweepMs = 20;
const firstBackoffMs = 20;
const longestBackoffMs = 200;
/** Attempts that may follow a hint at once; later ones wait, since hints may point in circles for a while. */
const promptAttempts = 4;
const requestOverheadBytes = 64;
/** Leaves room to count on from the last of them. */
const idSpace = 2 ** 52;

export function createRouter({ clock, random, limits, candidates, reaches, send }: RouterParts): Router {
  const byId = new Map<number, Pending>();
  let due: Pending[] = [];
  let held: Pending[] = [];
  let isFlushScheduled = false;
  let isSweepScheduled = false;
  // Answers to what this node asked before a crash may still come, and must not be taken for answers to what it asks now.
  let lastId = integerBelow(random, idSpace);
  let leader: string | undefined;
  let rotation = 0;
  let repeated = 0;
  let closedWith: QuorateError | undefined;

  const schedule = (pending: Pending): void => {
    due.push(pending);
    if (isFlushScheduled) return;
    isFlushScheduled = true;
    clock.enqueue(flush);
  };
  const sweepLater = (): void => {
    if (isSweepScheduled || byId.size === 0) return;
    isSweepScheduled = true;
    clock.setTimeout(sweep, sweepMs);
  };
  const renew = (pending: Pending): void => {
    byId.delete(pending.id);
    lastId += 1;
    pending.id = lastId;
    byId.set(pending.id, pending);
  };
  const finish = (pending: Pending, error: QuorateError | undefined, value?: unknown): void => {
    byId.delete(pending.id);
    pending.submission.done(error, value);
  };
  const giveUp = (pending: Pending): void => {
    const isWrite = pending.body !== undefined && pending.body.type !== 'query';
    const wasSent = pending.sentTo !== undefined || pending.mayHaveHappened;
    finish(
      pending,
      isWrite && wasSent
        ? new OutcomeUnknownError('no answer came within the deadline; the request may have happened, or still may')
        : new UnavailableError(
            'no leader with a majority answered within the deadline; the request did not happen, try again later',
          ),
    );
  };

  const backOff = (pending: Pending): void => {
    const longestMs = Math.min(longestBackoffMs, firstBackoffMs * 2 ** Math.min(pending.attempts, 10));
    pending.nextAtMs = clock.nowMs() + longestMs * (0.5 + random.next() / 2);
  };
  /** Takes back the present attempt, which may have arrived. */
  const retract = (pending: Pending): void => {
    if (pending.sentTo === undefined) return;
    pending.sentTo = undefined;
    pending.mayHaveHappened = true;
    renew(pending);
  };
  const doubt = (node: string): void => {
    if (leader === node) leader = undefined;
    const nodes = candidates();
    // Only once for many answers of one node.
    if (nodes[rotation % nodes.length] === node) rotation += 1;
  };

  const targetOf = (pending: Pending, nodes: readonly string[]): { node: string; forward: boolean } | undefined => {
    const nearest = nodes[pending.attempts % nodes.length];
    if (pending.body?.type === 'query' && pending.body.stale) {
      return nearest === undefined ? undefined : { node: nearest, forward: false };
    }
    if (leader !== undefined && reaches(leader)) return { node: leader, forward: false };
    const node = nodes[rotation % nodes.length];
    return node === undefined ? undefined : { node, forward: leader !== undefined };
  };

  const flush = (): void => {
    isFlushScheduled = false;
    const pendings = due;
    due = [];
    const nodes = candidates();
    const nowMs = clock.nowMs();
    const batches = new Map<string, { node: string; forward: boolean; requests: Request[] }>();
    for (const pending of pendings) {
      if (byId.get(pending.id) !== pending || pending.sentTo !== undefined) continue;
      pending.body ??= pending.submission.prepare();
      if (pending.body === undefined) {
        pending.nextAtMs = undefined;
        held.push(pending);
        continue;
      }
      const target = targetOf(pending, nodes);
      if (target === undefined) {
        backOff(pending);
        continue;
      }
      if (pending.attempts > 0) repeated += 1;
      pending.sentTo = target.node;
      pending.nextAtMs = nowMs + limits.attemptMs * 2 ** Math.min(pending.attempts, 6);
      pending.attempts += 1;
      const name = target.forward ? `${target.node}/forward` : target.node;
      const batch = batches.get(name) ?? { ...target, requests: [] };
      batches.set(name, batch);
      const waitMs = Math.max(0, pending.submission.deadlineAtMs - nowMs);
      batch.requests.push({ id: pending.id, waitMs, body: pending.body });
    }
    for (const { node, forward, requests } of batches.values()) {
      for (const run of runsOf(requests, messageLimitBytes, sizeOf)) sendRun(node, run, forward);
    }
    sweepLater();
  };

  const sendRun = (node: string, requests: readonly Request[], forward: boolean): void => {
    try {
      send(node, requests, forward);
    } catch (cause) {
      if (!(cause instanceof QuorateError)) throw cause;
      for (const { id } of requests) {
        const pending = byId.get(id);
        if (pending !== undefined) finish(pending, new MalformedRequestError(cause.message, { cause }));
      }
    }
  };

  const sweep = (): void => {
    isSweepScheduled = false;
    const nowMs = clock.nowMs();
    const silent = new Set<string>();
    for (const pending of [...byId.values()]) {
      if (byId.get(pending.id) !== pending) continue;
      if (nowMs >= pending.submission.deadlineAtMs) {
        giveUp(pending);
      } else if (pending.nextAtMs !== undefined && nowMs >= pending.nextAtMs) {
        if (pending.sentTo !== undefined) silent.add(pending.sentTo);
        retract(pending);
        pending.nextAtMs = undefined;
        schedule(pending);
      }
    }
    for (const node of silent) doubt(node);
    wake();
    sweepLater();
  };

  const wake = (): void => {
    if (held.length === 0) return;
    const woken = held;
    held = [];
    for (const pending of woken) if (byId.get(pending.id) === pending) schedule(pending);
  };

  const redirect = (pending: Pending, from: string, hint: string | undefined): void => {
    if (hint !== undefined && hint !== from) {
      // Others may have learnt of a still later leader meanwhile; only who was asked first changes the direction.
      if (leader === undefined || leader === from) leader = hint;
      if (pending.attempts <= promptAttempts) schedule(pending);
      else backOff(pending);
      return;
    }
    if (leader === from || leader === undefined) doubt(from);
    backOff(pending);
  };

  const takeResponse = (from: string, response: Response): void => {
    const pending = byId.get(response.id);
    if (pending === undefined || pending.sentTo !== from) return;
    if (response.status === 'done') {
      finish(pending, undefined, response.value);
      return;
    }
    const error = errorOf(response);
    // Refused without a look at the log: an earlier attempt may have taken effect all the same.
    const isBlind = error instanceof OverloadedError || error instanceof StoreFullError;
    const isFinal = error !== undefined && !(isBlind && pending.mayHaveHappened);
    if (isFinal) {
      finish(pending, error);
      return;
    }
    if (response.status === 'unknown') pending.mayHaveHappened = true;
    pending.sentTo = undefined;
    renew(pending);
    if (response.status === 'refused' && response.reason === 'not-leader') redirect(pending, from, response.leader);
    else backOff(pending);
  };

  return {
    submit(submission) {
      if (closedWith !== undefined) throw closedWith;
      if (byId.size >= limits.inFlight && submission.isUrgent !== true) {
        throw new OverloadedError(
          `${byId.size} requests are under way, as many as may be; wait for some of them before asking more`,
        );
      }
      lastId += 1;
      const pending: Pending = {
        submission,
        id: lastId,
        body: undefined,
        sentTo: undefined,
        nextAtMs: undefined,
        attempts: 0,
        mayHaveHappened: false,
      };
      byId.set(pending.id, pending);
      schedule(pending);
    },
    receive(from, responses) {
      for (const response of responses) takeResponse(from, response);
    },
    leaderIs(node) {
      if (leader === node) return;
      leader = node;
      if (node === undefined) return;
      for (const pending of [...byId.values()]) {
        if (pending.body === undefined || pending.sentTo === node) continue;
        if (pending.body.type === 'query' && pending.body.stale) continue;
        retract(pending);
        schedule(pending);
      }
    },
    lost(node) {
      doubt(node);
      for (const pending of [...byId.values()]) {
        if (pending.sentTo !== node) continue;
        retract(pending);
        backOff(pending);
      }
    },
    wake,
    close(error) {
      closedWith ??= error;
      for (const pending of [...byId.values()]) {
        if (pending.sentTo !== undefined || pending.mayHaveHappened) giveUp(pending);
        else finish(pending, error);
      }
    },
    get inFlight() {
      return byId.size;
    },
    get repeated() {
      return repeated;
    },
  };
}

function sizeOf({ body }: Request): number {
  if (body.type === 'query') return requestOverheadBytes + approximateBytes(body.question);
  return requestOverheadBytes + (body.type === 'register' ? 0 : body.command.length);
}
