/**
 * NFD-E (Chen, Toueg & Aguilera, On the Quality of Service of Failure Detectors, IEEE Transactions on Computers 51(5),
 * 2002, §6). Heartbeats leave every `intervalMs`; the arrival of the next one is estimated from those of the last ones, each
 * set back by what its number says of its departure. Suspicion begins `slackMs` after that estimate, the next freshness
 * point; so it does not depend on how late the last heartbeat was, as a plain timeout does.
 *
 * How often heartbeats must leave, and how much slack they get, follows from the quality that is wanted: `configureNfdE`.
 */

import { DetectorConfigError } from '../../errors.ts';
import type { Estimator } from './estimator.ts';

export interface NfdEConfig {
  readonly kind: 'nfd-e';
  /** How often heartbeats leave, in milliseconds: eta. */
  readonly intervalMs: number;
  /** How long after its estimated arrival the next heartbeat may come, in milliseconds: alpha. */
  readonly slackMs: number;
  /** From how many arrivals the next one is estimated; from 1 to 1,000. The paper's simulations take 32. */
  readonly windowSize: number;
}

export interface NfdEEstimate extends NfdEConfig {
  /** The number of the last heartbeat heard, since the last interruption; null before. */
  readonly last: number | null;
  /** When waiting began, where no heartbeat says it. */
  readonly sinceMs: number;
  /** Of the last heartbeats, when each would have arrived had it left at the start: `A - eta * s`; oldest first. */
  readonly offsetsMs: readonly number[];
}

const greatestWindow = 1_000;

/** The estimated arrival of heartbeat `sequence`; undefined before any was heard. */
export function expectedArrivalMs({ offsetsMs, intervalMs }: NfdEEstimate, sequence: number): number | undefined {
  if (offsetsMs.length === 0) return undefined;
  return offsetsMs.reduce((sum, it) => sum + it, 0) / offsetsMs.length + intervalMs * sequence;
}

export const nfdE: Estimator<NfdEConfig, NfdEEstimate> = {
  start(config, atMs) {
    const { intervalMs, slackMs, windowSize } = config;
    if (!(intervalMs > 0 && Number.isFinite(intervalMs))) {
      throw new DetectorConfigError(`expected an intervalMs above 0, got ${intervalMs}`);
    }
    if (!(slackMs >= 0 && Number.isFinite(slackMs))) {
      throw new DetectorConfigError(`expected a slackMs of at least 0, got ${slackMs}`);
    }
    if (!(Number.isInteger(windowSize) && windowSize >= 1 && windowSize <= greatestWindow)) {
      throw new DetectorConfigError(`expected a windowSize from 1 to ${greatestWindow}, got ${windowSize}`);
    }
    return { ...config, last: null, sinceMs: atMs, offsetsMs: [] };
  },
  heard: (state, arrivalMs, sequence) => ({
    ...state,
    last: sequence,
    offsetsMs: [...state.offsetsMs, arrivalMs - state.intervalMs * sequence].slice(-state.windowSize),
  }),
  interrupted: (state, atMs) => ({ ...state, last: null, sinceMs: atMs }),
  suspectAtMs(state) {
    const { last, sinceMs, intervalMs, slackMs } = state;
    const expectedMs = last === null ? undefined : expectedArrivalMs(state, last + 1);
    return (expectedMs ?? sinceMs + intervalMs) + slackMs;
  },
};
