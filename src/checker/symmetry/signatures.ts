/**
 * Signatures: a number for each interchangeable id in a state that renaming leaves alone. Ids with different signatures
 * play different parts; only among those with equal ones must orders be tried.
 */

import { createEnvelopeBuffer } from '../system/network.ts';
import type { System } from '../system/system.ts';
import { finished, mixed } from '../tables/hash.ts';
import { elementAt } from '../tables/interned.ts';
import { createPairTable, type PairTable } from '../tables/pairs.ts';
import type { Permutations } from './permutations.ts';

/** Writes the signature of each id in `state` into `signatures`. */
export type Sign = (state: Uint32Array, signatures: Uint32Array) => void;

/** Makes the signatures of a model's interchangeable ids. */
export function createSignatures<History>(system: System<History>, permutations: Permutations): Sign {
  const { layout, outcomes, envelopes, networks, operations, histories, requests, requestBudgets, budgets, model } =
    system;
  const { ids, classes, renamer } = permutations;
  const classOf = new Map(
    classes.flatMap((members, index) => members.map((id) => [elementAt(ids, id), index] as const)),
  );
  const shapes = new Map<string, number>();
  const memos = {
    locals: createPairTable(),
    envelopes: createPairTable(),
    histories: createPairTable(),
    resources: createPairTable(),
    requests: createPairTable(),
  };
  const buffer = createEnvelopeBuffer();

  // Seen from one id, the others of its set are all alike.
  const seenFrom = ids.map((self) => (id: string) => {
    if (id === self) return '*self*';
    const set = classOf.get(id);
    return set === undefined ? id : `*other of ${set}*`;
  });
  const shapeOf = (memo: PairTable, number: number, id: number, value: () => unknown): number => {
    const known = memo.get(number, id);
    if (known >= 0) return known;
    const key = renamer.keyOf(value(), elementAt(seenFrom, id));
    const shape = shapes.get(key) ?? shapes.size;
    shapes.set(key, shape);
    memo.add(number, id, shape);
    return shape;
  };
  const localValue = (local: number): unknown => {
    const { state, durable, ...rest } = outcomes.local(local);
    const { address, definition } = elementAt(model.actors, outcomes.actorOf(local));
    // As for the identity of local states, records count by what they recover.
    const recovered = durable.length === 0 ? undefined : definition.recover(durable);
    const { value, context } = state?.snapshot ?? {};
    return { address, rest, recovered, armed: state?.armed, value, context };
  };
  const weigh = (part: number, shape: number): number => finished(mixed(mixed(0x5bd1e995, part), shape));

  return (state, signatures) => {
    const length = networks.read(state[layout.network] ?? 0, buffer);
    for (let id = 0; id < ids.length; id += 1) {
      let sum = 0;
      for (let actor = 0; actor < layout.actors; actor += 1) {
        const local = state[actor] ?? 0;
        sum += weigh(
          0,
          shapeOf(memos.locals, local, id, () => localValue(local)),
        );
      }
      for (let at = 0; at < length; at += 1) {
        const envelope = buffer[at] ?? 0;
        sum += weigh(
          1,
          shapeOf(memos.envelopes, envelope, id, () => envelopes.at(envelope)),
        );
      }
      if (layout.history >= 0) {
        const history = state[layout.history] ?? 0;
        sum += weigh(
          2,
          shapeOf(memos.histories, history, id, () => histories.at(history)),
        );
      }
      if (layout.resources >= 0) {
        const resources = state[layout.resources] ?? 0;
        sum += weigh(
          3,
          shapeOf(memos.resources, resources, id, () => operations.at(resources)),
        );
      }
      for (let request = 0; request < requests.length; request += 1) {
        const budget = requestBudgets[request] ?? 0;
        if (budget < 0) continue;
        const { actor, request: asked } = elementAt(requests, request);
        const shape = shapeOf(memos.requests, request, id, () => [actor, asked]);
        sum += weigh(4 + budgets.left(budget, state, layout.budgets), shape);
      }
      signatures[id] = sum % 2 ** 32;
    }
  };
}
