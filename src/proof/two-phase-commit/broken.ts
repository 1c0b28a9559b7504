/** Broken twins of two-phase commit: each makes a mistake that is known from real systems, and each must be found. */

import { type CoordinatorRules, coordinatorRules, participantRules } from '../../../statecharts/two-phase-commit.ts';
import type { Broken, TwoPhaseCommitOptions } from './model.ts';

/** A mistake, and the smallest surroundings in which it shows. */
export interface BrokenTwin {
  readonly broken: Broken;
  readonly options: TwoPhaseCommitOptions;
}

const { decideCommit, delegate, announce, answer } = coordinatorRules;

const announceFirst: CoordinatorRules['decideCommit'] = (context) => {
  const { effects = [], context: change = {} } = decideCommit(context);
  return { context: change, effects: [...(announce({ ...context, ...change }).effects ?? []), ...effects] };
};

/** The twins, by what they do. */
export const brokenTwins = {
  'a decision is sent before it is journalled': {
    broken: { coordinator: { decideCommit: announceFirst } },
    options: { crashes: 1, crashing: ['c'], timeouts: 0, mayRefuse: false },
  },
  'the caller is answered before the decision is journalled': {
    broken: {
      coordinator: {
        decideCommit(context) {
          const { effects = [], ...change } = decideCommit(context);
          return { ...change, effects: effects.toReversed() };
        },
      },
    },
    options: { crashes: 1, crashing: ['c'], timeouts: 0, mayRefuse: false },
  },
  'a participant in doubt aborts alone': {
    broken: { participant: { inquire: () => ({ context: { outcome: 'aborted' } }) } },
    options: { inquiries: 1, timeouts: 0, mayRefuse: false },
  },
  'an unknown answer to a commit is taken for success': {
    broken: {
      participant: {
        isDone: (context, heard) => participantRules.isAnswer(context, heard) && heard.result.type !== 'refused',
      },
    },
    options: { unknownAnswers: 1, timeouts: 0, mayRefuse: false },
  },
  'a commit is presumed': {
    broken: {
      coordinator: { presume: (context, inquiry) => answer({ ...context, outcome: 'committed' }, inquiry) },
    },
    options: { crashes: 1, crashing: ['c'], timeouts: 0, mayRefuse: false },
  },
  'an abort is presumed where a last resource decides': {
    broken: { coordinator: { mayPresume: () => true } },
    options: { place: 'last', crashes: 1, crashing: ['c'], timeouts: 0, mayRefuse: false },
  },
  'a commit is announced before the last resource has answered': {
    broken: {
      coordinator: {
        delegate: (context) => ({
          effects: [
            ...(announce({ ...context, outcome: 'committed' }).effects ?? []),
            ...(delegate(context).effects ?? []),
          ],
        }),
      },
    },
    options: { place: 'last', timeouts: 0 },
  },
  'an unknown answer of a last resource is taken for a no': {
    broken: {
      participant: {
        isRefused: (context, heard) =>
          participantRules.isRefused(context, heard) ||
          (heard.operation === 'commit-one-phase' && participantRules.isAnswer(context, heard)),
      },
    },
    options: { place: 'last', unknownAnswers: 1, timeouts: 0, mayRefuse: false },
  },
  'a late prepare is accepted after the rollback': {
    broken: { readsAbsence: true },
    options: { timeouts: 1, mayRefuse: false },
  },
  'a coordinator does not wait for all votes': {
    broken: { coordinator: { allAgreed: ({ branches }) => branches.some(({ vote }) => vote === 'yes') } },
    options: { timeouts: 0, mayRefuse: false },
  },
  'a coordinator forgets branches that have not acknowledged': {
    broken: { coordinator: { allAcknowledged: () => true } },
    options: { timeouts: 0, mayRefuse: false },
  },
  'an owner overrules the register that fenced it': {
    broken: {
      coordinator: {
        isDecided: (context, heard) => coordinatorRules.isAnswer(context, heard) && heard.result.type !== 'unknown',
        adoptRuling: ({ intent }) => ({ context: { outcome: intent } }),
      },
    },
    options: { place: 'register', timeouts: 0, mayRefuse: false },
  },
  'a register lets two owners decide': {
    broken: { fencesNobody: true },
    options: { place: 'register', timeouts: 0, mayRefuse: false },
  },
} as const satisfies Readonly<Record<string, BrokenTwin>>;
