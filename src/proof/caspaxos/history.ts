/** What a check of a register remembers of a run: votes, what clients were told, and what each waits for. */

import type { Address } from '../../../statecharts/actor.ts';
import type { Observation } from '../../checker.ts';
import { type CastVote, withVoteIn } from '../acceptors/votes.ts';
import { seesAllTold } from './claims.ts';

/** A change or a read that is under way. */
export interface Pending {
  /** The longest text of which any client had been told when it began. */
  readonly floor: string;
  /** What it was told that the register holds; null before, and once it has answered. */
  readonly current: string | null;
  /** What it asked the register to be changed to; null before. */
  readonly asked: string | null;
}

export interface RegisterHistory {
  readonly votes: readonly CastVote[];
  /** The texts that clients were told of, as read or as what a change came to; the shortest first. */
  readonly told: readonly string[];
  /** The texts of changes that were told to be in conflict, sorted. */
  readonly conflicts: readonly string[];
  /** What is under way, by register. */
  readonly pending: Readonly<Record<Address, Pending>>;
  /** How often each node has crashed. */
  readonly crashes: Readonly<Record<string, number>>;
  /** How many changes and reads were given up. */
  readonly abandoned: number;
  /** What was wrong with what clients were told, in words. */
  readonly problems: readonly string[];
}

export const emptyHistory: RegisterHistory = {
  votes: [],
  told: [],
  conflicts: [],
  pending: {},
  crashes: {},
  abandoned: 0,
  problems: [],
};

const without = (pending: RegisterHistory['pending'], isOver: (register: string) => boolean) =>
  Object.fromEntries(Object.entries(pending).filter(([register]) => !isOver(register)));

/** The history with what the client of `register` has been told at last; null where it has no answer. */
function ended(history: RegisterHistory, register: Address, text: string | null): RegisterHistory {
  const floor = history.pending[register]?.floor ?? '';
  const pending = without(history.pending, (it) => it === register);
  if (text === null) return { ...history, pending };
  const problem = seesAllTold(text, floor);
  const told = history.told.includes(text)
    ? history.told
    : [...history.told, text].sort((one, other) => one.length - other.length || (one < other ? -1 : 1));
  return {
    ...history,
    pending,
    told,
    problems: problem === undefined ? history.problems : [...history.problems, problem],
  };
}

/**
 * Folds what happens into the history.
 *
 * @param isAnsweredEarly whether clients take what they are told in phase 1 for what they have read
 */
export function observeRegister(
  history: RegisterHistory,
  happening: Observation,
  isAnsweredEarly: boolean,
): RegisterHistory {
  switch (happening.type) {
    case 'sent':
      return withVoteIn(history, happening);
    case 'crashed': {
      const { node } = happening;
      const crashes = { ...history.crashes, [node]: (history.crashes[node] ?? 0) + 1 };
      return { ...history, crashes, pending: without(history.pending, (it) => it.startsWith(`${node}/`)) };
    }
    case 'requested': {
      const { actor, request } = happening;
      const before = history.pending[actor];
      if (request.type === 'change') {
        const begun: Pending = { floor: history.told.at(-1) ?? '', current: null, asked: null };
        return { ...history, pending: { ...history.pending, [actor]: begun } };
      }
      if (request.type === 'replace' && 'value' in request && before !== undefined) {
        const asked: Pending = { ...before, current: null, asked: String(request.value) };
        return { ...history, pending: { ...history.pending, [actor]: asked } };
      }
      if (request.type !== 'abandon') return history;
      return isAnsweredEarly
        ? ended(history, actor, before?.current ?? null)
        : ended({ ...history, abandoned: history.abandoned + 1 }, actor, null);
    }
    case 'delivered': {
      const { actor, output } = happening;
      const before = history.pending[actor];
      if (before === undefined) return history;
      if (output.type === 'current' && 'value' in output) {
        const told: Pending = { ...before, current: output.value === null ? '' : String(output.value) };
        return { ...history, pending: { ...history.pending, [actor]: told } };
      }
      if (output.type === 'changed') return ended(history, actor, before.asked);
      if (output.type !== 'conflict') return history;
      const conflicts = [...new Set([...history.conflicts, before.asked ?? ''])].sort();
      return ended({ ...history, conflicts }, actor, null);
    }
    default:
      return history;
  }
}
