/**
 * The feed of what runs in the page itself: a worker plays runs and looks for counterexamples, and an order of a fault plays the
 * run again, another way from the moment on that is looked at.
 */

import { type Signal, signal } from '@preact/signals';
import type { FaultOrder } from '../../feed.ts';
import { orderedAt, type PlaygroundRun, queryOf } from '../../model/playground-run.ts';
import type { Asked, Choice, PlaygroundCheck, Said } from '../../playground/contract.ts';
import type { FeedListener, FeedSource } from '../feed-source.ts';

/** What came of the last thing that was asked. */
export interface Outcome {
  readonly isUnderWay: boolean;
  readonly text: string;
  readonly details: string;
}

export class PlaygroundSource implements FeedSource {
  readonly isBounded = true;
  readonly choices = signal<readonly Choice[]>([]);
  readonly outcome = signal<Outcome>({ isUnderWay: true, text: 'Loading …', details: '' });
  readonly run: Signal<PlaygroundRun>;
  readonly #nowMs: () => number;
  #listener: FeedListener | undefined;
  #worker: Worker | undefined;
  #asked = 0;
  #isChecking = false;
  #answer: ((why: string | undefined) => void) | undefined;

  /** @param nowMs the moment that is looked at, in virtual milliseconds */
  constructor(run: PlaygroundRun, nowMs: () => number) {
    this.run = signal(run);
    this.#nowMs = nowMs;
  }

  start(listener: FeedListener): () => void {
    this.#listener = listener;
    this.play(this.run.value);
    return () => {
      this.#listener = undefined;
      this.#worker?.terminate();
      this.#worker = undefined;
    };
  }

  /** Plays a run from its beginning; the address of the page says which. */
  play(run: PlaygroundRun): void {
    this.run.value = run;
    history.replaceState(null, '', `?${queryOf(run)}${location.hash}`);
    this.#ask({ type: 'run', id: this.#next(), run });
  }

  /** Looks for a counterexample. */
  check(check: PlaygroundCheck): void {
    this.#ask({ type: 'check', id: this.#next(), check });
    this.#isChecking = true;
  }

  /** Ends what is under way. */
  stop(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#isChecking = false;
    this.#settle('it was stopped');
    this.outcome.value = { isUnderWay: false, text: 'Stopped.', details: '' };
    this.#listener?.turn({ state: 'whole' });
  }

  order(fault: FaultOrder): Promise<string | undefined> {
    const before = this.run.value;
    return new Promise((resolve) => {
      this.play(orderedAt(before, this.#nowMs(), fault));
      this.#answer = (why) => {
        if (why !== undefined) this.play(before);
        resolve(why);
      };
    });
  }

  #next(): number {
    this.#asked += 1;
    return this.#asked;
  }

  #ask(asked: Asked): void {
    this.#settle('something else was asked');
    // A check keeps its worker from hearing anything until it is over.
    if (this.#isChecking) this.#worker?.terminate();
    if (this.#isChecking) this.#worker = undefined;
    this.#isChecking = false;
    this.#worker ??= this.#startWorker();
    this.outcome.value = { isUnderWay: true, text: asked.type === 'run' ? 'Running …' : 'Checking …', details: '' };
    this.#listener?.turn({ state: 'live' });
    this.#worker.postMessage(asked);
  }

  #startWorker(): Worker {
    const worker = new Worker(new URL('../../playground/worker.ts', import.meta.url), { type: 'module' });
    worker.addEventListener('message', ({ data }: MessageEvent<Said>) => this.#hear(data));
    worker.addEventListener('error', ({ message }) => this.#fail(message || 'the worker of this page has failed'));
    return worker;
  }

  #hear(said: Said): void {
    if (said.type === 'choices') {
      this.choices.value = said.choices;
      return;
    }
    if (said.id !== this.#asked) return;
    switch (said.type) {
      case 'items':
        this.#listener?.take({ items: said.items, refused: 0 });
        return;
      case 'progress':
        this.outcome.value = { isUnderWay: true, text: said.text, details: '' };
        return;
      case 'failed':
        this.#fail(said.why);
        return;
      case 'done':
        this.#isChecking = false;
        this.outcome.value = { isUnderWay: false, text: said.text, details: said.details };
        this.#listener?.turn({ state: 'whole' });
        this.#settle(undefined);
    }
  }

  #fail(why: string): void {
    this.#isChecking = false;
    this.outcome.value = { isUnderWay: false, text: `Not done: ${why}`, details: '' };
    this.#listener?.turn({ state: 'whole' });
    this.#settle(why);
  }

  #settle(why: string | undefined): void {
    const answer = this.#answer;
    this.#answer = undefined;
    answer?.(why);
  }
}
