/**
 * The local state of one actor, and what may happen to it, as pure functions: its chart and armed timers, the outbox
 * that the host uses, the writes that are not durable yet, the records that are, and what the actors of its node have
 * said to it. A crash keeps only the durable records.
 */

import {
  type ActorState,
  type Address,
  canonicalKey,
  eventOf,
  inForce,
  nodeOf,
  type Persist,
  type Step,
  type Tagged,
} from '../../../statecharts/actor.ts';
import { emptyOutbox, flushed, type Outbox, offer, type Released } from '../../host/outbox.ts';
import { CheckLimitError, ModelError } from '../errors.ts';
import type { Life, ModelActor } from '../model.ts';
import { elementAt } from '../tables/interned.ts';

/** A write that is not durable yet: the records of one step, or the order to forget all of an actor that has ended. */
export type Write = { readonly type: 'records'; readonly records: readonly Persist[] } | { readonly type: 'forget' };

/** A message from an actor of the same node. */
export interface LocalMessage {
  readonly from: Address;
  readonly message: Tagged;
}

export interface Local {
  /** Which of the ways in which the actor may begin it was. */
  readonly variant: number;
  readonly life: Life;
  /** Where the chart stands, while the actor is running. */
  readonly state?: ActorState;
  readonly outbox: Outbox;
  readonly writes: readonly Write[];
  readonly durable: readonly Persist[];
  readonly inbox: readonly LocalMessage[];
  readonly error?: string;
}

/** What came of a happening: the next local state, and the effects that are for others. */
export interface LocalStep {
  readonly local: Local;
  readonly released: readonly Released[];
}

export interface LocalOptions {
  readonly flushAtOnce: boolean;
  readonly localAtOnce: boolean;
  /** Whether records matter after they are durable: without crashes they are never read. */
  readonly keepsRecords: boolean;
  /** The names of the delays that end as soon as they begin. */
  readonly timersAtOnce: readonly string[];
}

/** What may happen to one actor. Each answers undefined when it cannot happen to it now. */
export interface LocalRules {
  /** The actor before it is started, in one of the ways in which it may begin. */
  unborn(variant: number): Local;
  start(local: Local): LocalStep;
  receive(local: Local, from: Address, message: Tagged, atMs: number): LocalStep | undefined;
  /** Puts a message of the same node into the inbox. */
  enqueue(local: Local, from: Address, message: Tagged, atMs: number): LocalStep | undefined;
  takeLocal(local: Local, atMs: number): LocalStep | undefined;
  fire(local: Local, timer: string, atMs: number): LocalStep | undefined;
  flush(local: Local, atMs: number): LocalStep | undefined;
  crash(local: Local): LocalStep;
  restart(local: Local): LocalStep;
  /** Whether the chart has a transition for `message` now. */
  handles(local: Local, from: Address, message: Tagged, atMs: number): boolean;
  /** The identity of a local state. */
  keyOf(local: Local): string;
}

/**
 * More held effects, writes or local messages than this in one actor will not end by themselves: something repeats
 * itself, such as a timer that fires again and again before a flush.
 */
const maxBacklog = 64;

/** How many effects wait in an outbox. */
export const heldEffects = ({ waiting }: Outbox): number =>
  waiting.reduce((sum, { effects }) => sum + effects.length, 0);

/** More local messages, or timers that fire at once, than this in one step are a loop. */
const maxLocalMessages = 1_000;

/** Makes the rules of one actor, of which `variants` tell the ways in which it may begin. */
export function createLocalRules(variants: readonly ModelActor[], options: LocalOptions): LocalRules {
  return new RememberedRules(variants, options);
}

class RememberedRules implements LocalRules {
  readonly #variants: readonly ModelActor[];
  readonly #options: LocalOptions;
  readonly #actor: ModelActor;
  readonly #definition: ModelActor['definition'];
  readonly #address: Address;
  readonly #none: readonly Released[] = [];

