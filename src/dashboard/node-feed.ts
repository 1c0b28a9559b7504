/**
 * What a running node tells a dashboard. A busy node does far more than a person can see, and showing costs it time: beyond a
 * share of items a second it tells of steps and messages in numbers alone, and how its actors stand now and then. What is
 * beyond the share is not even built by the node. Changes of role have a share of their own.
 */

import type { Observable, Subscription } from 'rxjs';
import { type Address, type Effect, nodeOf, type Send } from '../../statecharts/actor.ts';
import type { Envelope } from '../bus/bus.ts';
import { type Clock, systemOriginMs } from '../environment/clock.ts';
import { type InspectionEvent, leavingAtOnce, type Sampler } from '../host/inspection.ts';
import type { Node } from '../host/node.ts';
import type { Released } from '../host/outbox.ts';
import type { Bounds } from '../inspector/bounded.ts';
import type { Shown, ShownActor } from './feed.ts';
import { shownActor, shownCause, shownEffects, shownMessage, shownTransitions } from './shown.ts';

export interface NodeFeedOptions {
  readonly clock: Clock;
  /** When the node's clock began, in milliseconds of the epoch. Default: the system's clock. */
  readonly originMs?: number;
  /** Steps, flushes, new actors and losses that are told one by one, a second; what told steps send is told with them. Default 100. */
  readonly itemsPerSecond?: number;
  readonly bounds?: Bounds;
  /** What faults that were ordered take away of what the node sends. */
  readonly lost?: Observable<Envelope>;
}

const shownBounds: Bounds = { depth: 5, members: 24, stringLength: 120, entries: 8 };

/** How often it is told what was left out, and how its actors stand, in milliseconds. */
const summaryMs = 250;

/** Actors whose state is told with a summary, at most. */
const actorsPerSummary = 32;

/** Actors that are told of at first, at most; others are told of when they do something. */
const actorsAtFirst = 1_000;

/** Changes of role that are told though the share is used up, a second. */
const rolesPerSecond = 100;

/**
 * Tells `send` of `node` from now on: first of the actors that are alive, then of what they do.
 *
 * @returns a subscription; while there is none, it costs the node nothing
 */
export function feedOf(node: Node, send: (item: Shown) => void, options: NodeFeedOptions): Subscription {
  const feed = new NodeFeed(node, send, options);
  const subscription = node.sampled(feed).subscribe((event) => feed.tell(event));
  subscription.add(() => feed.close());
  subscription.add(options.lost?.subscribe((envelope) => feed.lose(envelope, 'a fault that was ordered')));
  return subscription;
}

/** `Omit` would lose what tells the kinds of item from each other. */
type Untimed = Shown extends infer Item ? (Item extends Shown ? Omit<Item, 'node' | 'atMs'> : never) : never;

/** The role of an actor: as it was told, and as the node has announced it, which waits until it is durable. */
interface Told {
  role: string | undefined;
  announced: string | undefined;
}

class NodeFeed implements Sampler {
  readonly #node: Node;
  readonly #send: (item: Shown) => void;
  readonly #clock: Clock;
  readonly #originMs: number;
  readonly #bounds: Bounds;
  readonly #share: Share;
  readonly #roleShare = new Share(rolesPerSecond);
  /** The step that asked for an effect, if that step was told. */
  readonly #steps = new WeakMap<Effect, string>();
  /** The actors that were told of, and whose end was not: none but those that are alive. */
  readonly #told = new Map<Address, Told>();
  #leftOut = new Map<string, number>();
  #changed = new Set<Address>();
  #timeout: ReturnType<Clock['setTimeout']> | undefined;
  #sent = 0;

