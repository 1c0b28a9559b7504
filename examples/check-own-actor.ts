/** Checks an actor of one's own: whatever crashes, the tokens of a lock must never repeat. */

import { actorOf, type CheckResult, check, defineModel, renderResult, request } from '../src/checker.ts';
import { lockOf } from './lock.ts';

/** Lets two clients acquire twice each, while the lock's node may crash twice. */
export function checkLock(hasty = false): CheckResult {
  const lock = actorOf(lockOf(hasty), 'n1', { input: undefined });
  const acquire = (client: string) => request(lock, { type: 'acquire', client }, { times: 2 });
  const start: readonly number[] = [];
  const model = defineModel({
    name: hasty ? 'hasty lock' : 'lock',
    actors: [lock],
    requests: [acquire('a'), acquire('b'), request(lock, { type: 'release' }, { times: 3 })],
    crashes: { times: 2 },
    history: {
      start,
      observe: (tokens, it) =>
        it.type === 'delivered' && 'token' in it.output ? [...tokens, Number(it.output.token)] : tokens,
    },
    always: {
      'tokens grow': ({ history }) => history.every((token, at) => at === 0 || token > Number(history[at - 1])),
    },
    sometimes: { 'four tokens': ({ history }) => history.length === 4 },
  });
  return check(model);
}

/** Checks the lock, and its hasty twin, which must be caught. */
export const report = (): string => [checkLock(), checkLock(true)].map((result) => renderResult(result)).join('\n\n');
