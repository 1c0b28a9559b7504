/** Where a node's answers go: one sink per asker on the bus, kept while something of that asker waits. */

import { type Address, QuorateError } from '../../../../statecharts/actor.ts';
import type { Clock } from '../../../environment/clock.ts';
import { approximateBytes } from '../codec.ts';
import type { Sink } from './desk.ts';
import { messageLimitBytes, type Response, runsOf } from './wire.ts';

/** A sink that can also be flushed once at the end of the turn. */
export interface BusSink extends Sink {
  flushSoon(): void;
}

export interface Sinks {
  /** The sink of `asker`, which is going to get `expected` more responses. */
  of(asker: Address, expected: number): BusSink;
}

const responseOverheadBytes = 64;

const sizeOf = (response: Response): number =>
  responseOverheadBytes + (response.status === 'done' ? approximateBytes(response.value) : 0);

/** @param send throws when the responses can never be sent, being too large */
export function createSinks(clock: Clock, send: (to: Address, responses: readonly Response[]) => void): Sinks {
  const sinks = new Map<Address, BusSink & { expect(responses: number): void }>();

  const sendRun = (asker: Address, run: readonly Response[]): void => {
    try {
      send(asker, run);
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error;
      // Something was answered, and cannot be told; the asker must not take it for undone.
      send(
        asker,
        run.map(({ id }) => ({ id, status: 'unknown', reason: 'no-answer' })),
      );
    }
  };

  const create = (asker: Address) => {
    let responses: Response[] = [];
    let expected = 0;
    let isScheduled = false;
    const flush = (): void => {
      if (responses.length === 0) return;
      const due = responses;
      responses = [];
      expected -= due.length;
      if (expected === 0) sinks.delete(asker);
      for (const run of runsOf(due, messageLimitBytes, sizeOf)) sendRun(asker, run);
    };
    return {
      push: (response: Response) => void responses.push(response),
      flush,
      flushSoon() {
        if (isScheduled) return;
        isScheduled = true;
        clock.enqueue(() => {
          isScheduled = false;
          flush();
        });
      },
      expect(more: number) {
        expected += more;
      },
    };
  };

  return {
    of(asker, expected) {
      const sink = sinks.get(asker) ?? create(asker);
      sinks.set(asker, sink);
      sink.expect(expected);
      return sink;
    },
  };
}
