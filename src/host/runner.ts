/**
 * A runner keeps one actor alive: it takes the steps of its chart, passes their effects through the outbox, arms its
 * timers, and shows on its handle what is durable. Nothing awaits between an event and the release of its effects.
 */

import {
  type ActorState,
  type Address,
  type AnyActor,
  assertPlain,
  type DelayRange,
  draw,
  eventOf,
  type Persist,
  type Step,
  type Tagged,
  type Timer,
  type TimerChange,
} from '../../statecharts/actor.ts';
import type { Envelope } from '../bus/bus.ts';
import type { Clock, TimeoutHandle } from '../environment/clock.ts';
import type { Random } from '../environment/random.ts';
import type { JournalEntry, OnDurable } from '../journal/journal.ts';
import { ActorFailedError } from './errors.ts';
import { type ActorHandle, createMirror, type Mirror } from './handle.ts';
import type { Inspection, RefusedKind } from './inspection.ts';
import { emptyOutbox, flushed, type Outbox, offer, type Released } from './outbox.ts';
import type { Performer } from './performer.ts';
import { againBy, againFired, causeOf, type RoleCause, type RoleChange } from './role-change.ts';

/** What a runner needs of its node. */
export interface RunnerHost {
  readonly clock: Clock;
  readonly timeouts: Random;
  readonly inspection: Inspection;
  readonly perform: Performer;
  /** Whether contexts and effects are checked to be plain data. */
  readonly development: boolean;
  /** Runs `job` now, or after the jobs at hand: jobs of a node never interleave. */
  dispatch(job: () => void): void;
  /** Why no request can be taken at present, if so. */
  overload(): Error | undefined;
  send(from: Address, to: Address, message: Tagged): void;
  append(entries: readonly JournalEntry[], onDurable: OnDurable, how?: 'forced' | 'unforced'): void;
  /** Reports what could not be taken, and counts it. */
  refuse(envelope: Envelope, kind: RefusedKind, reason: string): void;
  roleChanged(change: RoleChange): void;
  /** The runner has ended: its chart is final, or it failed. */
  ended(runner: Runner, error?: Error): void;
}

/** How an actor is to be started. */
export interface Start {
  readonly definition: AnyActor;
  readonly address: Address;
  readonly input: unknown;
  readonly records: readonly Tagged[];
  /** Delays that replace those of the definition, by name. */
  readonly delays: Readonly<Record<string, DelayRange>>;
  readonly observer: ActorObserver | undefined;
}

/** Hears what an actor has to say to the application, without a handle. What it throws surfaces as an uncaught error. */
export interface ActorObserver<Output extends Tagged = Tagged> {
  /** Called for each output, in order, once the records before it are durable. */
  delivered?(output: Output): void;
  /** Called once, when the actor has reached its final state, or was stopped, or failed with `error`. */
  ended?(error?: Error): void;
}

/** One running actor. */
export interface Runner {
  readonly address: Address;
  readonly definition: AnyActor;
  /** Made when it is first asked for. */
  readonly handle: ActorHandle;
  /** The state after the last step, durable or not; the handle may lag behind it. */
  readonly state: ActorState;
  /** The last state whose records are durable: what handles and views show. */
  readonly visible: ActorState;
  /** Whether the journal may hold records of it that a new life would have to know. */
  readonly hasRecords: boolean;
  /** Carries out the first step, and then what has come since. */
  launch(): void;
  /** Takes the step that `message` causes. */
  receive(from: Address, message: Tagged): void;
  /** Ends the actor at once, without a word to anybody, as a crash would. */
  kill(error?: Error): void;
}

/** A state that waits to be shown until a batch of records is durable. */
interface Unseen extends Shown {
  readonly batch: number;
}

/** A state to be shown, and what made it play another role than the one that was shown before it, if it does. */
interface Shown {
  readonly state: ActorState;
  readonly cause: RoleCause | undefined;
}

/**
 * Starts an actor. Its first step is taken at once and carried out by `launch`, so that there is time to listen to it.
 *
 * @throws whatever the chart throws on its first step
 */
export const startRunner = (start: Start, host: RunnerHost): Runner => new ActorRunner(start, host);

/** A class and not closures over one scope: a node may have very many, and each function would be made for each. */
class ActorRunner implements Runner {
  readonly address: Address;
  readonly definition: AnyActor;
  readonly #host: RunnerHost;
  /** Let go of at the end, with all that it knows. */
  #observer: ActorObserver | undefined;
  readonly #delays: Readonly<Record<string, DelayRange>>;
  /** By timer; what fell due and was disarmed, or armed anew, before its turn came is no longer there. */
  readonly #timeouts = new Map<string, TimeoutHandle>();
  #outbox: Outbox = emptyOutbox;
  #unseen: readonly Unseen[] = [];
  #isAlive = true;
  /** The first step, and what came before it was carried out; undefined afterwards. */
  #first: Step | undefined;
  #early: (() => void)[] = [];
  #state: ActorState;
  /** What a handle shows: the last state whose records are durable. */
  #visible: ActorState;
  #role: string | undefined;
  #hasRecords: boolean;
  #mirror: Mirror | undefined;
  #failure: Error | undefined;

