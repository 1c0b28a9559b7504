/**
 * The session guarantees (Terry, Demers, Petersen, Spreitzer, Theimer & Welch, "Session guarantees for weakly consistent replicated
 * data", 1994), each process being a session. They are stated there of servers and the writes that these hold; of what clients saw,
 * each says that for each process there is a serialization of its own operations and of the writes of all, in which stand in order
 *
 * - monotonic reads: the process's own reads;
 * - read your writes: each own write, and the own reads after it;
 * - monotonic writes: the writes of each process;
 * - writes follow reads: a write that a process has read, and what it wrote thereafter.
 *
 * The last two say in what order servers take writes. A single read shows nothing of that, so both are judged by the reads of sessions
 * that also read monotonically. Together the first three are PRAM but for a read and the own writes after it, and all four lead to
 * causal consistency (Brzeziński, Sobaniec & Wawrzyniak, "From session causality to causal consistency", 2004).
 */

import type { SequentialModel } from '../model.ts';
import { type Access, accessesOf, byObject, initialSource, initialValue, isSeen, mayHaveSeen } from './access.ts';
import { everyView, type Judge, type OwnedView } from './finding.ts';
import { byProcess, orderInTurn, type Placed } from './process-order.ts';
import { ViewBuilder } from './view.ts';
import { everyWritesInto, type WritesInto } from './writes-into.ts';

const isWrite = ({ writes }: Access): boolean => writes !== undefined;

/** Judges monotonic reads. */
export const judgeMonotonicReads: Judge = (operations, model, effort) =>
  everyView(
    viewsByObject(accessesOf(operations, 'monotonic-reads'), model, (builder, own) =>
      orderInTurn(
        builder,
        own.filter(({ access }) => isSeen(access)),
      ),
    ),
    model,
    effort,
  );

/** Judges read your writes. */
export const judgeReadYourWrites: Judge = (operations, model, effort) =>
  everyView(
    viewsByObject(accessesOf(operations, 'read-your-writes'), model, (builder, own) => {
      // Stands after all writes so far.
      let written: number | undefined;
      for (const { access, place } of own) {
        if (written !== undefined && isSeen(access)) builder.order(written, place);
        if (!isWrite(access) || access.isUnknown) continue;
        const link = builder.add(access, 'link');
        builder.order(place, link);
        if (written !== undefined) builder.order(written, link);
        written = link;
      }
    }),
    model,
    effort,
  );

/** Judges monotonic writes, as sessions with monotonic reads see them. */
export const judgeMonotonicWrites: Judge = (operations, model, effort) => {
  const accesses = accessesOf(operations, 'monotonic-writes');
  return everyView(
    viewsOfAll(accesses, model, (builder, groups) => {
      for (const group of groups)
        orderInTurn(
          builder,
          group.filter(({ access }) => isWrite(access)),
        );
    }),
    model,
    effort,
  );
};

/** Judges writes follow reads, as sessions with monotonic reads see them. */
export const judgeWritesFollowReads: Judge = (operations, model, effort) => {
  const accesses = accessesOf(operations, 'writes-follow-reads');
  return everyWritesInto(accesses, initialValue(model), (writesInto) =>
    everyView(
      viewsOfAll(accesses, model, (builder, groups) => {
        for (const group of groups) orderWritesAfterReads(builder, group, writesInto);
      }),
      model,
      effort,
    ),
  );
};

/** Puts the writes of a process after those that it has read before. */
function orderWritesAfterReads(builder: ViewBuilder, group: readonly Placed[], writesInto: WritesInto): void {
  let read: number | undefined;
  for (const { access, place } of group) {
    if (read !== undefined && isWrite(access)) builder.order(read, place);
    const source = writesInto[place];
    if (source === undefined || source === initialSource) continue;
    // A link of its own, as the read itself need not stand before the write.
    const link = builder.add(access, 'link');
    builder.order(source, link);
    if (read !== undefined) builder.order(read, link);
    read = link;
  }
}

/** A view of each process and all objects, with the order that a guarantee asks for, and monotonic reads. */
function* viewsOfAll(
  accesses: readonly Access[],
  model: SequentialModel<unknown>,
  order: (builder: ViewBuilder, groups: readonly Placed[][]) => void,
): Generator<OwnedView> {
  const processes = byProcess(accesses);
  for (const [process, own] of processes) {
    if (!own.some(mayHaveSeen)) continue;
    const builder = new ViewBuilder(model);
    const placeOf = new Map(accesses.map((access) => [access, builder.add(access, sightOf(access, process))] as const));
    const placed = (group: readonly Access[]): Placed[] =>
      group.map((access) => ({ access, place: placeOf.get(access) ?? 0 }));
    orderInTurn(builder, placed(own.filter(isSeen)));
    order(builder, [...processes.values()].map(placed));
    yield { process, view: builder.build() };
  }
}

/** A view of each process and object: where only operations of the observer are ordered, objects are independent of each other. */
function* viewsByObject(
  accesses: readonly Access[],
  model: SequentialModel<unknown>,
  order: (builder: ViewBuilder, own: readonly Placed[]) => void,
): Generator<OwnedView> {
  for (const ofObject of byObject(accesses).values()) {
    const writes = ofObject.filter(isWrite);
    for (const [process, own] of byProcess(ofObject)) {
      if (!own.some(isSeen)) continue;
      const builder = new ViewBuilder(model);
      for (const access of writes) if (access.operation.process !== process) builder.add(access, 'change');
      order(
        builder,
        own.map((access) => ({ access, place: builder.add(access, 'whole') })),
      );
      yield { process, view: builder.build() };
    }
  }
}

const sightOf = (access: Access, process: Access['operation']['process']) =>
  access.operation.process === process ? 'whole' : isWrite(access) ? 'change' : 'link';
