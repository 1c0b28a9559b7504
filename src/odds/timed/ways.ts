/** How probable it is in which of its ways an operation ends. */

import type { Tagged } from '../../../statecharts/actor.ts';
import type { ResourceStep } from '../../checker.ts';
import { ProcessError } from '../errors.ts';
import type { Weights } from './weights.ts';

/** In the order of the ways. @throws ProcessError where that is not said */
export function oddsOfWays(
  { waysOf }: Pick<Weights, 'waysOf'>,
  part: string,
  operation: Tagged,
  ways: readonly ResourceStep[],
): readonly number[] {
  const odds = ways.length === 1 ? [1] : (waysOf?.(part, operation, ways) ?? []);
  if (odds.length === ways.length) return odds;
  throw new ProcessError(
    `expected the probabilities of the ${ways.length} ways in which '${operation.type}' may end at '${part}', got ` +
      `${odds.length}; give waysOf`,
  );
}

/** @throws ProcessError where something happens to a resource by itself, and no weight says how soon */
export function checkChanges(changing: readonly string[], { changes }: Pick<Weights, 'changes'>): void {
  const [first] = changing;
  if (first === undefined || changes !== undefined) return;
  throw new ProcessError(
    `expected to be told how soon something happens to '${first}' by itself, got nothing; give changes`,
  );
}
