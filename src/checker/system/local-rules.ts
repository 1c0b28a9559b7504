/** What may happen to one actor, as pure functions of its local state. */

import {
  type ActorState,
  type Address,
  eventOf,
  inForce,
  type Persist,
  type Step,
  type Tagged,
} from '../../../statecharts/actor.ts';
import { emptyOutbox, flushed, type Outbox, offer, type Released } from '../../host/outbox.ts';
import { CheckLimitError } from '../errors.ts';
import type { ModelActor } from '../model.ts';
import { elementAt } from '../tables/interned.ts';
import { checkedMessage } from './admission.ts';
import {
  heldEffects,
  keyOfLocal,
  type Local,
  type LocalOptions,
  type LocalRules,
  type LocalStep,
  type Write,
} from './local.ts';

/**
 * More held effects, writes or local messages than this in one actor will not end by themselves: something repeats
 * itself, such as a timer that fires again and again before a flush.
 */
const maxBacklog = 64;

/** More local messages, or timers that fire at once, than this in one step are a loop. */
const maxLocalMessages = 1_000;

/** Makes the rules of one actor, of which `variants` tell the ways in which it may begin. */
export function createLocalRules(variants: readonly ModelActor[], options: LocalOptions): LocalRules {
  return new ActorRules(variants, options);
}

class ActorRules implements LocalRules {
  readonly #variants: readonly ModelActor[];
  readonly #options: LocalOptions;
  readonly #actor: ModelActor;
  readonly #definition: ModelActor['definition'];
  readonly #address: Address;
  readonly #isTraced: boolean;
  readonly #none: readonly Released[] = [];

  constructor(variants: readonly ModelActor[], options: LocalOptions) {
    this.#variants = variants;
    this.#options = options;
    this.#isTraced = options.log !== undefined;
    this.#actor = elementAt(variants, 0);
    this.#definition = this.#actor.definition;
    this.#address = this.#actor.address;
  }

