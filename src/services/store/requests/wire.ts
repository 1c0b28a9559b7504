/**
 * What stores and their clients say to each other, at `NODE/store/KEY` and `CLIENT/store.client/KEY`. Requests that are
 * made together share a frame, and so do responses.
 */

import * as v from 'valibot';
import {
  type Address,
  addressOf,
  isId,
  type Senders,
  type ServiceSender,
  type TaggedBy,
} from '../../../../statecharts/actor.ts';
import { isPlace } from '../../../../statecharts/raft.ts';
import { isMode, type Mode } from '../../../../statecharts/replication/modes.ts';
import { isNatural } from '../codec.ts';
import type { MemberChange, MemberStep } from '../log/members.ts';
import { isIdempotencyKey, type Operation } from '../sessions/entries.ts';

/** A request that goes into the log, and how it is acknowledged; by default as the store's writes are. */
export type WriteBody = Operation & { readonly mode?: Mode };

/** By the leader's lease; or by a node that follows. */
export type ReadingHow = 'lease' | 'follower';

/** What is asked for. */
export type Body =
  | WriteBody
  /**
   * `stale`: answer from what this node has applied, without asking the leader. Otherwise the answer is linearizable; `how`
   * says in which other way it may be come by. `maxStalenessMs`: as of then at the earliest. A node of an earlier release,
   * which knows neither, gives more than is asked for.
   */
  | {
      readonly type: 'query';
      readonly question: unknown;
      readonly stale: boolean;
      readonly how?: ReadingHow;
      readonly maxStalenessMs?: number;
    }
  /** Who takes part in the store. */
  | { readonly type: 'members' }
  /** Let one node take the place of another. */
  | ({ readonly type: 'replace' } & MemberChange)
  /** Change one node. */
  | { readonly type: 'reconfigure'; readonly step: MemberStep }
  /** Who leads; or an index at which a read is linearizable that begins now, from a leader that knows what that is. */
  | { readonly type: 'leader'; readonly tells?: 'index' }
  /** Let `to` lead; or any other node, as long as `from` leads, so that it is done once however often it is asked. */
  | { readonly type: 'handOver'; readonly to: string }
  | { readonly type: 'handOver'; readonly from: string };

export interface Request {
  /** Chosen by the asker; new for each attempt, and of no earlier life of the asker. */
  readonly id: number;
  /** For how many more milliseconds the asker waits. */
  readonly waitMs: number;
  readonly body: Body;
}

/** Why this attempt did not happen and never will. */
export type RefusedReason =
  | 'not-leader'
  | 'not-ready'
  /** A stale answer was asked for, of a node that has not applied yet what it had when it was started. */
  | 'not-caught-up'
  | 'overloaded'
  | 'full'
  | 'unavailable'
  | 'superseded'
  | 'malformed'
  | 'beyond-window'
  | 'sessions-full'
  | 'key-reused'
  | 'mode-not-offered'
  | 'too-few-in-sync'
  /** The change of members; the detail is a `MemberRefusal`, or `given-up`. */
  | 'not-replaced'
  /** The change of one node; the detail is as above, for `learner-behind` with how many entries: `learner-behind:12`. */
  | 'members-unchanged'
  /** The detail is a `HandOverRefusal`, or `another-leads`. */
  | 'not-handed-over'
  /** The token of the client that asks may not; the detail says what it may. */
  | 'forbidden';

/** Why it is not known what became of the request. */
export type UnknownReason = 'leadership-lost' | 'session-expired' | 'already-answered' | 'no-answer';

export type Response =
  | { readonly id: number; readonly status: 'done'; readonly value: unknown }
  | {
      readonly id: number;
      readonly status: 'refused';
      readonly reason: RefusedReason;
      /** The node that is taken for the leader. */
      readonly leader?: string;
      readonly detail?: string;
    }
  | { readonly id: number; readonly status: 'unknown'; readonly reason: UnknownReason };

const refusedReasons: readonly unknown[] = [
  'not-leader',
  'not-ready',
  'not-caught-up',
  'overloaded',
  'full',
  'unavailable',
  'superseded',
  'malformed',
  'beyond-window',
  'sessions-full',
  'key-reused',
  'mode-not-offered',
  'too-few-in-sync',
  'not-replaced',
  'members-unchanged',
  'not-handed-over',
  'forbidden',
] satisfies RefusedReason[];
const unknownReasons: readonly unknown[] = [
  'leadership-lost',
  'session-expired',
  'already-answered',
  'no-answer',
] satisfies UnknownReason[];

// Written by hand, because they run for every request and response: one pass, no copies.

