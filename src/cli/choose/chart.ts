/**
 * The conversation with a person who must choose a method, as a statechart: which question follows which, and which answers
 * lead to what, each step with its reason. It is no protocol, and nothing but the command line talks like this, so it stands
 * here and not in `statecharts/`.
 *
 * Each recommendation and each refusal is a final state, and its key is the name of what is recommended or refused.
 */

import { assign, setup } from 'xstate';
import type { Answers, Question } from './questions.ts';
import { questions } from './questions.ts';
import type { Reason } from './reasons.ts';

interface Context {
  readonly answers: Answers;
  /** Why it stands where it stands, in order. */
  readonly reasons: readonly Reason[];
}

/** One more answer. */
interface Answered {
  readonly type: 'answer';
  readonly answers: Answers;
}

const choosing = setup({
  types: { context: {} as Context, events: {} as Answered },
  actions: {
    remember: assign({ answers: ({ context, event }) => ({ ...context.answers, ...event.answers }) }),
    because: assign({ reasons: ({ context }, { reason }: { reason: Reason }) => [...context.reasons, reason] }),
  },
  guards: {
    nothingMayBeLost: ({ context }) => context.answers.loss === 'nothing',
    lastWritesMayBeLost: ({ context }) => context.answers.loss === 'last-writes',
    allSinceBackupMayBeLost: ({ context }) => context.answers.loss === 'since-backup',
    mustNotStop: ({ context }) => context.answers.downtime === 'seconds',
    aPersonRepairs: ({ context }) => context.answers.downtime === 'days',
    aPersonRepairsFromBackup: ({ context: { answers } }) =>
      answers.downtime === 'days' && answers.loss === 'since-backup',
    isOneMachine: ({ event }) => event.answers.machines === 1,
    isAlone: ({ context }) => context.answers.machines === 1,
    isPair: ({ context }) => context.answers.machines === 2,
    linksMayFailSingly: ({ context: { answers } }) =>
      (answers.machines ?? 0) >= 5 && (answers.zones ?? 0) > 1 && answers.downtime === 'seconds',
    isFar: ({ context: { answers } }) => answers.distance === 'region' || answers.distance === 'continents',
    noDatabaseIsAsked: ({ event }) => event.answers.databases === 'none',
    hasNoDatabase: ({ context }) => context.answers.databases === 'none',
    hasOneDatabase: ({ context }) => context.answers.databases === 'one',
    othersOwnIt: ({ context }) => context.answers.owners === 'others',
    mayAskAgain: ({ context }) => context.answers.retries === 'yes',
  },
});

/** The state that asks `question`; the picture shows its text. */
const asks = <const Target extends string>(question: Question, target: Target) =>
  ({ tags: [questions[question].text], on: { answer: { target, actions: 'remember' } } }) as const;

/** A step that is taken for a reason. */
const because = <const Target extends string>(reason: Reason, target: Target) =>
  ({ target, actions: { type: 'because', params: { reason } }, meta: { rule: reason } }) as const;

const recommended = { type: 'final' } as const;
/** The picture says of it that it is a refusal. */
const refused = <const Name extends string>(name: Name) => ({ type: 'final', tags: [`refused: ${name}`] }) as const;

