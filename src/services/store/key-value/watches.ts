/**
 * Who waits for changes, found by the keys that change: a write looks at those alone who wait for its key, and not at all
 * who wait.
 */

import { LaterAnswer } from '../state-machine.ts';
import type { KeyValueAnswer, KeyValueQuestion } from './questions.ts';
import type { Selection } from './selection.ts';

type ChangesQuestion = Extract<KeyValueQuestion, { type: 'changes' }>;

/** What a watch waits for is found in this state. */
export interface WatchedState {
  readonly revision: number;
  answer(question: ChangesQuestion): KeyValueAnswer | LaterAnswer<KeyValueAnswer>;
}

export class Watches {
  readonly #state: WatchedState;
  readonly #byKey = new Map<string, Set<Watch>>();
  /** By the length of a prefix, then by the prefix. What is no single key is found by the prefix that it has, if only ''. */
  readonly #byPrefix = new Map<number, Map<string, Set<Watch>>>();

  constructor(state: WatchedState) {
    this.#state = state;
  }

  /** Answers a question to which there is no answer up to now. */
  later(question: ChangesQuestion): LaterAnswer<KeyValueAnswer> {
    return new Watch(question, this.#state, (watch) => this.#add(question.selection, watch));
  }

  /** `key` changed at `revision`. */
  changed(key: string, revision: number): void {
    if (this.#byKey.size > 0) tell(this.#byKey.get(key), revision);
    for (const [length, watches] of this.#byPrefix) {
      if (length <= key.length) tell(watches.get(key.slice(0, length)), revision);
    }
  }

  /** The state is another one: whatever waits looks again. */
  replaced(): void {
    for (const watches of [this.#byKey, ...this.#byPrefix.values()]) {
      for (const set of watches.values()) tell(set);
    }
  }

  #add({ key, prefix = '' }: Selection, watch: Watch): () => void {
    if (key !== undefined) return added(this.#byKey, key, watch);
    const prefixes = this.#byPrefix.get(prefix.length) ?? new Map<string, Set<Watch>>();
    this.#byPrefix.set(prefix.length, prefixes);
    const remove = added(prefixes, prefix, watch);
    return () => {
      remove();
      if (prefixes.size === 0) this.#byPrefix.delete(prefix.length);
    };
  }
}

class Watch extends LaterAnswer<KeyValueAnswer> {
  readonly #question: ChangesQuestion;
  readonly #state: WatchedState;
  readonly #add: (watch: Watch) => () => void;
  #due: (() => void) | undefined;
  /** Since the question was first answered: where to look from. */
  #after: number | undefined;

  constructor(question: ChangesQuestion, state: WatchedState, add: (watch: Watch) => () => void) {
    super();
    this.#question = question;
    this.#state = state;
    this.#add = add;
  }

  wait(due: () => void): () => void {
    this.#due = due;
    return this.#add(this);
  }

  /** @param revision of a change; undefined when anything may have */
  changed(revision: number | undefined): void {
    if (this.#due === undefined || (revision !== undefined && revision <= this.#question.after)) return;
    // What lies before was looked through, or is of no interest: it is not looked through again.
    this.#after = revision === undefined ? this.#question.after : revision - 1;
    const due = this.#due;
    this.#due = undefined;
    due();
  }

  now(): KeyValueAnswer {
    const { after } = this.#question;
    const answer = this.#after === undefined ? this : this.#state.answer({ ...this.#question, after: this.#after });
    if (!(answer instanceof LaterAnswer)) return answer;
    return { type: 'changes', after: Math.max(after, this.#state.revision), changes: [] };
  }
}

function tell(watches: ReadonlySet<Watch> | undefined, revision?: number): void {
  for (const watch of watches ?? []) watch.changed(revision);
}

/** Puts a watch into an index. @returns takes it out, with what is empty then */
function added(index: Map<string, Set<Watch>>, at: string, watch: Watch): () => void {
  const watches = index.get(at) ?? new Set();
  index.set(at, watches);
  watches.add(watch);
  return () => {
    watches.delete(watch);
    if (watches.size === 0 && index.get(at) === watches) index.delete(at);
  };
}