  constructor(node: Node, send: (item: Shown) => void, options: NodeFeedOptions) {
    const { clock, originMs = systemOriginMs, itemsPerSecond = 100, bounds = shownBounds } = options;
    this.#node = node;
    this.#send = send;
    this.#clock = clock;
    this.#originMs = originMs;
    this.#bounds = bounds;
    this.#share = new Share(itemsPerSecond);
    this.#tell(clock.nowMs(), { type: 'up' });
    for (const actor of node.actors().slice(0, actorsAtFirst)) this.#introduce(actor, clock.nowMs());
  }

  close(): void {
    if (this.#timeout !== undefined) this.#clock.clearTimeout(this.#timeout);
  }

  wants(atMs: number): boolean {
    return this.#share.hasLeft(atMs);
  }

  passedStep(actor: Address, released: readonly Released[]): void {
    this.#change('step', actor);
    const told = this.#told.get(actor);
    if (told !== undefined && told.role !== told.announced) this.#undo(actor, this.#clock.nowMs());
    for (const effect of released) if (this.#isOutward(effect)) this.#leaveOut('sent');
  }

  passedFlush(): void {
    this.#leaveOut('flushed');
  }

  tell(event: InspectionEvent): void {
    const { atMs } = event;
    switch (event.type) {
      case 'started':
        if (this.#share.take(atMs)) this.#introduce(event.actor, atMs);
        else this.#change('actor', event.actor);
        break;
      case 'stopped':
        this.#end(event.actor, atMs);
        break;
      case 'failed':
        if (event.actor === undefined) this.#tell(atMs, { type: 'down', reason: event.error.message });
        else this.#end(event.actor, atMs, event.error.message);
        break;
      case 'step':
        this.#step(event);
        break;
      case 'released':
        for (const effect of event.effects) this.#leave(event.actor, effect, atMs);
        break;
      case 'flushed':
        if (this.#share.take(atMs)) this.#tell(atMs, { type: 'flushed', actor: event.actor });
        else this.#leaveOut('flushed');
        break;
      case 'refused':
        this.lose(event, event.reason, atMs);
        break;
      case 'lost':
        // The transport knows how many, and not which: each of them was told of as it left.
        if (event.loss.count > 0) this.#leaveOut('undelivered', event.loss.count);
        break;
      case 'peer': {
        const { node: peer, status, reason } = event.peer;
        this.#tell(atMs, { type: 'peer', peer, status, ...(reason === undefined ? {} : { reason }) });
        break;
      }
      case 'role': {
        const told = this.#told.get(event.actor);
        if (told !== undefined) told.announced = event.role;
        this.#play(event.actor, atMs);
        break;
      }
    }
  }

  /** The step that changed a role says so, if it was told. What becomes of an actor that was not told of is no news. */
  #play(actor: Address, atMs: number): void {
    const known = this.#node.peek(actor);
    const told = this.#told.get(actor);
    if (known === undefined || told === undefined) return;
    if (told.role === known.definition.roleAt(known.state)) return;
    if (this.#roleShare.take(atMs)) this.#introduce(actor, atMs);
    else this.#change('role', actor);
  }

  /** What undoes a role that is not durable is announced no more than that was. Beyond the share the summary tells of it. */
  #undo(actor: Address, atMs: number): void {
    if (this.#roleShare.hasLeft(atMs)) this.#play(actor, atMs);
  }

  lose({ from, to, message }: Envelope, reason: string, atMs = this.#clock.nowMs()): void {
    if (this.#share.take(atMs))
      this.#tell(atMs, { type: 'lost', from, to, message: shownMessage(message, this.#bounds), reason });
    else this.#leaveOut('lost');
  }

  #step(event: InspectionEvent & { readonly type: 'step' }): void {
    const { actor, from, cause, transitions, effects, atMs } = event;
    const known = this.#node.peek(actor);
    if (known !== undefined && this.#share.take(atMs)) {
      const id = `${this.#node.id}:${event.sequence}`;
      for (const effect of effects) if (effect.type === 'send') this.#steps.set(effect, id);
      this.#tell(atMs, {
        type: 'step',
        id,
        from,
        cause: shownCause(cause, known.definition, this.#bounds),
        transitions: shownTransitions(transitions),
        effects: shownEffects(effects).slice(0, this.#bounds.members),
        ...this.#standing(actor, known),
      });
    } else this.#change('step', actor);
    for (const effect of leavingAtOnce(event)) this.#leave(actor, effect, atMs);
  }

  /** What goes to an actor of this node is seen as the step that it causes. */
  #leave(from: Address, effect: Effect, atMs: number): void {
    if (!this.#isOutward(effect)) return;
    const step = this.#steps.get(effect);
    if (step === undefined) {
      this.#leaveOut('sent');
      return;
    }
    this.#sent += 1;
    const id = `${this.#node.id}>${this.#sent}`;
    this.#tell(atMs, {
      type: 'sent',
      id,
      step,
      from,
      to: effect.to,
      message: shownMessage(effect.message, this.#bounds),
    });
  }

  #isOutward(effect: Effect): effect is Send {
    return effect.type === 'send' && nodeOf(effect.to) !== this.#node.id;
  }

  /** The actor did something that is not told: how it stands is, with the summary. */
  #change(type: string, actor: Address): void {
    this.#leaveOut(type);
    if (this.#changed.size < actorsPerSummary) this.#changed.add(actor);
  }

  /** That an actor ends is told of whatever else is left out, or a page would show it for ever; a failure always is. */
  #end(actor: Address, atMs: number, error?: string): void {
    this.#changed.delete(actor);
    const wasTold = this.#told.delete(actor);
    if (error !== undefined) this.#tell(atMs, { type: 'gone', actor, error });
    else if (wasTold) this.#tell(atMs, { type: 'gone', actor });
    else this.#leaveOut('gone');
  }

  #introduce(actor: Address, atMs: number): void {
    const known = this.#node.peek(actor);
    if (known !== undefined) this.#tell(atMs, { type: 'actor', ...this.#standing(actor, known) });
  }

