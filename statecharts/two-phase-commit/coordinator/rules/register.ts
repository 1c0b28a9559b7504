/** A decision that is kept in a register, where another coordinator can take it over under a higher epoch. */

import { deliver, type Performed, type Ruling } from '../../../actor.ts';
import type { AbortReason, KeptAnswer } from '../../messages.ts';
import { answerOf, type RegisterOperation, registerEntry } from '../../operations.ts';
import { asPrepared, type CoordinatorContext as Context, type CoordinatorEffect as Effect } from '../context.ts';
import { concerned, registered, verdict } from './branches.ts';

type Answer = Ruling<Context, Effect>;

const ask = (context: Context, id: string, operation: RegisterOperation): Answer => {
  const { place, times } = context;
  if (place.type !== 'register') return {};
  return {
    effects: [{ type: 'perform', id, resource: place.resource, operation, deadlineMs: times.resourceDeadlineMs }],
  };
};

export type RegisterStep = RegisterOperation['type'];

const operationId = (context: Context, step: RegisterStep): string =>
  `${step}/${context.transaction}/${context.epoch}${step === 'decide-transaction' ? `/${context.intent ?? ''}` : ''}`;

/** The answer of the register, and the step that waits for it. */
export interface RegisterAnswer extends Performed {
  readonly step: RegisterStep;
}

export const registerRules = {
  keepAnswer: (_context: Context, { answer }: { readonly answer?: KeptAnswer | undefined }): Answer => ({
    context: { answer: answer ?? null },
  }),

  /** Participants are known to the register before any of them prepares (Gray & Lamport §6: the registrar). */
  register(context: Context): Answer {
    const { transaction, epoch, self: owner, idempotencyKey, answer } = context;
    const branches = context.branches.map(registered);
    const asked = ask(context, operationId(context, 'register-transaction'), {
      type: 'register-transaction',
      transaction,
      epoch,
      owner,
      branches,
      idempotencyKey,
      ...(answer === null ? {} : { answer }),
    });
    return { ...asked, context: { registered: true } };
  },

  /** The register will not have this transaction: another one has its idempotency key, or another owner ended it. */
  acceptRefusal(_context: Context, { result }: Performed): Answer {
    const detail = result.type === 'refused' ? result.error : '';
    return {
      context: { registered: false, intent: 'aborted', reason: { code: 'not-registered', branch: null, detail } },
    };
  },

  /** A compare-and-set from undecided, for commit and abort alike (Gray & Lamport §4: no presumption here). */
  decideInRegister(context: Context): Answer {
    const { transaction, epoch, intent } = context;
    if (intent === null) return {};
    const branches = context.branches.filter((it) => concerned(context, it, intent)).map(registered);
    return ask(context, operationId(context, 'decide-transaction'), {
      type: 'decide-transaction',
      transaction,
      epoch,
      outcome: intent,
      branches,
    });
  },

  /** What the register says is decided, whichever coordinator wanted it (Gray & Lamport §4: one consensus on the outcome). */
  adoptRuling(context: Context, { result }: Performed): Answer {
    const entry = answerOf(registerEntry, result);
    if (entry?.outcome === 'committed')
      return { context: { outcome: 'committed' }, effects: [verdict(context, 'committed')] };
    const elsewhere: AbortReason = { code: 'elsewhere', branch: null, detail: 'aborted by another owner' };
    const reason = context.intent === 'aborted' ? context.reason : elsewhere;
    return { context: { outcome: 'aborted', reason }, effects: [verdict({ ...context, reason }, 'aborted')] };
  },

  /** The new owner fences the old one by a higher epoch. */
  claim(context: Context): Answer {
    const { transaction, epoch, self: owner } = context;
    return ask(context, operationId(context, 'claim-transaction'), {
      type: 'claim-transaction',
      transaction,
      epoch,
      owner,
    });
  },

  raiseEpoch: (context: Context, { epoch }: { readonly epoch: number }): Answer => ({
    context: { epoch: Math.max(context.epoch, epoch) },
  }),

  /** From answering participants in doubt to owning their transaction, which the register has undecided or unfinished. */
  beginTakeOver: (_context: Context, { epoch }: { readonly epoch: number }): Answer => ({
    context: { begun: 'take-over', registered: true, epoch },
  }),

  /** What the register knows about a claimed transaction; what is undecided then is to be aborted. */
  adoptClaim(context: Context, { result }: Performed): Answer {
    const entry = answerOf(registerEntry, result);
    if (entry === undefined) return {};
    const taken: AbortReason = { code: 'taken-over', branch: null, detail: `taken over from ${context.manager}` };
    const decided = entry.outcome === 'committed' || entry.outcome === 'aborted' ? entry.outcome : null;
    return {
      context: { branches: entry.branches.map(asPrepared), outcome: decided, intent: 'aborted', reason: taken },
      effects: decided === null ? [] : [verdict({ ...context, reason: taken }, decided)],
    };
  },

  readDecision: (context: Context): Answer =>
    ask(context, operationId(context, 'read-decision'), { type: 'read-decision', transaction: context.transaction }),

  endInRegister: (context: Context): Answer =>
    ask(context, operationId(context, 'end-transaction'), {
      type: 'end-transaction',
      transaction: context.transaction,
      epoch: context.epoch,
    }),

  /** The old owner is out: it may watch, and no longer act. */
  reportFenced(context: Context, { result }: Performed): Answer {
    const detail = result.type === 'refused' ? result.error : '';
    return { effects: [deliver({ type: 'fenced', transaction: context.transaction, detail })] };
  },

  keepsRegister: ({ place }: Context): boolean => place.type === 'register',

  isRegistered: ({ registered: known, place }: Context): boolean => known && place.type === 'register',

  isDone: (context: Context, { id, result, step }: RegisterAnswer): boolean =>
    id === operationId(context, step) && result.type === 'done',

  isRefused: (context: Context, { id, result, step }: RegisterAnswer): boolean =>
    id === operationId(context, step) && result.type === 'refused',

  isAnswer: (context: Context, { id, step }: RegisterAnswer): boolean => id === operationId(context, step),

  isEntry: (context: Context, { id, result, step }: RegisterAnswer): boolean =>
    id === operationId(context, step) && answerOf(registerEntry, result) !== undefined,

  /** The register's answer names an outcome. */
  isDecided(context: Context, { id, result, step }: RegisterAnswer): boolean {
    const entry = answerOf(registerEntry, result);
    return id === operationId(context, step) && (entry?.outcome === 'committed' || entry?.outcome === 'aborted');
  },
};
