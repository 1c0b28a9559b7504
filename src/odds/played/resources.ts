/**
 * The resources of a model in a run that is played: the same small machines, of which one way is drawn where there are several, and
 * to which happens by themselves what may, as soon as the weights say.
 */

import type { Address, Tagged } from '../../../statecharts/actor.ts';
import type { Model, ResourceChange } from '../../checker.ts';
import type { Clock, TimeoutHandle } from '../../environment/clock.ts';
import { pick, type Random } from '../../environment/random.ts';
import type { Resource } from '../../resources/resource.ts';
import { type Owners, ownersOf } from '../timed/owners.ts';
import { checkChanges, oddsOfWays } from '../timed/ways.ts';
import { durationOf, type Lottery, type Weights } from '../timed/weights.ts';
import { drawnFrom } from './drawing.ts';

export interface PlayedResourcesOptions {
  readonly time: Clock;
  readonly model: Pick<Model, 'resources'>;
  readonly weights: Pick<Weights, 'waysOf' | 'changes' | 'operations' | 'tickMs'>;
  readonly random: Random;
}

interface Asked {
  readonly actor: Address;
  readonly id: string;
  readonly part: string;
  readonly operation: Tagged;
  readonly connection: unknown;
}

/** Which change of which resource. */
interface Which {
  readonly owner: string;
  readonly name: string;
  readonly of: string;
}

type Answer = Parameters<Resource['perform']>[1];

/** The resources of all nodes; they outlive them. */
export class PlayedResources {
  readonly #options: PlayedResourcesOptions;
  readonly #owners: Owners;
  readonly #operations: Lottery<number>;
  readonly #tickMs: number;
  readonly #states: Map<string, unknown>;
  readonly #changing: readonly string[];
  readonly #waiting = new Map<string, TimeoutHandle>();

  /** @throws ProcessError */
  constructor(options: PlayedResourcesOptions) {
    const { model, weights } = options;
    const resources = Object.entries(model.resources ?? {});
    this.#options = options;
    this.#owners = ownersOf(model);
    this.#operations = durationOf('operations', weights.operations ?? 1);
    this.#tickMs = weights.tickMs ?? 1;
    this.#states = new Map(resources.map(([name, { start }]) => [name, start]));
    this.#changing = resources.flatMap(([name, { changes }]) => (changes === undefined ? [] : [name]));
    checkChanges(this.#changing, weights);
  }

  /** As everything begins: what may happen by itself waits. */
  start(): void {
    this.#awaitChanges();
  }

  stateOf(name: string): unknown {
    return this.#states.get(name);
  }

  /**
   * What a node performs on, by the names that actors use. What was asked is carried out though the node dies.
   *
   * @param askerOf the actor that has asked for the operation of this id
   */
  seenBy(askerOf: (id: string) => Address): Readonly<Record<string, Resource>> {
    const seen = [...this.#owners].map(([part, [owner, resource]]): [string, Resource] => [
      part,
      {
        perform: ({ id, operation }, answer) => {
          const actor = askerOf(id);
          const connection = resource.connect?.(this.#states.get(owner), { actor, part });
          this.#later(() => this.#carryOut({ actor, id, part, operation, connection }, answer));
        },
        close: async () => undefined,
      },
    ]);
    return Object.fromEntries(seen);
  }

  #later(run: () => void): void {
    const ticks = drawnFrom(this.#operations, this.#options.random) ?? 0;
    this.#options.time.setTimeout(run, ticks * this.#tickMs);
  }

  #carryOut(asked: Asked, answer: Answer): void {
    const { actor, id, part, operation, connection } = asked;
    const { time, weights, random } = this.#options;
    const [owner, resource] = this.#owners.get(part) ?? [];
    if (owner === undefined || resource === undefined) return;
    const ways = resource.perform(this.#states.get(owner), operation, { actor, id, part, connection });
    if (ways.length === 0) {
      // It must wait for something else, and is tried again.
      time.setTimeout(() => this.#carryOut(asked, answer), this.#tickMs);
      return;
    }
    const odds = oddsOfWays(weights, part, operation, ways);
    const way = drawnFrom(
      ways.map((value, index) => ({ value, probability: odds[index] ?? 0 })),
      random,
    );
    if (way === undefined) return;
    this.#change(owner, way.state);
    if ('rest' in way) this.#later(() => this.#carryOut({ ...asked, operation: way.rest }, answer));
    else answer(way.result);
  }

  #change(owner: string, state: unknown): void {
    this.#states.set(owner, state);
    this.#awaitChanges();
  }

  #possible(owner: string): readonly ResourceChange[] {
    return this.#options.model.resources?.[owner]?.changes?.(this.#states.get(owner)) ?? [];
  }

  /** What may happen by itself waits for as long as the weights say, and nothing that may not. */
  #awaitChanges(): void {
    const { time, weights, random } = this.#options;
    const possible = new Map<string, Which>(
      this.#changing.flatMap((owner) =>
        this.#possible(owner).map(({ name, of }) => [`${owner} ${name} ${of}`, { owner, name, of }] as const),
      ),
    );
    for (const [key, pending] of this.#waiting) {
      if (possible.has(key)) continue;
      time.clearTimeout(pending);
      this.#waiting.delete(key);
    }
    for (const [key, which] of possible) {
      if (this.#waiting.has(key)) continue;
      const ticks = weights.changes?.(which.owner, which) ?? 'never';
      if (ticks === 'never') continue;
      const drawn = drawnFrom(durationOf(`the change '${which.name}'`, ticks), random) ?? 0;
      this.#waiting.set(
        key,
        time.setTimeout(() => this.#happen(key, which), drawn * this.#tickMs),
      );
    }
  }

  #happen(key: string, { owner, name, of }: Which): void {
    this.#waiting.delete(key);
    const ways = this.#possible(owner).filter((it) => it.name === name && it.of === of);
    const way = pick(this.#options.random, ways);
    if (way !== undefined) this.#change(owner, way.state);
  }
}
