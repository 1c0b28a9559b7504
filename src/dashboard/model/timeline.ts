/**
 * What a page remembers of a feed: a bounded history, from which it tells how the cluster was at any moment of it. Beside the
 * items it keeps the whole state now and then (key frames), so that a moment is found by applying a few hundred items at most.
 */

import type { FeedHead, FeedItem, Shown } from '../feed.ts';
import { defaultLimits, type TimelineLimits } from './limits.ts';
import { type Mark, markOf } from './marks.ts';
import { type ItemOf, type Moment, RunningMoment } from './moment.ts';
import { Pairing } from './pairing.ts';

/** Items that follow each other, and the state before them. */
interface Frame {
  readonly first: number;
  readonly before: RunningMoment;
  readonly items: Shown[];
  readonly marks: Mark[];
}

/** Where a message was taken in: by a step of an actor, or by a service, which takes none. */
export interface Arrival {
  readonly place: number;
  readonly atMs: number;
  readonly step?: ItemOf<'step'>;
}

/** What a history remembers. */
export type KeptKind =
  | 'items'
  | 'frames'
  | 'marks'
  | 'places'
  | 'arrivals'
  | 'pairs'
  | 'lost'
  | 'unpaired'
  | 'nodes'
  | 'actors'
  | 'operations'
  | 'faults'
  | 'peers';

/**
 * A bounded history. Positions count the items that have happened: at position 3 the first three have. They do not change when
 * old items go.
 */
export class Timeline {
  readonly #limits: TimelineLimits;
  #head: FeedHead | undefined;
  #frames: Frame[];
  #now: RunningMoment;
  #pairing: Pairing;
  /** Where the items with ids are. */
  #places = new Map<string, number>();
  /** Where the messages arrived that services took in, by their ids. */
  #served = new Map<string, number>();
  #end = 0;
  #found: { readonly position: number; readonly moment: Moment } | undefined;

  constructor(limits: Partial<TimelineLimits> = {}) {
    this.#limits = { ...defaultLimits, ...limits };
    this.#now = RunningMoment.before([], this.#limits.atOnce);
    this.#pairing = new Pairing(this.#limits.unpaired);
    this.#frames = [this.#newFrame()];
  }

  /** What the feed is of; undefined until it has told. */
  get head(): FeedHead | undefined {
    return this.#head;
  }

  /** The earliest position that is remembered. More than 0 once old items have gone. */
  get first(): number {
    return this.#frames[0]?.first ?? this.#end;
  }

  /** The latest position: all that was told has happened. */
  get end(): number {
    return this.#end;
  }

  /** How much is remembered, of each kind. */
  get kept(): Readonly<Record<KeptKind, number>> {
    const { nodes, actors, operations, faults, peers } = this.#now;
    return {
      items: this.#end - this.first,
      frames: this.#frames.length,
      marks: this.marks().length,
      places: this.#places.size,
      arrivals: this.#served.size,
      ...this.#pairing.kept,
      nodes: nodes.size,
      actors: actors.size,
      operations: operations.size,
      faults: faults.size,
      peers: peers.size,
    };
  }

  /**
   * Takes in what a feed tells. A head of the same running nodes says that how all stands is told anew, as after a broken
   * connection: what is remembered stays. Any other head, and one of a feed that is whole, begins anew.
   */
  add(items: readonly FeedItem[]): void {
    for (const item of items) {
      if (item.type === 'head') this.#begin(item);
      else this.#append(item);
    }
  }

  /** The item that leads from `position` to the next one. */
  item(position: number): Shown | undefined {
    const frame = this.#frameAt(position);
    return frame?.items[position - frame.first];
  }

