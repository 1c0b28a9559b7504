/**
 * A client of a replicated store, over any bus: it asks the leader, which it learns of as it goes, and has a node that
 * it reaches pass its requests on where it cannot reach the leader itself.
 */

import { nodeOf, parseTagged, QuorateError } from '../../../statecharts/actor.ts';
import type { Bus, PeerStatus } from '../../bus/bus.ts';
import { type Environment, systemEnvironment } from '../../environment/environment.ts';
import { StoreClosedError, UnavailableError } from './errors.ts';
import type { KeyValueStore } from './key-value/contract.ts';
import { keyValueStore } from './key-value/store.ts';
import { createRequester, type Executor, type MemberAdministration } from './requests/requester.ts';
import { createRouter, defaultRouterLimits, type Router } from './requests/router.ts';
import { clientAddress, clientMessages, type RequestsMessage, storeAddress } from './requests/wire.ts';

export interface StoreClientOptions {
  /** Tells apart the stores of a cluster; `kv` by default. */
  readonly key?: string;
  /** Requests that may be under way at once; more are refused. Default 65,536. */
  readonly inFlight?: number;
  /**
   * How long to wait for an answer before asking again, the first time, in milliseconds. Default 1,000, and at most a
   * quarter of the time until the request's deadline.
   */
  readonly attemptMs?: number;
  /** Bytes of one command. Default 1 MiB and 8 KiB. */
  readonly commandBytes?: number;
  /** Time, randomness and ids; the system's by default. */
  readonly environment?: Environment;
}

/** A client of a replicated store of keys and values. */
export interface Client extends KeyValueStore, MemberAdministration {
  /** The store without keys and values: for state machines of one's own. */
  readonly executor: Executor;
  /** The nodes that are connected now, sorted. */
  nodes(): readonly string[];
  /** Resolves when a node is connected. @throws UnavailableError when that takes longer than `deadlineMs` */
  connected(deadlineMs: number): Promise<void>;
  readonly inFlight: number;
  /** Attempts after the first of their requests, so far. */
  readonly repeated: number;
  /** Ends what is under way, as not happened or as unknown, and closes the bus. Idempotent. */
  close(): Promise<void>;
}

/** How long a node may try to bring a farewell to the leader, in milliseconds. */
const farewellMs = 1_000;

const defaultCommandBytes = 1_024 * 1_024 + 8 * 1_024;

/** Makes a client that owns `bus` from then on. */
export function createStoreClient(bus: Bus, options: StoreClientOptions = {}): Client {
  const { key = 'kv', environment = systemEnvironment(), commandBytes = defaultCommandBytes } = options;
  const { inFlight = defaultRouterLimits.inFlight, attemptMs = defaultRouterLimits.attemptMs } = options;
  const { clock } = environment;
  const self = clientAddress(bus.node, key);
  const waiters = new Set<() => void>();
  let nodes: readonly string[] = [];
  /** Why nodes are not connected, the last that was heard; what one refuses says more than that another is not there. */
  let trouble: PeerStatus | undefined;

  const router: Router = createRouter({
    clock,
    random: environment.randomness.stream('store-client'),
    limits: { inFlight, attemptMs },
    candidates: () => nodes,
    reaches: (node) => nodes.includes(node),
    send(node, requests, forward) {
      const message: RequestsMessage = { type: 'requests', forward, requests };
      bus.send({ from: self, to: storeAddress(node, key), message });
    },
  });
  const subscriptions = [
    bus.envelopes(self).subscribe(({ from, message }) => {
      try {
        router.receive(nodeOf(from), parseTagged(self, 'message', clientMessages, message).responses);
      } catch (error) {
        // A node that answers nonsense is as good as silent: its requests are asked again.
        if (!(error instanceof QuorateError)) throw error;
      }
    }),
    bus.peers.subscribe((peer) => {
      const { node, status } = peer;
      const wasConnected = nodes.includes(node);
      nodes = nodes.filter((it) => it !== node);
      if (status === 'connected') {
        nodes = [...nodes, node].sort();
        for (const notify of waiters) notify();
      } else {
        if (status === 'refused' || trouble?.status !== 'refused') trouble = peer;
        if (wasConnected) router.lost(node);
      }
    }),
    bus.losses.subscribe(({ node, reason }) => {
      if (reason !== 'dropped') router.lost(node);
    }),
  ];
  let closing: Promise<void> | undefined;

  /** Best effort: the session of a client that is gone without a word ends once it is idle and its place is needed. */
  const sayFarewell = (): void => {
    const body = executor.farewell();
    const [node] = nodes;
    if (body === undefined || node === undefined) return;
    const message: RequestsMessage = {
      type: 'requests',
      forward: true,
      requests: [{ id: 0, waitMs: farewellMs, body }],
    };
    bus.send({ from: self, to: storeAddress(node, key), message });
  };

  const executor = createRequester({ clock, router, commandLimitBytes: commandBytes });
  return {
    ...keyValueStore(executor, clock),
    executor,
    members: executor.members,
    replaceMember: executor.replaceMember,
    changeMember: executor.changeMember,
    handOver: executor.handOver,
    nodes: () => nodes,
    connected: (deadlineMs) =>
      new Promise((resolve, reject) => {
        if (nodes.length > 0) {
          resolve();
          return;
        }
        const notify = (): void => {
          waiters.delete(notify);
          clock.clearTimeout(timeout);
          resolve();
        };
        const timeout = clock.setTimeout(() => {
          waiters.delete(notify);
          const why = trouble?.reason === undefined ? 'check the addresses' : trouble.reason;
          reject(new UnavailableError(`no node answered within ${deadlineMs} ms: ${why}`));
        }, deadlineMs);
        waiters.add(notify);
      }),
    get inFlight() {
      return router.inFlight;
    },
    get repeated() {
      return router.repeated;
    },
    close() {
      closing ??= (async () => {
        router.close(new StoreClosedError('the client was closed'));
        sayFarewell();
        for (const subscription of subscriptions) subscription.unsubscribe();
        await bus.close();
      })();
      return closing;
    },
  };
}