  #standing(actor: Address, { definition, state }: NonNullable<ReturnType<Node['peek']>>): ShownActor {
    const shown = shownActor(actor, definition, state, this.#bounds);
    const told = this.#told.get(actor);
    if (told === undefined) this.#told.set(actor, { role: shown.role, announced: shown.role });
    else told.role = shown.role;
    return shown;
  }

  #tell(atMs: number, item: Untimed): void {
    this.#send({ node: this.#node.id, atMs: this.#originMs + atMs, ...item });
  }

  #leaveOut(type: string, count = 1): void {
    this.#leftOut.set(type, (this.#leftOut.get(type) ?? 0) + count);
    this.#timeout ??= this.#clock.setTimeout(() => this.#summarise(), summaryMs);
  }

  #summarise(): void {
    this.#timeout = undefined;
    const nowMs = this.#clock.nowMs();
    const counts = Object.fromEntries(this.#leftOut);
    const isBusy = [...this.#leftOut.keys()].some((type) => type !== 'undelivered');
    const reason = isBusy ? 'the node does more than is told one by one' : 'messages of the node did not get through';
    this.#leftOut = new Map();
    const changed = this.#changed;
    this.#changed = new Set();
    this.#tell(nowMs, { type: 'summary', counts, reason });
    for (const actor of changed) this.#introduce(actor, nowMs);
  }
}

/** So many a second, of which a quarter may come at once. */
class Share {
  readonly #perMs: number;
  readonly #most: number;
  #left: number;
  #atMs = 0;

  constructor(perSecond: number) {
    this.#perMs = perSecond / 1_000;
    this.#most = perSecond / 4;
    this.#left = this.#most;
  }

  hasLeft(atMs: number): boolean {
    return this.#leftAt(atMs) >= 1;
  }

  take(atMs: number): boolean {
    this.#left = this.#leftAt(atMs);
    this.#atMs = atMs;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }

  #leftAt(atMs: number): number {
    return Math.min(this.#most, this.#left + (atMs - this.#atMs) * this.#perMs);
  }
}