/** The chart. */
export const choiceChart = choosing.createMachine({
  id: 'choice',
  context: { answers: {}, reasons: [] },
  initial: 'loss',
  states: {
    loss: asks('loss', 'downtime'),
    downtime: asks('downtime', 'machines'),
    machines: {
      tags: [questions.machines.text],
      on: {
        answer: [
          { guard: 'isOneMachine', target: 'databases', actions: 'remember' },
          { target: 'zones', actions: 'remember' },
        ],
      },
    },
    zones: asks('zones', 'databases'),
    databases: {
      tags: [questions.databases.text],
      on: {
        answer: [
          { guard: 'noDatabaseIsAsked', target: 'apart', actions: 'remember' },
          { target: 'owners', actions: 'remember' },
        ],
      },
    },
    owners: asks('owners', 'apart'),
    apart: { always: [{ guard: 'isAlone', target: 'retries' }, { target: 'distance' }] },
    distance: asks('distance', 'retries'),
    retries: asks('retries', 'kind'),

    kind: {
      always: [
        { guard: 'hasNoDatabase', ...because('we-hold-the-data', 'store') },
        { guard: 'hasOneDatabase', ...because('a-database-holds-the-data', 'database') },
        because('several-must-agree', 'transactions'),
      ],
    },
    store: {
      always: [
        { guard: 'aPersonRepairsFromBackup', ...because('a-backup-suffices', 'single-node') },
        { guard: 'isAlone', target: 'storeAlone' },
        { guard: 'isPair', ...because('two-cannot-tell', 'two-machines') },
        { guard: 'nothingMayBeLost', ...because('a-majority-holds-it', 'consensus') },
        { guard: 'lastWritesMayBeLost', target: 'bounded' },
        because('others-must-take-over', 'raft'),
      ],
    },
    storeAlone: {
      always: [
        { guard: 'mustNotStop', ...because('one-machine-is-down', 'one-machine-stops') },
        { guard: 'allSinceBackupMayBeLost', ...because('a-backup-suffices', 'single-node') },
        because('one-disk-is-lost', 'one-disk'),
      ],
    },
    consensus: {
      always: [
        { guard: 'linksMayFailSingly', ...because('a-stale-hub-stops-raft', 'multi-paxos') },
        { guard: 'aPersonRepairs', ...because('all-in-sync-hold-it', 'primary-backup-sync') },
        because('replacement-and-one-round-trip', 'raft'),
      ],
    },
    bounded: {
      always: [
        { guard: 'isFar', ...because('acknowledged-before-it-travels', 'primary-backup-async') },
        because('losing-buys-nothing-here', 'raft'),
      ],
    },
    database: {
      always: [
        { guard: 'othersOwnIt', ...because('only-owners-promote', 'databases-of-others') },
        { guard: 'aPersonRepairsFromBackup', ...because('a-backup-suffices', 'nothing-to-add') },
        { guard: 'isAlone', ...because('no-place-for-a-standby', 'one-machine-stops') },
        { guard: 'isPair', target: 'databasePair' },
        { guard: 'nothingMayBeLost', ...because('a-standby-holds-it', 'durable') },
        because('nothing-waits-for-standbys', 'passThrough'),
      ],
    },
    databasePair: {
      always: [
        { guard: 'nothingMayBeLost', ...because('two-cannot-tell', 'two-machines') },
        because('one-manager-may-be-wrong', 'failover-pass-through-pair'),
      ],
    },
    durable: {
      always: [
        { guard: 'mustNotStop', ...because('a-second-standby-is-there', 'failover-durable-hot') },
        because('a-cold-one-comes-later', 'failover-durable-cold'),
      ],
    },
    passThrough: {
      always: [
        { guard: 'mustNotStop', ...because('a-hot-one-takes-over', 'failover-pass-through-hot') },
        because('a-warm-one-catches-up', 'failover-pass-through-warm'),
      ],
    },
    transactions: {
      always: [
        { guard: 'isAlone', target: 'transactionsAlone' },
        { guard: 'isPair', target: 'transactionsPair' },
        { guard: 'othersOwnIt', ...because('locks-of-others-must-not-wait', 'decidedByMany') },
        { guard: 'nothingMayBeLost', ...because('decisions-must-survive', 'decidedByMany') },
        { guard: 'mustNotStop', ...because('another-must-finish', 'decidedByMany') },
        because('the-coordinator-comes-back', 'two-phase-commit'),
      ],
    },
    transactionsAlone: {
      always: [
        { guard: 'mustNotStop', ...because('one-machine-is-down', 'one-machine-stops') },
        { guard: 'othersOwnIt', ...because('locks-of-others-must-not-wait', 'locks-of-others') },
        { guard: 'nothingMayBeLost', ...because('one-disk-is-lost', 'one-disk') },
        because('the-coordinator-comes-back', 'two-phase-commit'),
      ],
    },
    transactionsPair: {
      always: [
        { guard: 'mustNotStop', ...because('two-cannot-tell', 'two-machines') },
        { guard: 'othersOwnIt', ...because('two-cannot-tell', 'two-machines') },
        { guard: 'nothingMayBeLost', ...because('two-cannot-tell', 'two-machines') },
        because('the-coordinator-comes-back', 'two-phase-commit'),
      ],
    },
    decidedByMany: {
      always: [
        { guard: 'mayAskAgain', ...because('keys-hold-across-managers', 'decision-register') },
        because('votes-are-the-decision', 'paxos-commit'),
      ],
    },

    'single-node': recommended,
    raft: recommended,
    'multi-paxos': recommended,
    'primary-backup-sync': recommended,
    'primary-backup-async': recommended,
    'failover-durable-hot': recommended,
    'failover-durable-cold': recommended,
    'failover-pass-through-hot': recommended,
    'failover-pass-through-warm': recommended,
    'failover-pass-through-pair': recommended,
    'two-phase-commit': recommended,
    'decision-register': recommended,
    'paxos-commit': recommended,

    'one-machine-stops': refused('one-machine-stops'),
    'one-disk': refused('one-disk'),
    'two-machines': refused('two-machines'),
    'databases-of-others': refused('databases-of-others'),
    'nothing-to-add': refused('nothing-to-add'),
    'locks-of-others': refused('locks-of-others'),
  },
});
