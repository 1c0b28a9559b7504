/**
 * The life of a node: it runs until it is stopped, or can no longer keep what it promised. Then its actors end, and it
 * lets go of everything that it owns; a node that has stopped is never started again.
 */

import { type Observable, ReplaySubject, Subscription } from 'rxjs';
import type { Clock } from '../environment/clock.ts';
import { type Closable, closeAll } from './closing.ts';
import { NodeFailedError, NodeStoppedError } from './errors.ts';
import type { Inspection } from './inspection.ts';

export interface LifeParts {
  /** The id of the node. */
  readonly node: string;
  readonly clock: Clock;
  readonly inspection: Inspection;
  /** What is closed at the end. */
  readonly owned: readonly Closable[];
  /** How long, in milliseconds, that may take. */
  readonly closeMs: number;
  /** Ends all that lives on the node. What hears of an end may ask the node to stop, which it is doing already. */
  endAll(error?: Error): void;
  /** Called once, when all is closed, or was left behind. */
  onClosed(): void;
}

export interface Life {
  readonly isStopping: boolean;
  /** Emits once, if the node fails, and completes when it ends either way. */
  readonly failure: Observable<NodeFailedError>;
  /** Ends with the node: what it listens to. */
  hold(subscription: Subscription): void;
  /** @throws NodeStoppedError */
  assertRunning(): void;
  /** The node cannot keep what it promises any more. */
  fail(cause: Error): void;
  /** Resolves when all is closed, or was left behind. Idempotent. */
  stop(): Promise<void>;
  /** Ends what lives on a node that could not be made; what the node would own stays open. */
  abandon(): void;
}

/** Begins the life of a node. */
export const createLife = (parts: LifeParts): Life => new NodeLife(parts);

class NodeLife implements Life {
  readonly failure: Observable<NodeFailedError>;
  readonly #parts: LifeParts;
  readonly #failure = new ReplaySubject<NodeFailedError>(1);
  readonly #held = new Subscription();
  readonly #stopped: Promise<void>;
  #finish = (): void => {};
  #isStopping = false;

  constructor(parts: LifeParts) {
    this.#parts = parts;
    this.failure = this.#failure.asObservable();
    this.#stopped = new Promise<void>((resolve) => {
      this.#finish = resolve;
    });
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  hold(subscription: Subscription): void {
    this.#held.add(subscription);
  }

  assertRunning(): void {
    if (this.#isStopping) throw new NodeStoppedError(`node '${this.#parts.node}' has stopped; make a new one`);
  }

  fail(cause: Error): void {
    if (this.#isStopping) return;
    const error = new NodeFailedError(`node '${this.#parts.node}' has stopped for good: ${cause.message}`, { cause });
    this.#reportFailure(error);
    this.#end(error);
    this.#failure.next(error);
    this.#failure.complete();
  }

  stop(): Promise<void> {
    if (!this.#isStopping) {
      this.#end();
      this.#failure.complete();
    }
    return this.#stopped;
  }

  abandon(error?: Error): void {
    this.#isStopping = true;
    this.#held.unsubscribe();
    this.#parts.endAll(error);
  }

  /** Ends the actors and lets go of everything. Called once. */
  #end(error?: Error): void {
    const { node, clock, owned, closeMs } = this.#parts;
    this.abandon(error);
    void closeAll(owned, clock, closeMs).then((isClosed) => {
      if (!isClosed) {
        this.#reportFailure(new NodeFailedError(`node '${node}' did not close within ${closeMs} ms; end its process`));
      }
      this.#parts.onClosed();
      this.#finish();
    });
  }

  #reportFailure(error: NodeFailedError): void {
    const { inspection } = this.#parts;
    if (inspection.observed) inspection.report({ type: 'failed', error });
  }
}
