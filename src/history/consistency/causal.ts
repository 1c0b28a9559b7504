/**
 * Causal memory (Ahamad, Neiger, Burns, Kohli & Hutto, "Causal memory: definitions, implementation, and programming", 1995): there
 * is a writes-into order, from each read to a write that it may have returned, such that for each process its own operations and the
 * writes of all others have a serialization that respects causality, the transitive closure of process orders and writes-into order.
 *
 * Of the variants that the literature calls causal this is causal memory: what a process has read stays read, and replicas need
 * not converge. Weak causal consistency is weaker, and causal convergence incomparable (Perrin, Mostéfaoui & Jard, "Causal
 * consistency: beyond memory", 2016).
 */

import type { SequentialModel } from '../model.ts';
import { type Access, accessesOf, initialSource, initialValue, mayHaveSeen } from './access.ts';
import { everyView, type Judge, type OwnedView } from './finding.ts';
import { orderInTurn, placedByProcess } from './process-order.ts';
import { ViewBuilder } from './view.ts';
import { everyWritesInto, type WritesInto } from './writes-into.ts';

/** Judges histories of reads, writes and exchanges. */
export const judgeCausal: Judge = (operations, model, effort) => {
  const accesses = accessesOf(operations, 'causal');
  return everyWritesInto(accesses, initialValue(model), (writesInto) =>
    everyView(viewsOf(accesses, writesInto, model), model, effort),
  );
};

function* viewsOf(
  accesses: readonly Access[],
  writesInto: WritesInto,
  model: SequentialModel<unknown>,
): Generator<OwnedView> {
  const groups = placedByProcess(accesses);
  for (const [process, own] of groups) {
    if (!own.some(({ access }) => mayHaveSeen(access))) continue;
    const builder = new ViewBuilder(model);
    for (const access of accesses) {
      const isOwn = access.operation.process === process;
      builder.add(access, isOwn ? 'whole' : access.writes === undefined ? 'link' : 'change');
    }
    for (const group of groups.values()) orderInTurn(builder, group);
    writesInto.forEach((source, reader) => {
      if (source !== undefined && source !== initialSource) builder.order(source, reader);
    });
    yield { process, view: builder.build() };
  }
}