function isBody(value: unknown): value is Body {
  if (typeof value !== 'object' || value === null || !('type' in value)) return false;
  switch (value.type) {
    case 'command':
      return (
        'session' in value &&
        isNatural(value.session) &&
        'sequence' in value &&
        isNatural(value.sequence) &&
        'lowestUnanswered' in value &&
        isNatural(value.lowestUnanswered) &&
        value.lowestUnanswered <= value.sequence &&
        'command' in value &&
        value.command instanceof Uint8Array &&
        isOfMode(value)
      );
    case 'query':
      return 'question' in value && 'stale' in value && typeof value.stale === 'boolean' && isReading(value);
    case 'keyed':
      return (
        'key' in value &&
        typeof value.key === 'string' &&
        isIdempotencyKey(value.key) &&
        'command' in value &&
        value.command instanceof Uint8Array &&
        isOfMode(value)
      );
    case 'close':
      return 'session' in value && isNatural(value.session);
    case 'replace':
      return (
        'leaving' in value &&
        typeof value.leaving === 'string' &&
        isId(value.leaving) &&
        'joining' in value &&
        typeof value.joining === 'string' &&
        isId(value.joining) &&
        'place' in value &&
        isPlace(value.place)
      );
    case 'reconfigure':
      return 'step' in value && isMemberStep(value.step);
    case 'handOver': {
      const node = 'to' in value ? value.to : 'from' in value ? value.from : undefined;
      return typeof node === 'string' && isId(node);
    }
    case 'leader':
    case 'members':
    case 'register':
      return true;
    default:
      return false;
  }
}

const isReading = (body: object): boolean =>
  (!('how' in body) || body.how === 'lease' || body.how === 'follower') &&
  (!('maxStalenessMs' in body) || isNatural(body.maxStalenessMs));

/** Whether `value` is a change of one node. */
export function isMemberStep(value: unknown): value is MemberStep {
  if (typeof value !== 'object' || value === null || !('kind' in value && 'node' in value)) return false;
  const { kind, node } = value;
  if (typeof node !== 'string' || !isId(node)) return false;
  if (kind === 'add' || kind === 'move') return 'place' in value && isPlace(value.place);
  return kind === 'promote' || kind === 'remove';
}

const isOfMode = (body: object): boolean => !('mode' in body) || isMode(body.mode);

const isRequest = (value: unknown): value is Request =>
  typeof value === 'object' &&
  value !== null &&
  'id' in value &&
  isNatural(value.id) &&
  'waitMs' in value &&
  typeof value.waitMs === 'number' &&
  value.waitMs >= 0 &&
  // One who waits for ever would keep its place for ever, too.
  Number.isFinite(value.waitMs) &&
  'body' in value &&
  isBody(value.body);

function isResponse(value: unknown): value is Response {
  if (typeof value !== 'object' || value === null) return false;
  if (!('id' in value) || !isNatural(value.id) || !('status' in value)) return false;
  switch (value.status) {
    case 'done':
      return 'value' in value;
    case 'refused':
      return (
        'reason' in value &&
        refusedReasons.includes(value.reason) &&
        (!('leader' in value) || typeof value.leader === 'string') &&
        (!('detail' in value) || typeof value.detail === 'string')
      );
    case 'unknown':
      return 'reason' in value && unknownReasons.includes(value.reason);
    default:
      return false;
  }
}

const listOf = <T>(isItem: (value: unknown) => value is T, name: string) =>
  v.custom<readonly T[]>((value) => Array.isArray(value) && value.every(isItem), `expected an array of ${name}`);

/** To a store. `forward`: a node that does not lead shall pass the requests on to the leader. */
const requests = v.object({ forward: v.boolean(), requests: listOf(isRequest, 'requests') });
/** From a store. */
const responses = v.object({ responses: listOf(isResponse, 'responses') });

/** What a store takes. */
export const storeMessages = { requests, responses };
/** Anybody may ask a store, and only stores answer each other. */
export const storeSenders: Senders<keyof typeof storeMessages, ServiceSender> = {
  requests: ['member', 'client'],
  responses: 'peer',
};
/** The same of a store with a guard, which sees what the bearers of tokens may ask. */
export const guardedSenders: typeof storeSenders = { ...storeSenders, requests: ['member', 'client', 'bearer'] };
/** What a client takes. */
export const clientMessages = { responses };

export type RequestsMessage = Extract<TaggedBy<typeof storeMessages>, { type: 'requests' }>;
export type ResponsesMessage = Extract<TaggedBy<typeof storeMessages>, { type: 'responses' }>;

/** Where the store `key` of `node` answers. */
export const storeAddress = (node: string, key: string): Address => addressOf(node, 'store', key);
/** Where a client of the store `key` hears answers. */
export const clientAddress = (node: string, key: string): Address => addressOf(node, 'store.client', key);

/** A message with more bytes than this is split, so that it never outgrows a transport's frame. */
export const messageLimitBytes = 1_024 * 1_024;

/** Splits `items` into runs of `limitBytes` at most; an item that is larger goes alone. */
export function runsOf<T>(
  items: readonly T[],
  limitBytes: number,
  sizeOf: (item: T) => number,
): readonly (readonly T[])[] {
  const runs: T[][] = [];
  let run: T[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = sizeOf(item);
    if (run.length > 0 && bytes + size > limitBytes) {
      runs.push(run);
      run = [];
      bytes = 0;
    }
    run.push(item);
    bytes += size;
  }
  if (run.length > 0) runs.push(run);
  return runs;
}