  start(local: Local): LocalStep {
    if (this.#actor.isBornOfMessage && this.#actor.laterLives === undefined) return { local, released: this.#none };
    const { input, asks } = elementAt(this.#variants, local.variant);
    return this.#begin(local, input, local.durable, asks);
  }

  enqueue(local: Local, from: Address, message: Tagged, atMs: number): LocalStep | undefined {
    if (local.life === 'down' || local.life === 'failed') return undefined;
    const next = { ...local, inbox: [...local.inbox, { from, message }] };
    if (!this.#options.localAtOnce) return { local: next, released: this.#none };
    return this.receive(local, from, message, atMs) ?? { local, released: this.#none };
  }

  takeLocal(local: Local, atMs: number): LocalStep | undefined {
    const [first, ...inbox] = local.inbox;
    if (first === undefined || (local.life !== 'running' && local.life !== 'absent')) return undefined;
    const rest = { ...local, inbox };
    return this.receive(rest, first.from, first.message, atMs) ?? { local: rest, released: this.#none };
  }

  fire(local: Local, timer: string, atMs: number): LocalStep | undefined {
    return this.#whileRunning(local, atMs, (state) => this.#definition.fire(state, timer, atMs, this.#isTraced));
  }

  flush(local: Local, atMs: number): LocalStep | undefined {
    if (local.writes.length === 0 || local.life === 'down') return undefined;
    const made = this.#flushOne(local);
    return this.#settle(made.local, made.released, atMs);
  }

  crash(local: Local): LocalStep {
    return {
      local: { ...this.unborn(local.variant), life: 'down', durable: local.durable },
      released: this.#none,
    };
  }

  restart(local: Local): LocalStep {
    const up: Local = { ...this.unborn(local.variant), durable: local.durable };
    const { input: first, laterLives } = elementAt(this.#variants, local.variant);
    if (!this.#actor.isBornOfMessage) return this.#begin(up, first, up.durable);
    const input = up.durable.length > 0 ? this.#definition.bornOfRecords() : laterLives?.input;
    return input === undefined ? { local: up, released: this.#none } : this.#begin(up, input, up.durable);
  }

  handles(local: Local, from: Address, message: Tagged, atMs: number): boolean {
    if (local.life === 'absent' && this.#actor.isBornOfMessage)
      return this.#definition.bornOfMessage(message) !== undefined;
    return local.state?.snapshot.status === 'active' && local.state.snapshot.can(eventOf(message, from, atMs));
  }

  keyOf(local: Local): string {
    return keyOfLocal(local, (records) => this.#definition.recover(records), this.#options.keepsRecords);
  }

  unborn(variant: number): Local {
    return {
      variant,
      life: 'absent',
      outbox: emptyOutbox,
      writes: [],
      durable: [],
      inbox: [],
    };
  }

  receive(local: Local, from: Address, message: Tagged, atMs: number): LocalStep | undefined {
    if (local.life === 'running') {
      return this.#whileRunning(local, atMs, (state) => this.#heard(state, from, message, atMs));
    }
    if (local.life !== 'absent' || !this.#actor.isBornOfMessage) return undefined;
    const input = this.#definition.bornOfMessage(message);
    this.#options.log?.foundNone(this.#actor, from, message, input !== undefined);
    if (input === undefined) return undefined;
    const born = this.#begin(local, input, []);
    const met = this.#whileRunning(born.local, atMs, (state) => this.#heard(state, from, message, atMs));
    return met === undefined ? born : { local: met.local, released: [...born.released, ...met.released] };
  }

  /** Gives the chart a message. */
  #heard(state: ActorState, from: Address, message: Tagged, atMs: number): Step {
    const step = this.#definition.transition(state, eventOf(message, from, atMs), this.#isTraced);
    this.#options.log?.heard(this.#actor, from, message, state, step);
    return step;
  }

  #firesAtOnce({ state }: Local): string | undefined {
    return this.#options.timersAtOnce.length === 0
      ? undefined
      : state?.armed.find((id) => this.#options.timersAtOnce.includes(this.#definition.allTimers.get(id)?.delay ?? ''));
  }

  #failed(local: Local, error: unknown): LocalStep {
    return {
      local: {
        ...this.unborn(local.variant),
        life: 'failed',
        writes: local.writes,
        durable: local.durable,
        error: String(error),
      },
      released: this.#none,
    };
  }

  /** Takes in the effects of one step of the chart. */
  #offered(local: Local, step: Step): LocalStep {
    this.#options.log?.stepped(this.#actor, step);
    const { outbox, released, records } = offer(local.outbox, step.effects);
    this.#options.watch?.timed(step.timers);
    const writes: readonly Write[] =
      records.length === 0 ? local.writes : [...local.writes, { type: 'records', records }];
    return { local: { ...local, life: 'running', state: step.state, outbox, writes }, released };
  }

  /** Sorts out what was released, and does at once what the model does not make a step of. */
  #settle(local: Local, released: readonly Released[], atMs: number): LocalStep {
    let now = local;
    let others: Released[] = [];
    const route = (effects: readonly Released[]): void => {
      const own = effects.flatMap((effect) =>
        effect.type === 'send' && effect.to === this.#address
          ? [{ from: this.#address, message: checkedMessage(this.#actor, this.#address, effect.message) }]
          : [],
      );
      if (own.length > 0) now = { ...now, inbox: [...now.inbox, ...own] };
      others = [...others, ...effects.filter((effect) => effect.type !== 'send' || effect.to !== this.#address)];
    };
    route(released);
    for (let turn = 0; ; turn += 1) {
      if (turn > maxLocalMessages) {
        throw new CheckLimitError(
          `'${this.#address}' says more than ${maxLocalMessages} things to itself, or fires as many timers, in one step`,
        );
      }
      const due = this.#firesAtOnce(now);
      if (this.#options.flushAtOnce && now.writes.length > 0) {
        const made = this.#flushOne(now);
        now = made.local;
        route(made.released);
      } else if (this.#options.localAtOnce && now.inbox.length > 0 && now.life === 'running') {
        const [message, ...rest] = now.inbox;
        if (message === undefined) break;
        const { from, message: said } = message;
        const taken = this.#stepped({ ...now, inbox: rest }, (state) => this.#heard(state, from, said, atMs));
        now = taken.local;
        route(taken.released);
      } else if (due !== undefined && now.life === 'running') {
        const taken = this.#stepped(now, (state) => this.#definition.fire(state, due, atMs, this.#isTraced));
        now = taken.local;
        route(taken.released);
      } else break;
    }
    if (Math.max(now.writes.length, now.inbox.length, heldEffects(now.outbox)) > maxBacklog) {
      throw new CheckLimitError(
        `'${this.#address}' has more than ${maxBacklog} writes, held effects or local messages; give what repeats (a timer, a request) a budget, or bound 'heldEffects'`,
      );
    }
    return { local: this.#ended(now), released: others };
  }

  /** A final actor ends when all that it wrote is durable; its records are then forgotten. */
  #ended(local: Local): Local {
    if (local.state?.snapshot.status !== 'done' || local.outbox.durableBatch < local.outbox.lastBatch) return local;
    const forget: Write = { type: 'forget' };
    const { durable, inbox, writes } = local;
    const gone = this.unborn(local.variant);
    const hasRecords = writes.length === 0 ? durable.length > 0 : writes[writes.length - 1]?.type !== 'forget';
    if (this.#options.flushAtOnce || !this.#options.keepsRecords) return { ...gone, inbox };
    // Nothing of it is, or will be, on the disk: there is nothing to forget.
    if (!hasRecords) return { ...gone, writes, durable, inbox };
    return { ...gone, writes: [...writes, forget], durable, inbox };
  }

  #flushOne(local: Local): LocalStep {
    const [write, ...writes] = local.writes;
    if (write === undefined) return { local, released: this.#none };
    this.#options.watch?.flushed();
    if (write.type === 'forget') return { local: { ...local, writes, durable: [] }, released: this.#none };
    const durable = this.#options.keepsRecords ? inForce([...local.durable, ...write.records]) : [];
    if (local.life !== 'running') return { local: { ...local, writes, durable }, released: this.#none };
    const made = flushed(local.outbox, local.outbox.durableBatch + 1);
    return { local: { ...local, writes, durable, outbox: renumbered(made.outbox) }, released: made.released };
  }

  /** Takes a step of the chart, and no more; a throwing rule stops the actor. */
  #stepped(local: Local, act: (state: ActorState) => Step): LocalStep {
    if (local.state === undefined) return { local, released: this.#none };
    try {
      return this.#offered(local, act(local.state));
    } catch (error) {
      return this.#failed(local, error);
    }
  }

  #begin(local: Local, input: unknown, records: readonly Persist[], asks: readonly Tagged[] = []): LocalStep {
    let first: Step;
    try {
      first = this.#definition.start(
        this.#definition.recover(records.map(({ record }) => record)),
        { self: this.#address, input },
        this.#isTraced,
      );
    } catch (error) {
      return this.#failed(local, error);
    }
    let born = this.#offered({ ...local, outbox: emptyOutbox }, first);
    for (const asked of asks) {
      const request = this.#definition.parseRequest(asked);
      const taken = this.#stepped(born.local, (state) => this.#heard(state, this.#address, request, 0));
      born = { local: taken.local, released: [...born.released, ...taken.released] };
    }
    return this.#settle(born.local, born.released, 0);
  }

  #whileRunning(local: Local, atMs: number, act: (state: ActorState) => Step): LocalStep | undefined {
    if (local.life !== 'running') return undefined;
    const taken = this.#stepped(local, act);
    return this.#settle(taken.local, taken.released, atMs);
  }
}

/** Batches count from the last durable one, so that equal outboxes are equal however long they have been in use. */
function renumbered({ lastBatch, durableBatch, waiting }: Outbox): Outbox {
  if (lastBatch === durableBatch) return emptyOutbox;
  return {
    lastBatch: lastBatch - durableBatch,
    durableBatch: 0,
    waiting: waiting.map(({ batch, effects }) => ({ batch: batch - durableBatch, effects })),
  };
}
