/**
 * Canonical forms: of all states that renaming interchangeable ids can make of one another, one stands for all. Exact:
 * two states have the same form if and only if some permutation turns one into the other.
 */

import { ModelError } from '../errors.ts';
import type { System } from '../system/system.ts';
import { elementAt } from '../tables/interned.ts';
import { createImage, createPermutations, type Image } from './permutations.ts';
import { createSignatures } from './signatures.ts';

export interface Canonical {
  /** How many permutations there are. */
  readonly permutations: number;
  /** Replaces `state` by the one that stands for its orbit. */
  normalise(state: Uint32Array): void;
  /** Checks now and then that `state` and a renamed one lead to the same. @throws ModelError when they do not */
  sample(state: Uint32Array): void;
}

/** The first so many states are sampled, and later ones now and then. */
const alwaysSampled = 64;
const sampledEvery = 256;

/** Prepares the symmetry of a model. @throws ModelError when it has none */
export function createCanonical<History>(system: System<History>): Canonical {
  const { model, layout } = system;
  refuseIdComparers(system);
  const permutations = createPermutations(system);
  const { ids, classes } = permutations;
  const sign = createSignatures(system, permutations);
  const identity = ids.map((_id, index) => index);
  const signatures = new Uint32Array(ids.length);
  const own = createImage(layout.width);
  let best = createImage(layout.width);
  let candidate = createImage(layout.width);

  const swapped = (a: number, b: number): number[] => identity.map((id) => (id === a ? b : id === b ? a : id));
  const isFixedBySwap = (state: Uint32Array, a: number, b: number): boolean => {
    permutations.apply(state, swapped(a, b), candidate);
    return compare(candidate, own) === 0;
  };

  /** The ids of one class, as rows of groups with equal signatures, each split into ids that are alike in `state`. */
  const groupsOf = (state: Uint32Array, members: readonly number[]): number[][][] => {
    const sorted = members.toSorted((a, b) => (signatures[a] ?? 0) - (signatures[b] ?? 0));
    const groups: number[][][] = [];
    let last = -1;
    for (const id of sorted) {
      const signature = signatures[id] ?? 0;
      const group = groups.at(-1);
      if (group === undefined || signature !== last) groups.push([[id]]);
      else {
        // Being alike is an equivalence: if exchanging a and b, and b and c, changes nothing, nor does a and c.
        const alike = group.find(([first = id]) => isFixedBySwap(state, first, id));
        if (alike === undefined) group.push([id]);
        else alike.push(id);
      }
      last = signature;
    }
    return groups;
  };

  const normalise = (state: Uint32Array): void => {
    sign(state, signatures);
    permutations.apply(state, identity, own);
    let orders: number[][] = [[]];
    for (const members of classes) {
      for (const group of groupsOf(state, members)) {
        const arrangements = arrangementsOf(group);
        orders = orders.flatMap((order) => arrangements.map((arrangement) => [...order, ...arrangement]));
      }
    }
    let isFirst = true;
    for (const order of orders) {
      const permutation = [...identity];
      // Orders follow the classes, whose ids are numbered one after the other.
      order.forEach((id, position) => {
        permutation[id] = position;
      });
      permutations.apply(state, permutation, candidate);
      if (isFirst || compare(candidate, best) < 0) [best, candidate] = [candidate, best];
      isFirst = false;
    }
    permutations.restore(best, state);
  };

  const adjacent = classes.flatMap((members) =>
    members.slice(1).map((id, index): readonly [number, number] => [elementAt(members, index), id]),
  );
  const exchange = (state: Uint32Array, [a, b]: readonly [number, number]): Uint32Array => {
    const exchanged = new Uint32Array(state);
    permutations.apply(state, swapped(a, b), candidate);
    permutations.restore(candidate, exchanged);
    return exchanged;
  };
  const future = (state: Uint32Array): string => {
    const orbits: string[] = [];
    system.expand(state, (kind, _a, _b, next) => {
      normalise(next);
      orbits.push(`${kind} ${next.join()}`);
    });
    return orbits.sort().join(';');
  };
  const judgement = (state: Uint32Array): string => {
    const seen = system.view(state);
    const predicates = [...Object.values(model.always ?? {}), ...Object.values(model.sometimes ?? {})];
    return [...predicates, ...(model.boundary === undefined ? [] : [model.boundary])]
      .map((holds) => holds(seen))
      .join();
  };
  const checkSample = (state: Uint32Array, pair: readonly [number, number]): void => {
    const [a, b] = pair.map((id) => elementAt(ids, id));
    const exchanged = exchange(state, pair);
    const advice = `declare its definition in 'comparesIds', or the members that hold sets of ids in 'sets'`;
    if (judgement(state) !== judgement(exchanged)) {
      throw new ModelError(`'${a}' and '${b}' are not interchangeable: a property tells them apart; ${advice}`);
    }
    if (future(state) !== future(exchanged)) {
      throw new ModelError(`'${a}' and '${b}' are not interchangeable: exchanging them leads elsewhere; ${advice}`);
    }
  };

  const first = system.initial();
  permutations.apply(first, identity, own);
  for (const [a, b] of adjacent) {
    if (!isFixedBySwap(first, a, b)) {
      throw new ModelError(`'${ids[a]}' and '${ids[b]}' are not interchangeable: they start differently`);
    }
  }
  let seen = 0;
  return {
    permutations: classes.reduce((product, { length }) => product * factorial(length), 1),
    normalise,
    sample(state) {
      seen += 1;
      if (seen > alwaysSampled && seen % sampledEvery !== 0) return;
      const pair = adjacent[seen % adjacent.length];
      if (pair !== undefined) checkSample(new Uint32Array(state), pair);
    },
  };
}

function refuseIdComparers<History>({ model }: System<History>): void {
  const { interchangeable = [], comparesIds = [] } = model.symmetry ?? {};
  const comparer = model.actors.find(({ definition }) => comparesIds.includes(definition.name));
  if (comparer !== undefined) {
    throw new ModelError(`'${comparer.definition.name}' compares ids, so its actors are not interchangeable`);
  }
  const ids = interchangeable.flat();
  if (new Set(ids).size !== ids.length) throw new ModelError('an id stands in two sets of interchangeable ids');
}

const factorial = (count: number): number => (count <= 1 ? 1 : count * factorial(count - 1));

function compare(a: Image, b: Image): number {
  if (a.length !== b.length) return a.length - b.length;
  for (let word = 0; word < a.length; word += 1) {
    const difference = (a.words[word] ?? 0) - (b.words[word] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** All orders of the members of a group, where those that are alike stay in one fixed order among themselves. */
function arrangementsOf(group: readonly (readonly number[])[]): number[][] {
  const left = group.filter((alike) => alike.length > 0);
  if (left.length <= 1) return [[...(left[0] ?? [])]];
  return left.flatMap((alike) => {
    const [id, ...others] = alike;
    const rest = left.map((it) => (it === alike ? others : it));
    return id === undefined ? [] : arrangementsOf(rest).map((order) => [id, ...order]);
  });
}
