/**
 * Sequential consistency (Lamport, "How to make a multiprocessor computer that correctly executes multiprocess programs", 1979):
 * one order of all operations, on all objects together, in which each process's stand in its order, is a run of the model. It says
 * nothing about time, and is not local: objects that are sequentially consistent one by one may not be together.
 */

import type { SequentialModel } from '../model.ts';
import type { Operation } from '../operation.ts';
import { accessesOf, hasOnlyAccesses } from './access.ts';
import type { Judge } from './finding.ts';
import { byProcess, orderInTurn } from './process-order.ts';
import { serialize } from './serialize.ts';
import { type View, ViewBuilder } from './view.ts';

/** Judges histories of any model. */
export const judgeSequential: Judge = (operations, model, effort) => {
  const view = hasOnlyAccesses(operations) ? viewOfAccesses(operations, model) : viewOfCalls(operations, model);
  return serialize(view, model, effort);
};

function viewOfAccesses(operations: readonly Operation[], model: SequentialModel<unknown>): View | undefined {
  const builder = new ViewBuilder(model);
  for (const group of byProcess(accessesOf(operations, 'sequential')).values()) {
    orderInTurn(
      builder,
      group.map((access) => ({ access, place: builder.add(access, 'whole') })),
    );
  }
  return builder.build();
}

/** A view of what is more than reads and writes: nothing is known of who read what. */
function viewOfCalls(operations: readonly Operation[], model: SequentialModel<unknown>): View {
  const shown = operations.filter(({ outcome }) => outcome !== 'failed');
  const before: number[][] = shown.map(() => []);
  const after: number[][] = shown.map(() => []);
  const last = new Map<Operation['process'], number>();
  const steps = shown.map((operation, place) => {
    const { f, key, value, result, outcome, process } = operation;
    const earlier = last.get(process);
    if (earlier !== undefined) {
      before[place]?.push(earlier);
      after[earlier]?.push(place);
    }
    if (outcome === 'ok') last.set(process, place);
    const call = { f, value, known: outcome === 'ok', result };
    const isReading = model.isReadOnly?.(call) === true;
    return { operation, key, call, isReading, isOptional: outcome === 'unknown', sources: undefined };
  });
  return { steps, before, after };
}
