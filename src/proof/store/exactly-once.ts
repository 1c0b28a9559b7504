/**
 * Watches from above that the state machines of a store apply no request twice, and that what clients are told of requests
 * under idempotency keys is what came of the first one: also when the session that would know it has expired, when a
 * snapshot has taken the place of the log, and when another node is asked.
 */

import * as v from 'valibot';
import type { OperationEnd } from '../../simulator/scenario.ts';
import type { PlannedOperation } from '../../simulator/schedule.ts';
import type { Problem } from '../claim.ts';
import { isProbe } from '../operations.ts';
import type { Application } from './audit.ts';
import { type KeyOperation, operationSchema, repeatedSchema } from './operation.ts';

/** What a request is known by. */
interface Put {
  readonly key: string;
  readonly value: number | string;
}

const decoder = new TextDecoder();

/** What sessions and idempotency keys must have gone through, in some run. */
export const exactlyOnceGoals = [
  'a session expired',
  'no session was to be had',
  'a repeated request was told what came of the first',
  'the result under a key was forgotten',
] as const;

/** What is known of the requests of a run. */
export interface ExactlyOnce {
  invoked(operation: PlannedOperation): void;
  ended(operation: PlannedOperation, outcome: OperationEnd): void;
  applied(application: Application): void;
  /** What is wrong, in words. */
  problem(): Problem;
  readonly reached: ReadonlySet<string>;
}

const nameOf = ({ key, value }: Put): string => `${key}=${value}`;

/**
 * Makes the watch of one run.
 *
 * @param keptKeyRequests for how many further requests the result under an idempotency key is kept: one that comes later is
 *   a request by itself
 */
export function createExactlyOnce(keptKeyRequests: number): ExactlyOnce {
  /** Requests by what they write, which no two share, and at which revisions they were applied. */
  const revisions = new Map<string, number[]>();
  const repeated = new Set<string>();
  /** How often each was answered. */
  const answers = new Map<string, number>();
  const reached = new Set<string>();
  let problem: Problem;

  const judgeAnswer = (name: string, value: unknown): void => {
    const { version } = v.parse(repeatedSchema, value);
    if (!revisions.get(name)?.includes(version)) {
      problem ??= `exactly once: ${name} was answered with version ${version}, and was applied at ${revisions.get(name)?.join(', ')}`;
    }
    answers.set(name, (answers.get(name) ?? 0) + 1);
    if (answers.get(name) === 2) reached.add(exactlyOnceGoals[2]);
  };
  return {
    invoked(operation) {
      if (isProbe(operation)) return;
      const planned: KeyOperation = v.parse(operationSchema, operation.operation);
      const name = nameOf(planned);
      if (planned.f === 'once') repeated.add(name);
      if (planned.f === 'once' || planned.f === 'put' || planned.f === 'cas') {
        revisions.set(name, revisions.get(name) ?? []);
      }
    },
    ended({ operation }, outcome) {
      const planned: KeyOperation = v.parse(operationSchema, operation);
      if (outcome.type === 'ok' && planned.f === 'once') judgeAnswer(nameOf(planned), outcome.value);
      if (outcome.type === 'unknown' && outcome.reason === 'SESSION_EXPIRED') reached.add(exactlyOnceGoals[0]);
      if (outcome.type === 'failed' && outcome.reason === 'SESSIONS_FULL') reached.add(exactlyOnceGoals[1]);
    },
    applied({ command, revision: appliedAt }) {
      if (command.type !== 'put') return;
      const name = nameOf({ key: command.key, value: decoder.decode(command.value) });
      const known = revisions.get(name);
      if (known === undefined || known.includes(appliedAt)) return;
      known.push(appliedAt);
      known.sort((a, b) => a - b);
      for (const [at, revision] of known.entries()) {
        const before = known[at - 1];
        if (before === undefined) continue;
        if (repeated.has(name) && revision - before > keptKeyRequests) reached.add(exactlyOnceGoals[3]);
        else problem ??= `exactly once: ${name} was applied at revision ${before}, and again at ${revision}`;
      }
    },
    problem: () => problem,
    reached,
  };
}
