/**
 * A runner keeps one actor alive: it takes the steps of its chart, passes their effects through the outbox, arms its
 * timers, and shows on its handle what is durable. Nothing awaits between an event and the release of its effects.
 */

import {
  type ActorState,
  type Address,
  type AnyActor,
  type DelayRange,
  draw,
  eventOf,
  type Persist,
  type Step,
  type Tagged,
  type Timer,
  type TimerChange,
} from '../../statecharts/actor.ts';
import type { TimeoutHandle } from '../environment/clock.ts';
import type { OnDurable } from '../journal/journal.ts';
import { ActorFailedError } from './errors.ts';
import { type ActorHandle, createMirror, type Mirror } from './handle.ts';
import { emptyOutbox, flushed, type Outbox, offer, type Released } from './outbox.ts';
import { againBy, againFired, causeOf, changesRole } from './role-change.ts';
import { assertDelay, assertPlainStep } from './runner/checks.ts';
import type { ActorObserver, Runner, RunnerHost, Start } from './runner/contract.ts';
import { entriesOf, forgetting } from './runner/entries.ts';
import { type Occasion, tellFlushed, tellStep } from './runner/inspected.ts';
import { acceptRequest } from './runner/requests.ts';
import { type Shown, type Unseen, withLatest } from './runner/unseen.ts';

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
    const isTraced = host.inspection.wants(host.clock.nowMs());
    this.#first = definition.start(definition.recover(records), { self: address, input }, isTraced);
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
    if (first !== undefined) {
      const { clock, inspection } = this.#host;
      // An observer may have come since the step was made, which is not traced then, and told all the same.
      const isWanted = inspection.wants(clock.nowMs());
      const occasion = { from: this.address, cause: { type: 'xstate.init' }, roleCause: undefined, isWanted };
      this.#guarded(() => this.#commit(first, occasion));
    }
    for (const act of held) this.#guarded(act);
  }

  receive(from: Address, message: Tagged): void {
    this.#guarded(() => {
      const { clock, inspection } = this.#host;
      const atMs = clock.nowMs();
      const event = eventOf(message, from, atMs);
      const before = this.#state;
      const isWanted = inspection.wants(atMs);
      const step = this.definition.transition(before, event, isWanted);
      const roleCause = changesRole(this.definition, before, step)
        ? causeOf(step, from, message.type, againBy(this.definition, before, event))
        : undefined;
      this.#commit(step, { from, cause: message, roleCause, isWanted });
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
    const accepted = acceptRequest(this.#host, this, request);
    if (accepted !== undefined) this.receive(this.address, accepted);
  }

  /** Takes over a step: its state, its timers, its records, and what may leave at once. */
  #commit(step: Step, occasion: Occasion): void {
    const { address } = this;
    const { inspection, development } = this.#host;
    const { state } = step;
    this.#state = state;
    if (development) assertPlainStep(step, address);
    const { roleCause } = occasion;
    const offered = offer(this.#outbox, step.effects);
    const { outbox, released, records } = offered;
    this.#outbox = outbox;
    if (inspection.observed) tellStep(inspection, address, step, occasion, offered);
    // An observer of the step may have stopped the node.
    if (!this.#isAlive) return;
    for (const change of step.timers) this.#apply(change);
    if (records.length > 0) this.#write(records, outbox.lastBatch);
    const isDurable = outbox.durableBatch === outbox.lastBatch;
    if (!isDurable) this.#unseen = withLatest(this.#unseen, outbox.lastBatch, state, roleCause);
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
    assertDelay(timer.delay, ms);
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
      const isWanted = inspection.wants(atMs);
      const step = this.definition.fire(before, id, atMs, isWanted);
      const roleCause = changesRole(this.definition, before, step)
        ? causeOf(step, this.address, delay, againFired(this.definition, before, id, atMs))
        : undefined;
      this.#commit(step, { from: this.address, cause: { type: id }, roleCause, isWanted });
    });
  }

  #write(records: readonly Persist[], batch: number): void {
    this.#hasRecords = true;
    const entries = entriesOf(this.address, this.definition.recordsVersion, records);
    const onDurable: OnDurable = (error) => {
      // The node stops with its journal; an actor that waited for it never learns.
      if (error === undefined) this.#host.dispatch(() => this.#guarded(() => this.#onDurable(batch)));
    };
    this.#host.append(entries, onDurable, records.every((it) => it.unforced === true) ? 'unforced' : 'forced');
  }

  #onDurable(batch: number): void {
    const { clock, inspection } = this.#host;
    const { outbox, released } = flushed(this.#outbox, batch);
    this.#outbox = outbox;
    if (inspection.observed) tellFlushed(inspection, this.address, batch, released, clock.nowMs());
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

  /** At its final state an actor has answered everything that it released; then its records are forgotten. */
  #finishIfFinal(): void {
    const { durableBatch, lastBatch } = this.#outbox;
    if (!this.#isAlive || this.#state.snapshot.status !== 'done' || durableBatch < lastBatch) return;
    if (this.#hasRecords) {
      this.#host.append([forgetting(this.address, this.definition.recordsVersion)], () => {}, 'unforced');
    }
    this.kill();
    this.#host.ended(this);
  }
}
