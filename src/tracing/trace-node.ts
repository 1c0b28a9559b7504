/**
 * Traces of what a node does, derived from what it tells of itself. Nothing in hosts, charts or messages knows of it: a node
 * that is not traced does not pay for it, and one that is says nothing more to its peers.
 */

import type { Tracer } from '@opentelemetry/api';
import { QuorateError } from '../../statecharts/actor.ts';
import { type Clock, systemOriginMs } from '../environment/clock.ts';
import { systemEnvironment } from '../environment/environment.ts';
import type { Node } from '../host/node.ts';
import type { ReplicatedStore } from '../services/store/replicated-store.ts';
import { CommandTracer } from './commands.ts';
import { TransactionTracer } from './transactions.ts';
import { Works } from './works.ts';

/** A choice for traces that cannot be met. */
export class TracingOptionsError extends QuorateError {
  readonly code = 'TRACING_OPTIONS';
}

export interface TracingOptions {
  readonly node: Pick<Node, 'id' | 'inspection'>;
  /** Takes the spans: `trace.getTracer('quorate')`. */
  readonly tracer: Tracer;
  /** Stores of the node, of whose commands it is also told when they are applied. */
  readonly stores?: readonly Pick<ReplicatedStore, 'status' | 'commitTimes'>[];
  /** The share of commands and transactions that are traced, 0 to 1; the same ones on all nodes that have the same share. Default 1. */
  readonly share?: number;
  /** Commands and transactions that are followed at a time, on this node; more are not traced, and counted. Default 1,000. */
  readonly maxOpen?: number;
  /** When to give up following one, in milliseconds. Default 60,000. */
  readonly maxAgeMs?: number;
  /** The node's clock; the system's by default. */
  readonly clock?: Clock;
  /** When that clock began, in milliseconds of the epoch. Default: the system's clock. */
  readonly originMs?: number;
}

export interface TracingStatus {
  /** Commands and transactions that are followed now. */
  readonly open: number;
  /** Not traced, because as many as may be were followed. */
  readonly skipped: number;
  /** Given up: too old, replaced, or their actor stopped. */
  readonly unfinished: number;
}

export interface Tracing {
  status(): TracingStatus;
  /** Stops; what is followed ends as unfinished. Idempotent. */
  close(): void;
}

/**
 * Traces the commands and transactions of a node from now on.
 *
 * @throws TracingOptionsError
 *
 * @example
 * const tracing = traceNode({ node, stores: [store], tracer: trace.getTracer('quorate'), share: 0.01 });
 */
export function traceNode(options: TracingOptions): Tracing {
  const { node, tracer, stores = [], share = 1, maxOpen = 1_000, maxAgeMs = 60_000 } = options;
  const { clock = systemEnvironment().clock, originMs = systemOriginMs } = options;
  assertOptions(share, maxOpen, maxAgeMs);
  const works = new Works({ tracer, originMs, share, maxOpen, maxAgeMs });
  const keyed = stores.map((store) => ({ store, key: store.status().key }));
  const commands = new CommandTracer(works, new Set(keyed.map(({ key }) => key)));
  const transactions = new TransactionTracer(works);
  const subscription = node.inspection.subscribe((event) => {
    commands.tell(event);
    transactions.tell(event);
  });
  for (const { store, key } of keyed) {
    subscription.add(
      store.commitTimes.subscribe(() => commands.applied(key, store.status().appliedIndex, clock.nowMs())),
    );
  }
  subscription.add(() => works.close(clock.nowMs()));
  return {
    status: () => ({ open: works.size, skipped: works.skipped, unfinished: works.unfinished }),
    close: () => subscription.unsubscribe(),
  };
}

function assertOptions(share: number, maxOpen: number, maxAgeMs: number): void {
  if (!(share >= 0 && share <= 1)) throw new TracingOptionsError(`expected share to be from 0 to 1, got ${share}`);
  if (!(Number.isSafeInteger(maxOpen) && maxOpen >= 1)) {
    throw new TracingOptionsError(`expected maxOpen to be an integer of 1 or more, got ${maxOpen}`);
  }
  if (!(Number.isFinite(maxAgeMs) && maxAgeMs > 0)) {
    throw new TracingOptionsError(`expected maxAgeMs to be more than 0 and finite, got ${maxAgeMs}`);
  }
}
