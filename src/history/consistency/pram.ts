/**
 * PRAM, pipelined random-access memory (Lipton & Sandberg, "PRAM: a scalable shared memory", 1988), in the words of Ahamad et al.
 * (1995): for each process there is a serialization of its own operations and of the writes of all others, in which the operations
 * of each process stand in its order. Processes may see the writes of different writers in different orders.
 */

import type { SequentialModel } from '../model.ts';
import { type Access, accessesOf, isSeen } from './access.ts';
import { everyView, type Judge, type OwnedView } from './finding.ts';
import { byProcess, orderInTurn } from './process-order.ts';
import { ViewBuilder } from './view.ts';

/** Judges histories of reads, writes and exchanges. */
export const judgePram: Judge = (operations, model, effort) =>
  everyView(viewsOf(accessesOf(operations, 'pram'), model), model, effort);

function* viewsOf(accesses: readonly Access[], model: SequentialModel<unknown>): Generator<OwnedView> {
  const groups = byProcess(accesses);
  for (const [process, own] of groups) {
    if (!own.some(isSeen)) continue;
    const builder = new ViewBuilder(model);
    for (const group of groups.values()) {
      const shown = group === own ? own : group.filter(({ writes }) => writes !== undefined);
      orderInTurn(
        builder,
        shown.map((access) => ({ access, place: builder.add(access, group === own ? 'whole' : 'change') })),
      );
    }
    yield { process, view: builder.build() };
  }
}
