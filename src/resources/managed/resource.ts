/** Offers a managed server to charts: what they ask for becomes calls, one after another, and what comes of them results. */

import * as v from 'valibot';
import type { Result } from '../../../statecharts/actor.ts';
import type { ServerOperation } from '../../../statecharts/failover/servers.ts';
import type { Clock } from '../../environment/clock.ts';
import { messageOf } from '../../environment/message.ts';
import { budget, within } from '../deadline.ts';
import type { Resource } from '../resource.ts';
import { ServerRefusedError } from './errors.ts';
import type { ManagedServer } from './server.ts';

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const ofEpoch = { term: natural, epoch: natural };
const confirming = { ...ofEpoch, version: natural, inSync: v.array(v.string()), confirmations: natural };
/** Charts ask for these: they cross no wire. */
const asked: v.GenericSchema<unknown, ServerOperation | { readonly type: 'probe' }> = v.variant('type', [
  v.object({ type: v.literal('probe') }),
  v.object({ type: v.literal('look') }),
  v.object({ type: v.literal('claim'), term: natural }),
  v.object({ type: v.literal('fence'), ...ofEpoch }),
  v.object({ type: v.literal('promote'), ...confirming }),
  v.object({ type: v.literal('confirmWith'), ...confirming }),
  v.object({ type: v.literal('follow'), ...ofEpoch, primary: v.string() }),
  v.object({ type: v.literal('start') }),
  v.object({ type: v.literal('stop') }),
]);

/** Share of a deadline, so that the answer of the server comes before the asker's own deadline. */
const share = 0.9;

/**
 * Makes a resource of a managed server. `probe` is answered by a `ProbeResult`, beside whatever is under way; operations by a
 * `ServerStatus`, each once the one before it is over. Owns the server, and closes it.
 */
export function resourceOf(server: ManagedServer, { clock }: { readonly clock: Clock }): Resource {
  let last: Promise<unknown> = Promise.resolve();

  /** A caller that has given up on an operation must not have the next one overtake it. */
  const inTurn = async (operation: ServerOperation, timeoutMs: number): Promise<Result> => {
    const left = budget(clock, timeoutMs);
    const before = last;
    const answered = within(clock, before, timeoutMs, 'the operation before').then(() =>
      server.operate(operation, left.remainingMs()),
    );
    last = answered.catch(() => before);
    return { type: 'done', value: await answered };
  };
  const perform = async (operation: unknown, timeoutMs: number): Promise<Result> => {
    const { success, output, issues } = v.safeParse(asked, operation);
    if (!success) {
      return { type: 'refused', error: `expected an operation of a managed server: ${issues[0].message}` };
    }
    if (output.type === 'probe') return { type: 'done', value: await server.probe(timeoutMs) };
    return await inTurn(output, timeoutMs);
  };
  return {
    perform: ({ operation, deadlineMs }, answer) =>
      void perform(operation, Math.max(1, deadlineMs * share)).then(answer, (error: unknown) =>
        answer(
          error instanceof ServerRefusedError
            ? { type: 'refused', error: `${error.code}: ${error.message}` }
            : { type: 'unknown', error: messageOf(error) },
        ),
      ),
    close: () => server.close(),
  };
}
