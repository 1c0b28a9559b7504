/** What a store hears and says over its node's bus: requests of clients and other nodes, and the answers to its own. */

import { type Address, nodeOf } from '../../../../statecharts/actor.ts';
import type { Clock } from '../../../environment/clock.ts';
import type { Node } from '../../../host/node.ts';
import { type GuardedParts, takeGuarded } from '../requests/guard.ts';
import { type BusSink, createSinks, type RoomLimits } from '../requests/sinks.ts';
import type { ToldRouterParts } from '../requests/told-router.ts';
import {
  guardedSenders,
  type Request,
  type RequestsMessage,
  type Response,
  type ResponsesMessage,
  storeAddress,
  storeMessages,
  storeSenders,
} from '../requests/wire.ts';

export interface StoreMailParts {
  readonly node: Node;
  readonly key: string;
  readonly clock: Clock;
  readonly room: RoomLimits;
  readonly guard: GuardedParts['guard'] | undefined;
}

/** Takes what comes in. */
export interface StoreMailListener {
  take(message: RequestsMessage, sink: BusSink): void;
  /** Asks the store on behalf of a guard. */
  readonly ask: GuardedParts['ask'];
  answered(node: string, responses: readonly Response[]): void;
}

export interface StoreMail {
  /** Asks the store of another node. Throws when the requests can never be sent, being too large. */
  request(node: string, requests: readonly Request[], forward: boolean): void;
  listen(listener: StoreMailListener): void;
  /** Tells observers of the node's service mail of what no message carries. */
  readonly endpoint: ToldRouterParts['endpoint'];
  close(): void;
}

/** Opens the address of a store. @throws AddressTakenError when the node has a store of that key */
export function openMail({ node, key, clock, room, guard }: StoreMailParts): StoreMail {
  const senders = guard === undefined ? storeSenders : guardedSenders;
  const endpoint = node.open('store', key, storeMessages, { senders });
  const sinks = createSinks({
    clock,
    backlog: node.backlog,
    limits: room,
    send(to: Address, responses) {
      const message: ResponsesMessage = { type: 'responses', responses };
      endpoint.send(to, message);
    },
  });
  return {
    endpoint,
    request(to, requests, forward) {
      const message: RequestsMessage = { type: 'requests', forward, requests };
      endpoint.send(storeAddress(to, key), message);
    },
    listen({ take, ask, answered }) {
      endpoint.received.subscribe(({ from, message, client }) => {
        if (message.type !== 'requests') answered(nodeOf(from), message.responses);
        else if (guard === undefined || client === undefined) take(message, sinks.of(from, message.requests.length));
        else takeGuarded({ guard, ask, sinkOf: sinks.of, take }, from, client, message);
      });
    },
    close() {
      sinks.close();
      endpoint.close();
    },
  };
}
