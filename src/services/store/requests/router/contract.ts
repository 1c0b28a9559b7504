/** What a router needs, may take, and does. */

import type { QuorateError } from '../../../../../statecharts/actor.ts';
import type { Clock } from '../../../../environment/clock.ts';
import type { Random } from '../../../../environment/random.ts';
import type { Submission } from '../pending.ts';
import type { Request, Response } from '../wire.ts';

export interface RouterLimits {
  /** Requests that are out, or wait to be. Default 65,536. */
  readonly inFlight: number;
  /**
   * How long to wait for an answer before asking again, the first time; then twice as long. Default 1,000 ms; at most a
   * quarter of the time until the request's deadline, so that a short one is asked again, too.
   */
  readonly attemptMs: number;
}

export const defaultRouterLimits: RouterLimits = { inFlight: 65_536, attemptMs: 1_000 };

export interface RouterParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: RouterLimits;
  /** The nodes to ask while it is not known who leads, and for stale answers; the nearest first. */
  candidates(): readonly string[];
  /** Whether `node` can be asked directly. */
  reaches(node: string): boolean;
  /** Sends requests; `forward` asks a node that does not lead to pass them on. Throws when they cannot be sent ever. */
  send(node: string, requests: readonly Request[], forward: boolean): void;
}

export interface Router {
  /** @throws OverloadedError when too many requests are out; what it was closed with, once it was */
  submit(submission: Submission): void;
  receive(from: string, responses: readonly Response[]): void;
  /** A node that should know says who leads, if any does. Requests that are out elsewhere are asked again there. */
  leaderIs(node: string | undefined): void;
  /** What was sent to `node` may be lost. */
  lost(node: string): void;
  /** What could not be prepared may be now. */
  wake(): void;
  /** Ends every request that is out, with `error` where it certainly did not happen. */
  close(error: QuorateError): void;
  readonly inFlight: number;
  /** Attempts after the first of their requests, so far. */
  readonly repeated: number;
}