  /** The items between two positions, in their order. */
  *between(from: number, to: number): Generator<Shown> {
    for (let position = Math.max(from, this.first); position < Math.min(to, this.#end); position += 1) {
      const item = this.item(position);
      if (item !== undefined) yield item;
    }
  }

  /** How all was at `position`, or as near to it as is remembered. */
  at(position: number): Moment {
    const wanted = Math.min(Math.max(position, this.first), this.#end);
    if (wanted === this.#end) return this.#now;
    if (this.#found?.position === wanted) return this.#found.moment;
    const frame = this.#frameAt(wanted);
    if (frame === undefined) return this.#now;
    const moment = frame.before.copy();
    for (const item of frame.items.slice(0, wanted - frame.first)) moment.apply(item);
    this.#found = { position: wanted, moment };
    return moment;
  }

  /** When what happened last before `position` did, in the feed's milliseconds; undefined before anything has. */
  atMs(position: number): number | undefined {
    return this.item(Math.min(position, this.#end) - 1)?.atMs ?? this.item(this.first)?.atMs;
  }

  /** The last position at which nothing later than `atMs` has happened. */
  positionAt(atMs: number): number {
    let low = this.first;
    let high = this.#end;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((this.item(middle)?.atMs ?? Number.POSITIVE_INFINITY) <= atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** What stands out, in its order: changes of role, nodes that come and go, faults, violations. */
  marks(): readonly Mark[] {
    return this.#frames.flatMap(({ marks }) => marks);
  }

  /** Where the item `id` is, an item that is a step or a message. */
  placeOf(id: string): number | undefined {
    return this.#places.get(id);
  }

  /** The step that took in message `sent`; undefined while none has, or none is known. */
  stepOf(sent: string): ItemOf<'step'> | undefined {
    const item = this.#itemOf(this.#pairing.stepOf(sent));
    return item?.type === 'step' ? item : undefined;
  }

  /** Where message `sent` was taken in; undefined while it was not, or it is not known. */
  arrivalOf(sent: string): Arrival | undefined {
    const step = this.stepOf(sent);
    const place = step === undefined ? this.#served.get(sent) : this.#places.get(step.id);
    const item = place === undefined ? undefined : this.item(place);
    if (place === undefined || item === undefined) return undefined;
    return { place, atMs: item.atMs, ...(step === undefined ? {} : { step }) };
  }

  /** The message that `step` took in; undefined where it took in none, or it is not known. */
  sentOf(step: string): ItemOf<'sent'> | undefined {
    const item = this.#itemOf(this.#pairing.sentOf(step));
    return item?.type === 'sent' ? item : undefined;
  }

  /** Whether message `sent` is known to be lost. */
  isLost(sent: string): boolean {
    return this.#pairing.isLost(sent);
  }

  #itemOf(id: string | undefined): Shown | undefined {
    const place = id === undefined ? undefined : this.#places.get(id);
    return place === undefined ? undefined : this.item(place);
  }

  #begin(head: FeedHead): void {
    const isOfSame = this.#head?.title === head.title && this.#head.source === head.source;
    const isSame = isOfSame && head.source === 'nodes' && head.isWhole !== true;
    this.#head = head;
    this.#now = RunningMoment.before(head.nodes, this.#limits.atOnce);
    this.#found = undefined;
    if (isSame) {
      if (this.#frames.at(-1)?.items.length === 0) this.#frames.pop();
    } else {
      this.#pairing = new Pairing(this.#limits.unpaired);
      this.#places = new Map();
      this.#served = new Map();
      this.#end = 0;
      this.#frames = [];
    }
    this.#frames.push(this.#newFrame());
  }

  #append(item: Shown): void {
    const last = this.#frames.at(-1);
    const isFull = last === undefined || last.items.length >= this.#limits.perKeyFrame;
    const frame = isFull ? this.#newFrame() : last;
    if (isFull) this.#frames.push(frame);
    const mark = markOf(item, this.#end + 1, this.#now);
    if (mark !== undefined) frame.marks.push(mark);
    frame.items.push(item);
    this.#now.apply(item);
    this.#pairing.add(item);
    if (item.type === 'step' || item.type === 'sent') this.#places.set(item.id, this.#end);
    if (item.type === 'arrived') this.#served.set(item.sent, this.#end);
    this.#end += 1;
    // A frame goes as a whole: what is left always begins with a key frame.
    while (this.#end - this.first > this.#limits.items && this.#frames.length > 1) this.#dropFrame();
  }

  #newFrame(): Frame {
    return { first: this.#end, before: this.#now.copy(), items: [], marks: [] };
  }

  #dropFrame(): void {
    for (const item of this.#frames.shift()?.items ?? []) {
      this.#pairing.forget(item);
      if (item.type === 'step' || item.type === 'sent') this.#places.delete(item.id);
      if (item.type === 'arrived') this.#served.delete(item.sent);
    }
    this.#found = undefined;
  }

  #frameAt(position: number): Frame | undefined {
    if (position < this.first || position > this.#end) return undefined;
    let low = 0;
    let high = this.#frames.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#frames[middle]?.first ?? 0) <= position) low = middle;
      else high = middle - 1;
    }
    return this.#frames[low];
  }
}
