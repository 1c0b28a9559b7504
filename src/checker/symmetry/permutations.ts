/** Permutations of interchangeable ids, and what each of them makes of the parts of a state, remembered. */

import { addressOf, canonicalKey, partsOf } from '../../../statecharts/actor.ts';
import { ModelError } from '../errors.ts';
import { createEnvelopeBuffer } from '../system/network.ts';
import type { System } from '../system/system.ts';
import { elementAt } from '../tables/interned.ts';
import { createPairTable, type PairTable } from '../tables/pairs.ts';
import { changedString, createRenamer, type Renamer } from './renaming.ts';

/** A state written out in full: every part in a fixed place, and the contents of the network at the end. */
export interface Image {
  readonly words: Uint32Array;
  length: number;
}

export interface Permutations {
  readonly ids: readonly string[];
  /** The indexes of the ids that are interchangeable with each other, per set. */
  readonly classes: readonly (readonly number[])[];
  readonly renamer: Renamer;
  /** Writes what `permutation` (id index to id index) makes of `state` into `image`. @throws ModelError */
  apply(state: Uint32Array, permutation: readonly number[], image: Image): void;
  /** Turns a written-out state back into a vector. */
  restore(image: Image, state: Uint32Array): void;
}

export const createImage = (width: number): Image => ({
  words: new Uint32Array(width + createEnvelopeBuffer().length),
  length: 0,
});

/** A permutation made ready. */
interface Ready {
  readonly id: number;
  readonly change: (id: string) => string;
  readonly actors: readonly number[];
  readonly requests: readonly number[];
}

/** Prepares the permutations of a model's interchangeable ids. @throws ModelError when the model is not symmetric */
export function createPermutations<History>(system: System<History>): Permutations {
  const { model, layout, outcomes, envelopes, networks, operations, histories, budgets, requestBudgets } = system;
  const { interchangeable, sets = [] } = model.symmetry ?? { interchangeable: [] };
  const ids = interchangeable.flat();
  const indexOf = new Map(ids.map((id, index) => [id, index]));
  const renamer = createRenamer(sets);
  const indexOfActor = new Map<string, number>(model.actors.map(({ address }, index) => [address, index]));
  const requestKey = (actor: string, asked: unknown): string => `${actor} ${canonicalKey(asked)}`;
  const indexOfRequest = new Map(
    system.requests.map(({ actor, request }, index) => [requestKey(actor, request), index]),
  );
  const ready = new Map<string, Ready>();
  const memoOf = {
    locals: createPairTable(),
    envelopes: createPairTable(),
    histories: createPairTable(),
    resources: createPairTable(),
  };
  const buffer = createEnvelopeBuffer();

  const prepare = (permutation: readonly number[]): Ready => {
    const key = permutation.join();
    const known = ready.get(key);
    if (known !== undefined) return known;
    const change = (id: string): string => {
      const index = indexOf.get(id);
      return index === undefined ? id : elementAt(ids, elementAt(permutation, index));
    };
    const actors = model.actors.map(({ address, definition }) => {
      const image = indexOfActor.get(changedString(address, change));
      const other = image === undefined ? undefined : model.actors[image];
      if (image === undefined || other?.definition !== definition) {
        throw new ModelError(`'${address}' has no counterpart '${changedString(address, change)}' of its definition`);
      }
      return image;
    });
    const requests = system.requests.map(({ actor, request, times }) => {
      const image = indexOfRequest.get(requestKey(changedString(actor, change), renamer.rename(request, change)));
      const other = image === undefined ? undefined : system.requests[image];
      if (image === undefined || other?.times !== times) {
        throw new ModelError(`the request '${request.type}' to '${actor}' has no counterpart; ask all alike`);
      }
      return image;
    });
    const made = { id: ready.size, change, actors, requests };
    ready.set(key, made);
    return made;
  };
  const remembered = (memo: PairTable, value: number, { id }: Ready, rename: () => number): number => {
    const known = memo.get(value, id);
    if (known >= 0) return known;
    const made = rename();
    memo.add(value, id, made);
    return made;
  };

  const renameLocal = (local: number, { change, actors }: Ready): number => {
    const { state, outbox, ...rest } = outcomes.local(local);
    const { snapshot } = state ?? {};
    const renamed = {
      ...renamer.rename(rest, change),
      outbox: renamer.rename(outbox, change),
      ...(state === undefined || snapshot === undefined
        ? {}
        : {
            state: { armed: state.armed, snapshot: { ...snapshot, context: renamer.rename(snapshot.context, change) } },
          }),
    };
    return outcomes.idOf(elementAt(actors, outcomes.actorOf(local)), renamed);
  };
  const renameEnvelope = (envelope: number, { change }: Ready): number => {
    const { from, to, message } = envelopes.at(envelope);
    const moved = (address: string) => {
      const { node, name, key } = partsOf(changedString(address, change));
      return addressOf(node, name, key);
    };
    return envelopes.idOf(moved(from), moved(to), renamer.rename(message, change));
  };

  return {
    ids,
    classes: interchangeable.map((members) => members.map((id) => indexOf.get(id) ?? 0)),
    renamer,
    apply(state, permutation, image) {
      const using = prepare(permutation);
      const { words } = image;
      for (let actor = 0; actor < layout.actors; actor += 1) {
        const local = state[actor] ?? 0;
        words[using.actors[actor] ?? 0] = remembered(memoOf.locals, local, using, () => renameLocal(local, using));
      }
      for (let word = layout.actors; word < layout.width; word += 1) words[word] = state[word] ?? 0;
      using.requests.forEach((request, index) => {
        const budget = elementAt(requestBudgets, index);
        if (budget < 0 || request === index) return;
        const left = budgets.left(budget, state, layout.budgets);
        budgets.set(elementAt(requestBudgets, request), left, words, layout.budgets);
      });
      if (layout.history >= 0) {
        const history = state[layout.history] ?? 0;
        words[layout.history] = remembered(memoOf.histories, history, using, () =>
          histories.idOf(renamer.rename(histories.at(history), using.change)),
        );
      }
      if (layout.resources >= 0) {
        const resources = state[layout.resources] ?? 0;
        words[layout.resources] = remembered(memoOf.resources, resources, using, () =>
          operations.idOf(renamer.rename(operations.at(resources), using.change)),
        );
      }
      const length = networks.read(state[layout.network] ?? 0, buffer);
      for (let at = 0; at < length; at += 1) {
        const envelope = buffer[at] ?? 0;
        buffer[at] = remembered(memoOf.envelopes, envelope, using, () => renameEnvelope(envelope, using));
      }
      networks.arrange(buffer, length);
      words[layout.network] = length;
      for (let at = 0; at < length; at += 1) words[layout.width + at] = buffer[at] ?? 0;
      image.length = layout.width + length;
    },
    restore(image, state) {
      const { words, length } = image;
      for (let word = 0; word < layout.width; word += 1) state[word] = words[word] ?? 0;
      state[layout.network] = networks.intern(words.subarray(layout.width, length), length - layout.width);
    },
  };
}
