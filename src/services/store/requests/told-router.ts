/**
 * What a node asks its own store: the application that embeds it, and whoever comes over HTTP. No message carries that, so that
 * observers of the node's service mail are told of it here, as if a client at `NODE/store.client/KEY` had asked.
 */

import type { Address, QuorateError, Tagged } from '../../../../statecharts/actor.ts';
import type { Clock } from '../../../environment/clock.ts';
import { integerBelow, type Random } from '../../../environment/random.ts';
import type { Endpoint } from '../../../host/endpoint.ts';
import { responseOf } from './outcomes.ts';
import type { Router, Submission } from './router.ts';
import type { Body, RequestsMessage, ResponsesMessage } from './wire.ts';

export interface ToldRouterParts {
  readonly router: Pick<Router, 'submit' | 'wake'>;
  readonly clock: Clock;
  readonly random: Random;
  /** That of the store. */
  readonly endpoint: Pick<Endpoint<Tagged>, 'isObserved' | 'tell'>;
  /** In whose name it is told. */
  readonly asker: Address;
}

/** Leaves room to count on from the first id. */
const idSpace = 2 ** 52;

/** The same router, which tells of each request once, however often it is sent, and of its answer. */
export function toldRouter({ router, clock, random, endpoint, asker }: ToldRouterParts): ToldRouterParts['router'] {
  /** An earlier life of the node has counted from elsewhere: its requests are not to be taken for these. */
  let lastId: number | undefined;
  const tellAsked = (body: Body, deadlineAtMs: number): number => {
    lastId = (lastId ?? integerBelow(random, idSpace)) + 1;
    const waitMs = Math.max(0, deadlineAtMs - clock.nowMs());
    const message: RequestsMessage = { type: 'requests', forward: false, requests: [{ id: lastId, waitMs, body }] };
    endpoint.tell('taken', asker, message);
    return lastId;
  };
  const tellAnswered = (id: number, error: QuorateError | undefined, value: unknown): void => {
    const message: ResponsesMessage = { type: 'responses', responses: [responseOf(id, error, value)] };
    endpoint.tell('sent', asker, message);
  };
  const told = (submission: Submission): Submission => {
    let id: number | undefined;
    return {
      ...submission,
      prepare() {
        const body = submission.prepare();
        if (body !== undefined) id ??= tellAsked(body, submission.deadlineAtMs);
        return body;
      },
      done(error, value) {
        if (id !== undefined) tellAnswered(id, error, value);
        submission.done(error, value);
      },
    };
  };
  return {
    submit: (submission) => router.submit(endpoint.isObserved ? told(submission) : submission),
    wake: () => router.wake(),
  };
}
