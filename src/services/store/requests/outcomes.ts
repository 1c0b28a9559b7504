/** What the answers of a store mean for who asked, and how a router's result is answered in turn. */

import type { QuorateError } from '../../../../statecharts/actor.ts';
import {
  ForbiddenError,
  IdempotencyKeyReusedError,
  MalformedRequestError,
  MembersUnchangedError,
  ModeNotOfferedError,
  NotCaughtUpError,
  NotHandedOverError,
  NotReplacedError,
  OutcomeUnknownError,
  OverloadedError,
  SessionExpiredError,
  SessionsFullError,
  StoreFullError,
  TooFewInSyncError,
  UnavailableError,
} from '../errors.ts';
import type { Fate } from '../sessions/fate.ts';
import type { Response } from './wire.ts';

/** The error that ends the request; undefined when it is worth another attempt. */
export function errorOf(response: Exclude<Response, { status: 'done' }>): QuorateError | undefined {
  switch (response.reason) {
    case 'not-leader':
    case 'not-ready':
    case 'superseded':
    case 'unavailable':
    case 'leadership-lost':
    case 'no-answer':
      return undefined;
    case 'overloaded':
      return new OverloadedError(
        `the leader has too much waiting; the request did not happen, try again later${detailOf(response)}`,
      );
    case 'not-caught-up':
      return new NotCaughtUpError(
        'the node has not applied yet what it had in its log when it was started, so that its answers would lack keys that exist; ask another node, or ask again once a majority is there',
      );
    case 'full':
      return new StoreFullError(
        `the store is full; delete something, or raise its limit on all nodes${detailOf(response)}`,
      );
    case 'malformed':
      return new MalformedRequestError(`the store does not take this request${detailOf(response)}`);
    case 'beyond-window':
      return new OverloadedError('too many requests of this session are unanswered; wait for some of them');
    case 'sessions-full':
      return new SessionsFullError(
        'there are as many sessions as may be, and none of them is idle; close clients that are done, wait until those of dead ones are idle, or raise limits.sessions',
      );
    case 'key-reused':
      return new IdempotencyKeyReusedError(
        'the idempotency key came before with another request; choose a new key for each new request',
      );
    case 'mode-not-offered':
      return new ModeNotOfferedError(
        'the store does not acknowledge writes in this mode: only primary-backup has modes, quorum is for stores in that mode, and async for those that may lose something (maxLoss); leave the mode out',
      );
    case 'too-few-in-sync':
      return new TooFewInSyncError(
        'fewer replicas are in sync than the store asks for (minInSync), so nothing is written; start those that are missing, or wait until they have caught up',
      );
    case 'not-replaced':
      return notReplaced(response.detail ?? 'unknown');
    case 'members-unchanged':
      return membersUnchanged(response.detail ?? 'unknown');
    case 'not-handed-over':
      return notHandedOver(response.detail ?? 'unknown');
    case 'forbidden':
      return new ForbiddenError(response.detail ?? 'the token of this client may not do that; ask with another token');
    case 'session-expired':
      return new SessionExpiredError(
        'the session of this request has expired; it was not applied now, but may have been before: read to find out',
      );
    case 'already-answered':
      return new OutcomeUnknownError('the request came again after its session had said that it was answered');
  }
}

const whyNotReplaced: Readonly<Record<string, string>> = {
  'change-under-way': 'another change of members is under way; wait until it is over, one is made at a time',
  'not-a-voter': 'the node that should leave is none of the voters; look at the list of members',
  'already-a-member': 'the node that should join is a member already; start one with a new id and an empty directory',
  retired:
    'the node that should join has left the cluster before, for good; start one with a new id and an empty directory',
  'too-many-retired': 'as many nodes have left as a cluster remembers; copy the data to a new cluster',
  'no-place': 'nobody has said where the node that should join listens',
  'place-taken': 'another member, that stays, listens there; give each node a place of its own',
  'no-secret': 'nodes prove to each other that they hold a secret, and this one has none; start all with --secret-file',
  'members-fixed':
    'the members of a store that is replicated by this protocol stay those with which it began; restore the directory of a node that was lost, or copy the data to a new cluster',
  'given-up':
    'the node that should join did not catch up with the log, and the change was given up; check that it runs with --join, under this id, at this address, and with the secret of the cluster',
};

const notReplaced = (reason: string): NotReplacedError =>
  new NotReplacedError(`no node was replaced: ${whyNotReplaced[reason] ?? reason}`, reason);

