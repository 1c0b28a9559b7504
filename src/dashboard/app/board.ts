/** What a page knows and shows: a time line that grows, where it is looked at, and what is looked at. */

import { signal } from '@preact/signals';
import type { FaultOrder } from '../feed.ts';
import { defaultLimits, recordedLimits } from '../model/limits.ts';
import type { Moment } from '../model/moment.ts';
import { fragmentOf, type Place } from '../model/place.ts';
import { type Playback, playing, positionOf, stepped, stoppedAt, ticked, toMark } from '../model/playback.ts';
import { Timeline } from '../model/timeline.ts';
import { type Traffic, trafficAt } from '../model/traffic.ts';
import { eachFrame, later } from './browser.ts';
import type { FeedSource, FeedStatus } from './feed-source.ts';

/** So often at most the page shows what has come, in milliseconds: more often no one could read. */
const refreshMs = 100;

/** Traffic is counted over so long, in milliseconds of the feed; of a check, in steps. */
const trafficWindowMs = 1_000;
const trafficWindowSteps = 10;

/** A page's state. What components read from it, they follow. */
export class Board {
  readonly timeline: Timeline;
  readonly status = signal<FeedStatus>({ state: 'connecting' });
  readonly playback = signal<Playback>({ mode: 'live' });
  readonly place = signal<Place>({ view: 'cluster' });
  readonly speed = signal(1);
  /** Items that could not be read. */
  readonly refused = signal(0);
  /** What came of the last fault that was ordered. */
  readonly answer = signal('');
  readonly #version = signal(0);
  readonly #source: FeedSource;
  #isDue = false;
  #stopPlaying = (): void => undefined;
  /** Where a shared link points to, until so much has come. */
  #wanted: number | undefined;

  constructor(source: FeedSource, place: Place) {
    this.#source = source;
    this.timeline = new Timeline(source.isBounded ? recordedLimits : defaultLimits);
    this.place.value = place;
    this.#wanted = place.at;
  }

  /** Begins to listen. @returns what ends that */
  start(): () => void {
    return this.#source.start({
      take: ({ items, refused }) => {
        this.timeline.add(items);
        if (refused > 0) this.refused.value += refused;
        this.#refreshSoon();
      },
      turn: (status) => {
        this.status.value = status;
        // A run that is over is read from its beginning; one that goes on is followed.
        if (status.state === 'whole' && this.playback.value.mode === 'live') this.seek(this.#wanted ?? 0);
      },
    });
  }

  /** The position that is shown. */
  position(): number {
    this.#version.value;
    return positionOf(this.playback.value, this.timeline);
  }

  /** How all is at the position that is shown. */
  moment(): Moment {
    return this.timeline.at(this.position());
  }

  /** When that is, in the feed's milliseconds. */
  atMs(): number {
    return this.timeline.atMs(this.position()) ?? 0;
  }

  traffic(): Traffic {
    const window = this.timeline.head?.source === 'check' ? trafficWindowSteps : trafficWindowMs;
    return trafficAt(this.timeline, this.position(), window);
  }

  seek(position: number): void {
    this.#show(stoppedAt(position, this.timeline));
  }

  step(by: number): void {
    this.#show(stepped(this.playback.value, this.timeline, by));
  }

  toMark(direction: 1 | -1): void {
    this.#show(toMark(this.playback.value, this.timeline, direction));
  }

  live(): void {
    this.#show({ mode: 'live' });
  }

  playOrPause(): void {
    if (this.playback.value.mode === 'playing') this.seek(this.position());
    else this.#show(playing(this.playback.value, this.timeline, this.speed.value));
  }

  setSpeed(speed: number): void {
    this.speed.value = speed;
    const playback = this.playback.value;
    if (playback.mode === 'playing') this.#show({ ...playback, speed });
  }

  /** Shows something else; what is not named stays. */
  go(place: Partial<Place>): void {
    this.place.value = { ...this.place.value, ...place };
    this.#writePlace();
  }

  /** Whether faults may be ordered by hand: what is only recorded takes none. */
  takesFaults(): boolean {
    return this.#source.order !== undefined && (this.timeline.head?.takesFaults ?? false);
  }

  async order(fault: FaultOrder): Promise<void> {
    this.answer.value = '';
    const why = await this.#source.order?.(fault);
    this.answer.value = why === undefined ? `Done: ${fault.fault}.` : `Not done: ${why}`;
  }

  #show(playback: Playback): void {
    this.#wanted = undefined;
    this.#stopPlaying();
    this.#stopPlaying = () => undefined;
    this.playback.value = playback;
    if (playback.mode === 'playing') {
      this.#stopPlaying = eachFrame((elapsedMs) => {
        const source = this.timeline.head?.source ?? 'nodes';
        const next = ticked(this.playback.value, this.timeline, elapsedMs, source);
        if (next.mode === 'playing') this.playback.value = next;
        else this.#show(next);
      });
      return;
    }
    const { at: _at, ...rest } = this.place.value;
    this.place.value = playback.mode === 'stopped' ? { ...rest, at: playback.position } : rest;
    this.#writePlace();
  }

  #writePlace(): void {
    history.replaceState(null, '', `#${fragmentOf(this.place.value)}`);
  }

  #refreshSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    later(() => {
      this.#isDue = false;
      this.#version.value += 1;
      const wanted = this.#wanted;
      if (wanted !== undefined && this.timeline.end >= wanted) this.seek(wanted);
    }, refreshMs);
  }
}
