/**
 * The state that a step leads to, while it is being made: a copy of the state before it, into which is put what comes of
 * each happening, for the actor, the network, the resources, the history, and the other actors of its node.
 */

import type { Performed } from '../../../statecharts/actor.ts';
import { ModelError } from '../errors.ts';
import type { Model } from '../model.ts';
import type { Observation } from '../steps.ts';
import { elementAt, type Interned } from '../tables/interned.ts';
import { createPairTable } from '../tables/pairs.ts';
import type { Envelopes } from './envelopes.ts';
import type { Layout } from './layout.ts';
import type { Networks } from './network.ts';
import type { Operations } from './operations.ts';
import { happening, type LocalOutcome, type Outcomes } from './outcomes.ts';
import type { Watch } from './visits/visit.ts';

export interface SuccessorParts<History> {
  readonly model: Pick<Model<History>, 'actors' | 'history'>;
  readonly layout: Layout;
  readonly envelopes: Envelopes;
  readonly networks: Networks;
  readonly outcomes: Outcomes;
  readonly operations: Operations;
  readonly histories: Interned<History>;
}

export interface Successor {
  /** The state that is being made. */
  readonly next: Uint32Array;
  /** Hears what happens to actors. */
  watch: Watch | undefined;
  /** Bytes that grow with the number of histories. */
  readonly bytes: number;
  /** Starts from a state. */
  begin(state: Uint32Array): void;
  /** Puts in what came of a happening at an actor; `removed` is the envelope that left the network, or -1. */
  apply(actor: number, outcome: LocalOutcome, removed: number): void;
  /** Tells the history, if there is one. */
  observe(observation: Observation): void;
  /** Starts actors of one node; what they say to each other they hear when all of them have started. */
  startAll(members: readonly number[], kind: number): void;
  /** The tick of a state. */
  instantOf(state: Uint32Array): number;
}

/** Makes the place where successors are made, one at a time. */
export const createSuccessor = <History>(parts: SuccessorParts<History>): Successor => new NextState(parts);

class NextState<History> implements Successor {
  readonly next: Uint32Array;
  watch: Watch | undefined;
  readonly #parts: SuccessorParts<History>;
  readonly #layout: Layout;
  readonly #historySteps = createPairTable();
  /** While a node starts: what its actors say to each other. */
  #waiting: number[] | undefined;

  constructor(parts: SuccessorParts<History>) {
    this.#parts = parts;
    this.#layout = parts.layout;
    this.next = new Uint32Array(parts.layout.width);
  }

  get bytes(): number {
    return this.#layout.history < 0 ? 0 : this.#historySteps.bytes;
  }

  begin(state: Uint32Array): void {
    this.next.set(state);
  }

  apply(actor: number, outcome: LocalOutcome, removed: number): void {
    this.watch?.happened?.(actor, outcome);
    const { next } = this;
    const { network, history } = this.#layout;
    next[actor] = outcome.next;
    if (removed >= 0 || outcome.sent.length > 0) {
      next[network] = this.#parts.networks.update(next[network] ?? 0, removed, outcome.sent);
    }
    if (history >= 0) for (const observation of outcome.observations) this.#fold(observation);
    if (outcome.performs.length > 0) this.#perform(actor, outcome);
    if (this.#waiting !== undefined) this.#waiting.push(...outcome.sentLocally);
    else this.#hear(outcome.sentLocally);
  }

  observe(observation: Observation): void {
    if (this.#layout.history >= 0) this.#fold(this.#parts.outcomes.observations.idOf(observation));
  }

  startAll(members: readonly number[], kind: number): void {
    const said: number[] = [];
    this.#waiting = said;
    for (const actor of members) {
      const outcome = this.#parts.outcomes.of(this.next[actor] ?? 0, kind, 0, 0);
      if (outcome !== undefined) this.apply(actor, outcome, -1);
    }
    this.#waiting = undefined;
    this.#hear(said);
  }

  instantOf(state: Uint32Array): number {
    const { clock } = this.#layout;
    return clock < 0 ? 0 : (state[clock] ?? 0);
  }

  #perform(actor: number, { performs }: LocalOutcome): void {
    const { model, operations, outcomes } = this.#parts;
    const { resources } = this.#layout;
    const { address } = elementAt(model.actors, actor);
    const answers: Performed[] = [];
    for (const asked of performs) {
      if (resources < 0) {
        throw new ModelError(`'${address}' performs on '${asked.resource}', which the model lacks`);
      }
      const { next, answer } = operations.start(this.next[resources] ?? 0, address, asked);
      this.next[resources] = next;
      if (answer !== undefined) answers.push({ type: 'performed', id: asked.id, result: answer });
    }
    for (const answer of answers) {
      const number = outcomes.answers.idOf(answer);
      const heard = outcomes.of(this.next[actor] ?? 0, happening.answer, number, this.instantOf(this.next));
      if (heard !== undefined) this.apply(actor, heard, -1);
    }
  }

  #hear(sentLocally: readonly number[]): void {
    const { envelopes, outcomes } = this.#parts;
    for (const envelope of sentLocally) {
      const addressee = envelopes.addresseeOf(envelope);
      const at = this.instantOf(this.next);
      const heard = outcomes.of(this.next[addressee] ?? 0, happening.enqueue, envelope, at);
      if (heard !== undefined) this.apply(addressee, heard, -1);
    }
  }

  #fold(observation: number): void {
    const { model, outcomes, histories } = this.#parts;
    const history = this.next[this.#layout.history] ?? 0;
    let after = this.#historySteps.get(history, observation);
    if (after < 0) {
      const seen: Observation = outcomes.observations.at(observation);
      const folded = model.history?.observe(histories.at(history), seen);
      after = folded === undefined ? history : histories.idOf(folded);
      this.#historySteps.add(history, observation, after);
    }
    this.next[this.#layout.history] = after;
  }
}
