/** Errors as HTTP answers: a status, and a body that says what happened, as a code for programs and in words. */

import { QuorateError, RefusedInputError } from '../../../statecharts/actor.ts';
import { AcceptorsError } from '../../../statecharts/paxos.ts';
import {
  ActorFailedError,
  AddressTakenError,
  NodeFailedError,
  NodeOverloadedError,
  NodeStoppedError,
  RecordsVersionError,
  RoomFullError,
} from '../../host/errors.ts';
import {
  AcceptorsDifferError,
  AcceptorsUnknownError,
  DecisionKeyError,
  DecisionUnknownError,
  DecisionValueError,
  DecisionValueLimitError,
} from '../agreement/errors.ts';
import {
  CopyEndedError,
  ForbiddenError,
  IdempotencyKeyReusedError,
  KeyLimitError,
  LargeValueReplacedError,
  LeaseEndedError,
  LeaseLimitError,
  MalformedRequestError,
  MalformedValueError,
  MembersUnchangedError,
  ModeNotOfferedError,
  NamespaceLimitError,
  NotCaughtUpError,
  NotHandedOverError,
  NotHappenedError,
  NotReplacedError,
  OutcomeUnknownError,
  OverloadedError,
  PreconditionFailedError,
  QuotaExceededError,
  RevisionAheadError,
  RevisionForgottenError,
  SessionsFullError,
  StoreClosedError,
  StoreFailedError,
  StoreFullError,
  TooFewInSyncError,
  TooStaleError,
  UnavailableError,
  ValueLimitError,
} from '../store/errors.ts';

/** The body of every answer that is an error. */
export interface Problem {
  /** Stable, for programs. */
  readonly code: string;
  readonly message: string;
  /** What to do now. */
  readonly whatToDo: string;
  /** `did-not-happen`: the request has changed nothing and never will. `unknown`: it may have happened, or still may. */
  readonly outcome: 'did-not-happen' | 'unknown';
}

/** An error as HTTP tells it. */
export interface Answer {
  readonly status: number;
  readonly problem: Problem;
  readonly retryAfterSeconds?: number;
}

/** A request that the HTTP interface itself refuses. */
export class HttpRequestError extends NotHappenedError {
  readonly code: string;
  readonly status: number;
  readonly whatToDo: string;

  constructor(status: number, code: string, message: string, whatToDo: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.whatToDo = whatToDo;
  }
}

