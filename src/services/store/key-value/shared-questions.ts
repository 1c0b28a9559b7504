/**
 * Watches of one client that follow the same keys share their questions for changes: what happened after a revision is the
 * same for all, so a node holds one question however many watch, and tells a change once. A watch that has fallen behind asks
 * by itself, and is among the others again when it has come to where they are.
 */

import type { Executor } from '../requests/requester.ts';
import { answerIn, strange } from './answers.ts';
import type { Update } from './contract.ts';
import { type KeyChange, type KeyValueQuestion, pageLimit } from './questions.ts';
import type { Selection } from './selection.ts';

/** How long a question waits for a change before it is asked anew, in milliseconds: a dead node is noticed by then. */
const waitMs = 10_000;

/** What happened after the revision that was asked for, and up to `after`. */
export interface Happened {
  readonly after: number;
  readonly updates: readonly Update[];
}

/** The questions of one client that are under way. */
export class SharedQuestions {
  readonly #executor: Executor;
  /** By selection, then by the revision after which something is asked for. */
  readonly #open = new Map<string, Map<number, Promise<Happened>>>();

  constructor(executor: Executor) {
    this.#executor = executor;
  }

  /** What happened to some keys after a revision, or nothing, when nothing has for some time. Rejects as a query does. */
  async happened(selection: Selection, after: number): Promise<Happened> {
    const open = this.#openFor(selection);
    const shared = lastUpTo(after, open);
    if (shared !== undefined && shared.after < after) {
      // It may fail for what concerns others alone: that what they have missed is forgotten.
      const found = await shared.asked.catch(() => undefined);
      if (found !== undefined && found.after > after) {
        return { after: found.after, updates: found.updates.filter(({ revision }) => revision > after) };
      }
    }
    return this.#openFor(selection).get(after) ?? this.#ask(selection, after);
  }

  #openFor(selection: Selection): ReadonlyMap<number, Promise<Happened>> {
    return this.#open.get(nameOf(selection)) ?? new Map();
  }

  #ask(selection: Selection, after: number): Promise<Happened> {
    const name = nameOf(selection);
    const open = this.#open.get(name) ?? new Map<number, Promise<Happened>>();
    const asked = happenedAfter(this.#executor, selection, after).finally(() => {
      open.delete(after);
      if (open.size === 0) this.#open.delete(name);
    });
    this.#open.set(name, open);
    open.set(after, asked);
    return asked;
  }
}

const nameOf = ({ key, prefix = '', from = '', to }: Selection): string => JSON.stringify([key, prefix, from, to]);

/** The last question after no later revision than `after`. */
function lastUpTo(
  after: number,
  open: ReadonlyMap<number, Promise<Happened>>,
): { readonly after: number; readonly asked: Promise<Happened> } | undefined {
  let last: { readonly after: number; readonly asked: Promise<Happened> } | undefined;
  for (const [from, asked] of open) {
    if (from <= after && (last === undefined || from > last.after)) last = { after: from, asked };
  }
  return last;
}

async function happenedAfter(executor: Executor, selection: Selection, after: number): Promise<Happened> {
  const question: KeyValueQuestion = { type: 'changes', selection, after, limit: pageLimit };
  // Each change is told as of its revision, so whichever node is near may tell it.
  const answer = answerIn(
    await executor.query(question, { deadlineMs: waitMs, consistency: 'stale', isPatient: true }),
  );
  if (answer === null || !('type' in answer) || answer.type !== 'changes') throw strange();
  return { after: answer.after, updates: byRevision(answer.changes) };
}

function byRevision(changes: readonly KeyChange[]): readonly Update[] {
  const updates: { readonly revision: number; readonly changes: KeyChange[] }[] = [];
  for (const change of changes) {
    const last = updates.at(-1);
    if (last?.revision === change.revision) last.changes.push(change);
    else updates.push({ revision: change.revision, changes: [change] });
  }
  return updates;
}
