/** A configuration as a stop-sign: when one may be proposed, and what follows from it (see `configuration.ts`). */

import { type Deliver, deliverAhead } from '../../../actor/effects.ts';
import { isChanging, type Members, membersIn } from '../../../replication/members.ts';
import type { ReconfigurationRefusal, ReplacementRefusal } from '../../../replication/refusals.ts';
import { sizesFor } from '../configuration.ts';
import type { Result, ServerContext } from '../context.ts';
import type { PaxosOutput } from '../messages.ts';
import { knowsChosen } from './leading.ts';
import { leadershipOf, proposeNext } from './replication.ts';

/** What stands against any change now. */
export function objectionNow(context: ServerContext): 'not-leader' | 'not-ready' | 'change-under-way' | undefined {
  const { configuration, handOver, leadership } = context;
  if (leadership === null) return 'not-leader';
  if (!knowsChosen(context) || handOver !== null) return 'not-ready';
  return isChanging(configuration) || leadership.isStopped ? 'change-under-way' : undefined;
}

/** Proposes a stop-sign: those of `next` decide what comes after it, and nothing is proposed before it is chosen. */
export function stopWith(context: ServerContext, next: Members, outputs: readonly Deliver<PaxosOutput>[] = []): Result {
  const members = membersIn(next);
  const leadership = { ...leadershipOf(context), isStopped: true };
  const sizes = sizesFor(context.configuration, members.voters.length);
  const index = leadership.lastIndex + 1;
  return proposeNext({ ...context, leadership }, [{ index, kind: 'stop', members, sizes }], outputs);
}

/** The stop-sign that is proposed next begins what was asked for by `id`. */
export const begunBy = (context: ServerContext, id: number): Deliver<PaxosOutput> =>
  deliverAhead({ type: 'reconfiguring', id, index: leadershipOf(context).lastIndex + 1 });

/** Ahead: it did not happen, whatever becomes of the records that wait. */
export function notReconfigured(
  { leader }: ServerContext,
  id: number,
  reason: ReplacementRefusal | ReconfigurationRefusal,
  behind?: number,
): Result {
  const refused = {
    type: 'notReconfigured',
    id,
    reason,
    ...(behind === undefined ? {} : { behind }),
    ...(leader === null ? {} : { leader }),
  } as const;
  return { effects: [deliverAhead(refused)] };
}