/** What the HTTP library refuses by itself, in our words; anything else as it is. */
export function asRequestError(error: unknown): unknown {
  if (!(error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number')) return error;
  if (error instanceof QuorateError || error.statusCode >= 500) return error;
  return new HttpRequestError(error.statusCode, 'MALFORMED_REQUEST', error.message, 'mend the request');
}

const retrySeconds = 1;

/** How each kind of error is told; the first that fits. */
const answers: readonly (readonly [
  kind: abstract new (...args: never[]) => Error,
  status: number,
  whatToDo: string,
])[] = [
  [PreconditionFailedError, 412, 'read the key again and decide anew; the ETag of the answer is what is there'],
  [ForbiddenError, 403, 'ask with another token, or have an operator list more for this one'],
  [KeyLimitError, 400, 'use a key of 1 to 1,024 bytes of text'],
  [ValueLimitError, 413, 'send a value of at most 1 MiB, or split it over several keys'],
  [LeaseEndedError, 410, 'grant another lease, and put its keys anew'],
  [QuotaExceededError, 507, 'delete keys of the namespace, or raise its quota with PUT /namespaces/NAME'],
  [NamespaceLimitError, 507, 'end namespaces that are done, and make one before its keys are put'],
  [LeaseLimitError, 507, 'revoke leases that are done, or spread keys over several leases'],
  [RevisionForgottenError, 410, 'read the keys anew, and go on from the revision of that answer'],
  [RevisionAheadError, 400, 'use a revision of this store: one that it has answered with'],
  [IdempotencyKeyReusedError, 422, 'use a new Idempotency-Key for another request'],
  [MalformedValueError, 422, 'look at the bytes of the value, and put what its readers expect'],
  [LargeValueReplacedError, 409, 'read the value again'],
  [MalformedRequestError, 400, 'mend the request'],
  [DecisionKeyError, 400, 'use a key of 1 to 512 bytes of text'],
  [DecisionValueError, 400, 'send UTF-8 text, or JSON where the content type says so'],
  [DecisionValueLimitError, 413, 'agree on a name for it, and keep it elsewhere'],
  [AcceptorsError, 400, 'name one or more nodes, each once, in ?acceptors=n1,n2,n3'],
  [AcceptorsDifferError, 409, 'name the acceptors of the key in ?acceptors=n1,n2,n3, or choose another key'],
  [AcceptorsUnknownError, 503, 'ask another node, or name the acceptors of the key in ?acceptors=n1,n2,n3'],
  [NotReplacedError, 409, 'look at GET /members, and mend the request or what it says of the node that should join'],
  [MembersUnchangedError, 409, 'look at GET /members, and mend the request or what it says of the node'],
  [NotHandedOverError, 409, 'look at GET /status of the nodes, and name another node that votes and runs'],
  [ModeNotOfferedError, 409, 'leave ?mode out, or look at GET /status for the mode of the store'],
  [TooFewInSyncError, 503, 'start the replicas that are missing in GET /status, and try again'],
  [StoreFullError, 507, 'delete keys, or raise the limit of the state on all nodes'],
  [SessionsFullError, 503, 'repeat it with an Idempotency-Key, which needs no session, or raise the limit of sessions'],
  [CopyEndedError, 503, 'ask for another backup, and take it faster, or ask another node'],
  [OverloadedError, 503, 'try again later, with fewer requests at once'],
  [NotCaughtUpError, 503, 'ask another node, or this one again once GET /readyz answers 200'],
  [TooStaleError, 503, 'ask another node, or allow more in ?maxStalenessMs'],
  [UnavailableError, 503, 'try again: there was no leader in reach of a majority'],
  [StoreClosedError, 503, 'ask another node: this one is stopping'],
  [StoreFailedError, 503, 'ask another node, and look at the log of this one'],
  [RoomFullError, 507, 'use a key that is there, or raise the limit of keys on the node'],
  [NodeOverloadedError, 503, 'try again later, with fewer requests at once'],
  [NodeStoppedError, 503, 'ask another node: this one has stopped'],
  [NodeFailedError, 503, 'ask another node, and look at the log of this one'],
  [ActorFailedError, 503, 'ask another node, and start this one again'],
  [RecordsVersionError, 503, 'ask another node, and run on this one the program that wrote its data'],
  [RefusedInputError, 503, 'ask another node, and run on this one the program that wrote its data'],
  [AddressTakenError, 503, 'ask another node, and look at what this one runs'],
];

/** Tells an error. What is not known to have failed is told as unknown. */
export function answerOf(error: unknown): Answer {
  if (error instanceof HttpRequestError) {
    const { status, code, message, whatToDo } = error;
    return { status, problem: { code, message, whatToDo, outcome: 'did-not-happen' } };
  }
  const { code, message } = error instanceof QuorateError ? error : { code: 'INTERNAL', message: 'internal error' };
  if (error instanceof OutcomeUnknownError) {
    const whatToDo = 'read the key to find out, or repeat the request with the same Idempotency-Key';
    return { status: 504, problem: { code, message, whatToDo, outcome: 'unknown' } };
  }
  if (error instanceof DecisionUnknownError) {
    const whatToDo = 'ask again: what is chosen then is chosen for ever';
    return { status: 504, problem: { code, message, whatToDo, outcome: 'unknown' } };
  }
  const known = answers.find(([kind]) => error instanceof kind);
  if (known === undefined) {
    const whatToDo = 'read the key to find out whether it happened, and look at the log of this node';
    return { status: 500, problem: { code, message, whatToDo, outcome: 'unknown' } };
  }
  const [, status, whatToDo] = known;
  return {
    status,
    problem: { code, message, whatToDo, outcome: 'did-not-happen' },
    ...(status === 503 ? { retryAfterSeconds: retrySeconds } : {}),
  };
}