  constructor(variants: readonly ModelActor[], options: LocalOptions) {
    this.#variants = variants;
    this.#options = options;
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
    return this.#whileRunning(local, atMs, (state) => this.#definition.fire(state, timer, atMs));
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
    const { variant, life, state, outbox, writes, durable, inbox, error } = local;
    const snapshot = state?.snapshot;
    // Records that recover alike have the same future, whichever they are.
    const records = durable.map(({ record }) => record);
    const recovered =
      records.length === 0 ? undefined : { state: this.#definition.recover(records), marks: marksOf(durable) };
    return canonicalKey([
      life,
      snapshot === undefined
        ? undefined
        : [snapshot.status, snapshot.value, snapshot.context, historyOf(snapshot.historyValue)],
      state?.armed,
      outbox.lastBatch === 0 ? undefined : [outbox.lastBatch, outbox.durableBatch, outbox.waiting],
      writes,
      recovered,
      inbox,
      error,
      // How it began matters until it has, and when it may have to begin again.
      life === 'absent' || this.#options.keepsRecords ? variant : undefined,
    ]);
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
      return this.#whileRunning(local, atMs, (state) =>
        this.#definition.transition(state, eventOf(message, from, atMs)),
      );
    }
    if (local.life !== 'absent' || !this.#actor.isBornOfMessage) return undefined;
    const input = this.#definition.bornOfMessage(message);
    if (input === undefined) return undefined;
    const born = this.#begin(local, input, []);
    const met = this.#whileRunning(born.local, atMs, (state) =>
      this.#definition.transition(state, eventOf(message, from, atMs)),
    );
    return met === undefined ? born : { local: met.local, released: [...born.released, ...met.released] };
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
    const { outbox, released, records } = offer(local.outbox, step.effects);
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
        const event = eventOf(said, from, atMs);
        const taken = this.#stepped({ ...now, inbox: rest }, (state) => this.#definition.transition(state, event));
        now = taken.local;
        route(taken.released);
      } else if (due !== undefined && now.life === 'running') {
        const taken = this.#stepped(now, (state) => this.#definition.fire(state, due, atMs));
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
      first = this.#definition.start(this.#definition.recover(records.map(({ record }) => record)), {
        self: this.#address,
        input,
      });
    } catch (error) {
      return this.#failed(local, error);
    }
    let born = this.#offered({ ...local, outbox: emptyOutbox }, first);
    for (const asked of asks) {
      const event = eventOf(this.#definition.parseRequest(asked), this.#address, 0);
      const taken = this.#stepped(born.local, (state) => this.#definition.transition(state, event));
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

/** What a later checkpoint may look at; where nothing has a mark, the fold of the records is all that matters of them. */
function marksOf(durable: readonly Persist[]): readonly (number | undefined)[] | undefined {
  return durable.some(({ mark }) => mark !== undefined) ? durable.map(({ mark }) => mark) : undefined;
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

function historyOf(value: Readonly<Record<string, readonly { readonly id: string }[]>>): unknown {
  const entries = Object.entries(value);
  return entries.length === 0 ? undefined : entries.map(([id, nodes]) => [id, nodes.map((node) => node.id)]);
}

/** Refuses what an actor may not be sent. @throws ModelError */
export function checkedMessage(to: ModelActor, from: Address, message: Tagged): Tagged {
  if (from === to.address && to.definition.own.includes(message.type)) return message;
  const origin = nodeOf(from) === nodeOf(to.address) ? 'node' : 'member';
  if (!to.definition.admits({ from, to: to.address, origin }, message.type)) {
    throw new ModelError(`'${from}' sends '${message.type}' to '${to.address}', which takes none from there`);
  }
  try {
    return to.definition.parseMessage(message);
  } catch (error) {
    throw new ModelError(`'${from}' sends '${message.type}' to '${to.address}', which takes no such message`, {
      cause: error,
    });
  }
}
