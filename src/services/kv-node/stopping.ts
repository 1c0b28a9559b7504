/** How a node of a key-value store ends: cleanly when it is told to, and for good when a part of it cannot go on. */

import { type Observable, ReplaySubject } from 'rxjs';
import type { QuorateError } from '../../../statecharts/actor.ts';
import { NodeFailedError } from '../../host/errors.ts';
import type { StoreHttpServer } from '../http/server.ts';
import type { RunningNode } from '../start-node.ts';
import type { StateComparison } from '../state-comparison.ts';
import { FoundingMismatchError } from '../store/log/protocols.ts';
import type { ReplicatedStore } from '../store/replicated-store.ts';
import type { KeyValueNode } from './contract.ts';

/** What ends with the node. */
interface StoppingParts {
  readonly running: RunningNode;
  readonly store: ReplicatedStore;
  readonly http: StoreHttpServer | undefined;
  readonly departures: Observable<QuorateError>;
  readonly comparison: StateComparison;
  /** How long a clean stop waits for another node to lead: the longest election timeout. */
  readonly resignationMs: number;
}

/** Watches the parts: where one cannot go on, the node stops and says so. */
export function createStopping(parts: StoppingParts): Pick<KeyValueNode, 'failure' | 'stop'> {
  const { running, store, http, departures, comparison, resignationMs } = parts;
  const failure = new ReplaySubject<QuorateError>(1);
  let stopping: Promise<void> | undefined;
  const stop = (isAble = true): Promise<void> => {
    stopping ??= (async () => {
      comparison.close();
      if (isAble) await store.resign(resignationMs);
      await http?.close();
      store.close();
      await running.stop();
    })();
    return stopping;
  };
  const fail = (error: QuorateError): void => {
    if (stopping !== undefined) return;
    // Nothing that waits can still succeed here: it ends now, so that others can be asked.
    store.close();
    void stop(false);
    failure.next(error);
    failure.complete();
  };
  running.failure.subscribe(fail);
  departures.subscribe(fail);
  store.failure.subscribe((error) => fail(isWhy(error.cause) ? error.cause : error));
  return { failure: failure.asObservable(), stop: () => stop() };
}

/** A store fails also because its node has failed, or because it was begun otherwise: then that is what there is to tell. */
const isWhy = (cause: unknown): cause is QuorateError =>
  cause instanceof NodeFailedError || cause instanceof FoundingMismatchError;