  constructor({ definition, address, observer, delays, records, input }: Start, host: RunnerHost) {
    this.address = address;
    this.definition = definition;
    this.#host = host;
    this.#observer = observer;
    this.#delays = delays;
    this.#hasRecords = records.length > 0;
    this.#first = definition.start(definition.recover(records), { self: address, input }, host.inspection.observed);
    this.#state = this.#first.state;
    this.#visible = this.#state;
  }

  get handle(): ActorHandle {
    if (this.#mirror === undefined) {
      const { address, definition } = this;
      this.#mirror = createMirror(address, definition.chart, this.#visible.snapshot, (request) =>
        this.#host.dispatch(() => this.#receiveRequest(request)),
      );
      if (!this.#isAlive) this.#mirror.end(this.#failure);
    }
    return this.#mirror.handle;
  }

  get state(): ActorState {
    return this.#state;
  }

  get visible(): ActorState {
    return this.#visible;
  }

  get hasRecords(): boolean {
    return this.#hasRecords;
  }

  launch(): void {
    const first = this.#first;
    const held = this.#early;
    this.#first = undefined;
    this.#early = [];
    if (first !== undefined) this.#guarded(() => this.#commit(first, this.address, { type: 'xstate.init' }, undefined));
    for (const act of held) this.#guarded(act);
  }

