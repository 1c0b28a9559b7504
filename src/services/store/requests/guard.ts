/**
 * Who may ask a store what. Nodes ask for each other and for applications of their own; what a client asks is judged where it
 * comes in, before anything else is done for it, so that neither the leader nor the state machine need know of rights.
 */

import { type Address, QuorateError } from '../../../../statecharts/actor.ts';
import type { ClientIdentity } from '../../../bus/bus.ts';
import { OverloadedError } from '../errors.ts';
import type { CallbackExecutor } from './contract.ts';
import { responseOf } from './outcomes.ts';
import type { BusSink } from './sinks.ts';
import type { Request, RequestsMessage, Response } from './wire.ts';

/** What is done with a request of a client. */
export type Verdict =
  | {
      readonly type: 'admitted';
      /** What the store is asked in the client's place. */
      readonly request: Request;
      /** Sees each answer, and says what the client is told. */
      readonly answered?: (response: Response) => Response;
    }
  | { readonly type: 'refused'; readonly response: Response };

/** Judges what clients ask. */
export interface Guard {
  /**
   * @param ask asks the store itself, for what a right depends on
   * @param done called once: in this turn where nothing had to be asked
   * @throws what `ask` throws
   */
  judge(
    request: Request,
    client: ClientIdentity,
    ask: CallbackExecutor['queryThen'],
    done: (verdict: Verdict) => void,
  ): void;
}

/** Where the requests of one client go. */
export interface GuardedParts {
  readonly guard: Guard;
  readonly ask: CallbackExecutor['queryThen'];
  sinkOf(from: Address, expected: number): BusSink;
  take(message: RequestsMessage, sink: BusSink): void;
}

/** Takes those requests of a client that its guard admits, and answers the others. */
export function takeGuarded(
  { guard, ask, sinkOf, take }: GuardedParts,
  from: Address,
  client: ClientIdentity,
  { requests, ...how }: RequestsMessage,
): void {
  const sink = sinkOf(from, requests.length);
  const answer = (response: Response): void => {
    sink.push(response);
    sink.flushSoon();
  };
  for (const request of requests) {
    try {
      guard.judge(request, client, ask, (verdict) => {
        if (verdict.type === 'refused') answer(verdict.response);
        else take({ ...how, requests: [verdict.request] }, seenBy(sink, verdict.answered));
      });
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error;
      answer(responseOf(request.id, new OverloadedError(error.message), undefined));
    }
  }
}

/** The same sink, whose answers are seen first. */
const seenBy = (sink: BusSink, answered: ((response: Response) => Response) | undefined): BusSink =>
  answered === undefined
    ? sink
    : {
        isOwn: sink.isOwn,
        push: (response) => sink.push(answered(response)),
        flush: () => sink.flush(),
        flushSoon: () => sink.flushSoon(),
        get hasRoom() {
          return sink.hasRoom;
        },
        whenRoom: (run) => sink.whenRoom(run),
      };
