/**
 * The vocabulary of the charts: every rule under its name, every delay, and the transitions that recur. Each role's chart
 * is made of these names, so that one setup serves them all.
 */

import { setup } from 'xstate';
import { between, fixed, named } from '../actor/delays.ts';
import { message, rulesOf } from '../actor/rules.ts';
import type { Effect, Event, Redundancy, ReplicaContext, Role } from './context.ts';
import { replicaRules } from './rules.ts';

/** The delays of a replica, in milliseconds. The broadcast time of the network must be well below them. */
export const delays = {
  /** How often a primary shows that it is there, and asks the authority again for what that has not decided. */
  heartbeatInterval: fixed(100),
  /** How long a backup waits for its primary before it takes nothing more from it, and looks for the next one. */
  electionTimeout: between(500, 1_000),
  /** How long a replica waits for promises before it goes on with those that it has. */
  gatherTimeout: between(150, 300),
  /** How long the authority is given to answer before it is asked again. */
  retryInterval: fixed(200),
  /** How often a primary looks who is in sync: who was not heard since the last look, or lacks what the log held then, is not. */
  inSyncTimeout: fixed(500),
  /** How long a primary that hands over waits for the next one. */
  handOverTimeout: fixed(500),
};

/** Binds the rules of a replica to the names by which its charts call them. */
export const { bind: bindReplica } = rulesOf<ReplicaContext, Event, Effect>();

export const replica = setup({
  types: {
    context: {} as ReplicaContext,
    events: {} as Event,
    emitted: {} as Effect,
    input: {} as ReplicaContext,
    tags: {} as Role | Redundancy,
    transitionMeta: {} as { rule: string },
  },
  delays: named(delays),
  ...bindReplica(replicaRules),
});

/** A later epoch than this replica was told of: it takes part in nothing until the authority has told it. */
export const laterEpoch = {
  guard: { type: 'isOfLaterEpoch', params: message },
  target: '#fenced',
  meta: { rule: 'VR §4.1' },
} as const;

/** A primary of an earlier epoch, or of a configuration that an election has ended, hears that it is over. */
export const outdated = {
  guard: { type: 'isOutdated', params: message },
  actions: { type: 'refuseOutdated', params: message },
  meta: { rule: 'VR §4.2' },
} as const;

/** An election of the in-sync set: this replica takes nothing more of the configuration that it ends. */
export const election = [
  { guard: { type: 'isOverElection', params: message } },
  { target: '#fenced', actions: { type: 'promise', params: message }, meta: { rule: 'VR §4.2' } },
] as const;

/** Another epoch begins, with this primary or another. */
export const anotherEpoch = {
  guard: { type: 'isNews', params: message },
  target: '#fenced',
  actions: 'again',
  meta: { rule: 'VR §4.2' },
} as const;

/** What the authority says: the epoch goes on with another in-sync set, or another epoch begins. */
const configured = [
  {
    guard: { type: 'isSameEpoch', params: message },
    actions: { type: 'adoptInSyncSet', params: message },
    meta: { rule: 'KIP-966' },
  },
  anotherEpoch,
  {},
] as const;

/** Answered in every role alike. */
export const compaction = [
  {
    guard: { type: 'isSnapshotNews', params: message },
    actions: { type: 'compact', params: message },
    meta: { rule: 'VR §5.1' },
  },
  {},
] as const;
/** A snapshot is taken by who is sent the log; to another it is of no use. */
const transferEnd = [
  {
    guard: { type: 'isIncoming', params: message },
    actions: { type: 'endTransfer', params: message },
    meta: { rule: 'VR §5.2' },
  },
  {},
] as const;
export const transferInVain = [
  { guard: { type: 'isIncoming', params: message }, actions: 'forgetIncoming' },
  {},
] as const;
export const notPrimary = {
  actions: { type: 'refuseNotPrimary', params: message },
  meta: { rule: 'VR §4.1' },
} as const;
export const notHandingOver = {
  actions: { type: 'refuseHandOver', params: message },
  meta: { rule: 'VR §4.2' },
} as const;

/**
 * What a replica hears that its primary sends the log: it takes that, by `rule`, and serves nothing itself. Each word of the
 * primary begins `listening` anew.
 */
export const sentTheLog = <const Rule extends string>(rule: Rule) =>
  ({
    append: [
      laterEpoch,
      outdated,
      {
        target: '.listening',
        reenter: true,
        actions: { type: 'appendFromPrimary', params: message },
        meta: { rule },
      },
    ],
    installSnapshot: [
      laterEpoch,
      outdated,
      {
        target: '.listening',
        reenter: true,
        actions: { type: 'takeSnapshot', params: message },
        meta: { rule: 'VR §5.2' },
      },
    ],
    elect: election,
    configured,
    propose: notPrimary,
    read: notPrimary,
    handOver: notHandingOver,
    compact: compaction,
    performed: transferEnd,
    unreachable: {},

    // What only a primary hears, or one that looks for the next.
    appended: {},
    outdated: {},
    snapshotReply: {},
    durable: {},
    settled: {},
    promise: {},
  }) as const;