  receive(from: Address, message: Tagged): void {
    this.#guarded(() => {
      const { clock, inspection } = this.#host;
      const event = eventOf(message, from, clock.nowMs());
      const before = this.#state;
      const step = this.definition.transition(before, event, inspection.observed);
      const cause = this.#changesRole(step)
        ? causeOf(step, from, message.type, againBy(this.definition, before, event))
        : undefined;
      this.#commit(step, from, message, cause);
    });
  }

  kill(error?: Error): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    for (const timeout of this.#timeouts.values()) this.#host.clock.clearTimeout(timeout);
    this.#timeouts.clear();
    this.#failure = error;
    this.#mirror?.end(error);
    this.#told(() => this.#observer?.ended?.(error));
    this.#observer = undefined;
  }

  /** What an observer throws is not the actor's failure. */
  #told(tell: () => void): void {
    if (this.#observer === undefined) return;
    try {
      tell();
    } catch (error) {
      this.#host.clock.enqueue(() => {
        throw error;
      });
    }
  }

  #guarded(act: () => void): void {
    if (!this.#isAlive) return;
    if (this.#first !== undefined) {
      this.#early.push(act);
      return;
    }
    try {
      act();
    } catch (cause) {
      const error = new ActorFailedError(`actor '${this.address}' was stopped, because it failed: ${String(cause)}`, {
        cause,
      });
      this.kill(error);
      this.#host.ended(this, error);
    }
  }

  #receiveRequest(request: Tagged): void {
    const { address, definition } = this;
    const refuse = (kind: RefusedKind, error: unknown): void =>
      this.#host.refuse({ to: address, from: address, message: request }, kind, String(error));
    const overload = this.#host.overload();
    if (overload !== undefined) {
      refuse('overload', overload);
      return;
    }
    let parsed: Tagged;
    try {
      parsed = definition.parseRequest(request);
    } catch (error) {
      refuse('malformed', error);
      return;
    }
    this.receive(address, parsed);
  }

  /** Takes over a step: its state, its timers, its records, and what may leave at once. */
  #commit(step: Step, from: Address, cause: Tagged, roleCause: RoleCause | undefined): void {
    const { address } = this;
    const { inspection, development } = this.#host;
    const { state } = step;
    this.#state = state;
    if (development) checkPlain(step, address);
    const { outbox, released, records } = offer(this.#outbox, step.effects);
    this.#outbox = outbox;
    if (inspection.observed)
      inspection.report({
        type: 'step',
        actor: address,
        from,
        cause,
        transitions: step.transitions,
        effects: step.effects,
        pending: step.effects.length - released.length - records.length,
        state: state.snapshot.value,
        context: state.snapshot.context,
      });
    // An observer of the step may have stopped the node.
    if (!this.#isAlive) return;
    for (const change of step.timers) this.#apply(change);
    if (records.length > 0) this.#write(records, outbox.lastBatch);
    const isDurable = outbox.durableBatch === outbox.lastBatch;
    if (!isDurable) {
      const earlier = this.#unseen.filter((it) => it.batch !== outbox.lastBatch);
      this.#unseen = [...earlier, { batch: outbox.lastBatch, state, cause: roleCause ?? this.#unseen.at(-1)?.cause }];
    }
    this.#carryOutAndShow(released, isDurable ? { state, cause: roleCause } : undefined);
    this.#finishIfFinal();
  }

  #apply({ timer, armed }: TimerChange): void {
    const { clock, dispatch, timeouts } = this.#host;
    const pending = this.#timeouts.get(timer.id);
    if (pending !== undefined) {
      clock.clearTimeout(pending);
      this.#timeouts.delete(timer.id);
    }
    if (!armed) return;
    const ms = draw(this.#delays[timer.delay] ?? this.definition.rangeOf(timer, this.#state), timeouts.next());
    if (!(Number.isFinite(ms) && ms >= 0)) {
      throw new RangeError(`expected delay '${timer.delay}' to be 0 ms or more and finite, got ${ms}`);
    }
    const timeout = clock.setTimeout(() => dispatch(() => this.#fire(timer, timeout)), ms);
    this.#timeouts.set(timer.id, timeout);
  }

  #fire({ id, delay }: Timer, timeout: TimeoutHandle): void {
    if (this.#timeouts.get(id) !== timeout) return;
    this.#timeouts.delete(id);
    this.#guarded(() => {
      const { clock, inspection } = this.#host;
      const before = this.#state;
      const atMs = clock.nowMs();
      const step = this.definition.fire(before, id, atMs, inspection.observed);
      const cause = this.#changesRole(step)
        ? causeOf(step, this.address, delay, againFired(this.definition, before, id, atMs))
        : undefined;
      this.#commit(step, this.address, { type: id }, cause);
    });
  }

  #write(records: readonly Persist[], batch: number): void {
    const { address, definition } = this;
    this.#hasRecords = true;
    const entries = records.map(
      ({ record, checkpoint, mark, keepsAbove }): JournalEntry => ({
        actor: address,
        version: definition.recordsVersion,
        record,
        ...(checkpoint === true ? { replaces: 'checkpoint' } : {}),
        ...(mark === undefined ? {} : { mark }),
        ...(keepsAbove === undefined ? {} : { keepsAbove }),
      }),
    );
    const onDurable: OnDurable = (error) => {
      // The node stops with its journal; an actor that waited for it never learns.
      if (error === undefined) this.#host.dispatch(() => this.#guarded(() => this.#onDurable(batch)));
    };
    this.#host.append(entries, onDurable, records.every((it) => it.unforced === true) ? 'unforced' : 'forced');
  }

  #onDurable(batch: number): void {
    const { address } = this;
    const { inspection } = this.#host;
    const { outbox, released } = flushed(this.#outbox, batch);
    this.#outbox = outbox;
    if (inspection.observed) inspection.report({ type: 'flushed', actor: address, batch });
    if (inspection.observed && released.length > 0) {
      inspection.report({ type: 'released', actor: address, effects: released });
    }
    const shown = this.#unseen.findLast((it) => it.batch <= batch);
    if (shown !== undefined) this.#unseen = this.#unseen.filter((it) => it.batch > batch);
    this.#carryOutAndShow(released, shown);
    this.#finishIfFinal();
  }

  /** A handle that has shown a final state is over, and would not pass on the last outputs. */
  #carryOutAndShow(effects: readonly Released[], shown: Shown | undefined): void {
    const isLast = shown?.state.snapshot.status === 'done';
    if (shown !== undefined && !isLast) this.#show(shown);
    this.#carryOut(effects);
    if (shown !== undefined && isLast) this.#show(shown);
  }

  #carryOut(effects: readonly Released[]): void {
    const { address } = this;
    for (const effect of effects) {
      // An observer that hears an output may stop the node.
      if (!this.#isAlive) return;
      switch (effect.type) {
        case 'send':
          this.#host.send(address, effect.to, effect.message);
          break;
        case 'deliver':
          this.#mirror?.emit(effect.output);
          this.#told(() => this.#observer?.delivered?.(effect.output));
          break;
        case 'perform':
          this.#host.perform(effect, (performed) => this.#host.dispatch(() => this.receive(address, performed)));
      }
    }
  }

  #show({ state, cause }: Shown): void {
    if (!this.#isAlive) return;
    this.#visible = state;
    this.#mirror?.show(state.snapshot);
    const role = this.definition.roleAt(state);
    const former = this.#role;
    if (role === former) return;
    this.#role = role;
    const { address: actor } = this;
    const { inspection, roleChanged } = this.#host;
    if (inspection.observed) inspection.report({ type: 'role', actor, role });
    roleChanged({ actor, role, former, cause });
  }

  /** Whether a step, which is not taken over yet, leads to another role. A value that is the same object is the same state. */
  #changesRole({ state }: Step): boolean {
    const before = this.#state;
    if (state.snapshot.value === before.snapshot.value) return false;
    return this.definition.roleAt(state) !== this.definition.roleAt(before);
  }

  /** At its final state an actor has answered everything that it released; then its records are forgotten. */
  #finishIfFinal(): void {
    const { durableBatch, lastBatch } = this.#outbox;
    if (!this.#isAlive || this.#state.snapshot.status !== 'done' || durableBatch < lastBatch) return;
    if (this.#hasRecords) {
      const { recordsVersion: version } = this.definition;
      const record = { type: 'forgotten' };
      this.#host.append([{ actor: this.address, version, record, replaces: 'forget' }], () => {}, 'unforced');
    }
    this.kill();
    this.#host.ended(this);
  }
}

function checkPlain(step: Step, address: Address): void {
  assertPlain(step.state.snapshot.context, `${address}: context`);
  for (const effect of step.effects) assertPlain(effect, `${address}: ${effect.type}`);
}