const whyUnchanged: Readonly<Record<string, string>> = {
  ...whyNotReplaced,
  'already-a-member': 'the node that should be added is a member already',
  retired:
    'the node that should be added has left the cluster before, for good; start one with a new id and an empty directory',
  'no-place': 'nobody has said where the node that should be added listens',
  'not-a-member': 'the node takes no part; look at the list of members',
  'not-a-learner': 'the node that should vote is none that learns; add it first',
  'too-many-members': 'as many nodes take part as a cluster may have; remove one first',
  'last-voter': 'nobody would vote any more; add another node, and promote it, first',
  'no-quorum': 'too few of those who would vote answer the leader to decide anything; start them first',
  leads: 'the node leads, and those who stay could not go on without it now; let another one lead first',
  'given-up': 'another change came first; look at the list of members',
};

/** How many entries a learner lacks stands behind the reason. */
export const behindReason = 'learner-behind';

function membersUnchanged(detail: string): MembersUnchangedError {
  const [reason = detail, lacking] = detail.split(':');
  if (reason !== behindReason) {
    return new MembersUnchangedError(`the members stay who they were: ${whyUnchanged[reason] ?? reason}`, reason);
  }
  const behind = Number(lacking);
  return new MembersUnchangedError(
    `the members stay who they were: the node that should vote has not caught up, and lacks ${behind} entries of the log; see that it runs, and ask again`,
    reason,
    behind,
  );
}

const whyNotHandedOver: Readonly<Record<string, string>> = {
  'under-way': 'the leader is handing over to another node already; wait for that',
  'not-a-voter': 'the node that should lead is none of the voters, or is about to leave; look at the list of members',
  'no-voter-heard': 'the leader has heard of no other voter lately; start one, or see to it that it is reached',
  'target-behind': 'the node that should lead did not get all of the log in time; see whether it runs and is reached',
  'another-leads': 'another node was elected meanwhile',
};

/** One that was told to lead, and was not heard of in time, may lead still. */
const notHandedOver = (reason: string): NotHandedOverError | OutcomeUnknownError =>
  reason === 'timed-out'
    ? new OutcomeUnknownError(
        'the node that should lead was told to, and was not heard to lead in time; look who leads',
      )
    : new NotHandedOverError(`no other node leads now: ${whyNotHandedOver[reason] ?? reason}`, reason);

const detailOf = (response: Response): string =>
  response.status === 'refused' && response.detail !== undefined ? `: ${response.detail}` : '';

/** The answer that a node gives for a request that it passed on. */
export function responseOf(id: number, error: QuorateError | undefined, value: unknown): Response {
  if (error === undefined) return { id, status: 'done', value };
  if (error instanceof SessionExpiredError) return { id, status: 'unknown', reason: 'session-expired' };
  if (error instanceof OutcomeUnknownError) return { id, status: 'unknown', reason: 'no-answer' };
  if (error instanceof OverloadedError) return { id, status: 'refused', reason: 'overloaded', detail: error.message };
  if (error instanceof NotCaughtUpError) return { id, status: 'refused', reason: 'not-caught-up' };
  if (error instanceof StoreFullError) return { id, status: 'refused', reason: 'full' };
  if (error instanceof SessionsFullError) return { id, status: 'refused', reason: 'sessions-full' };
  if (error instanceof IdempotencyKeyReusedError) return { id, status: 'refused', reason: 'key-reused' };
  if (error instanceof ModeNotOfferedError) return { id, status: 'refused', reason: 'mode-not-offered' };
  if (error instanceof TooFewInSyncError) return { id, status: 'refused', reason: 'too-few-in-sync' };
  if (error instanceof NotReplacedError) return { id, status: 'refused', reason: 'not-replaced', detail: error.reason };
  if (error instanceof MembersUnchangedError) {
    const { behind, reason } = error;
    const detail = behind === undefined ? reason : `${reason}:${behind}`;
    return { id, status: 'refused', reason: 'members-unchanged', detail };
  }
  if (error instanceof NotHandedOverError) {
    return { id, status: 'refused', reason: 'not-handed-over', detail: error.reason };
  }
  if (error instanceof UnavailableError) return { id, status: 'refused', reason: 'unavailable' };
  return { id, status: 'refused', reason: 'malformed', detail: error.message };
}

/** The answer that the log gives. */
export function responseFor(id: number, fate: Fate): Response {
  switch (fate.type) {
    case 'applied':
      return { id, status: 'done', value: fate.result };
    case 'registered':
      return { id, status: 'done', value: fate.session };
    case 'closed':
      return { id, status: 'done', value: null };
    case 'session-expired':
    case 'already-answered':
      return { id, status: 'unknown', reason: fate.type };
    case 'sessions-full':
    case 'beyond-window':
    case 'key-reused':
      return { id, status: 'refused', reason: fate.type };
  }
}
