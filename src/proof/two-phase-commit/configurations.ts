/**
 * The systems in which two-phase commit is proven before a release: as large as a minute on two processors allows. Each
 * leaves something out that another one has.
 */

import type { TwoPhaseCommitOptions } from './model.ts';

/** A system, and what is expected of its check. */
export interface CommitConfiguration {
  readonly bounds: Omit<TwoPhaseCommitOptions, 'broken'>;
  /** Beyond so many states the check gives up: a proof that takes long is not made. */
  readonly maxStates: number;
  /** A property that is known not to hold here, and must be found violated; all others hold. */
  readonly knownTruth?: { readonly violates: string; readonly because: string };
}

/** Nobody gives up waiting, and no database refuses: what remains is what crashes and losses do. */
const quiet = { timeouts: 0, mayRefuse: false } as const;
/** Nothing is waited for that is only being written: what is asked for is that it comes to its end. */
const live = { ...quiet, flush: 'at-once', inquiries: 'unlimited', eventually: true } as const;
const dead = { crashes: 1, crashing: ['c'], restarts: false } as const;
const blocks = {
  violates: 'every branch comes to its end',
  because: 'plain two-phase commit blocks while its coordinator is dead',
} as const;

const onlyCoordinator = { crashes: 1, crashing: ['c'] } as const;

/** The largest first, so that two processors end at about the same time. */
export const commitConfigurations: readonly CommitConfiguration[] = [
  { bounds: { ...quiet, participants: 3, place: 'register', ...onlyCoordinator, inquiries: 0 }, maxStates: 1_500_000 },
  { bounds: { ...quiet, participants: 2, crashes: 2, inquiries: 1 }, maxStates: 1_000_000 },
  { bounds: { ...quiet, participants: 2, crashes: 1, unknownAnswers: 1 }, maxStates: 1_000_000 },
  { bounds: { ...quiet, participants: 3, place: 'register' }, maxStates: 1_000_000 },
  { bounds: { participants: 2, crashes: 1, timeouts: 1 }, maxStates: 1_000_000 },
  { bounds: { participants: 3 }, maxStates: 1_000_000 },
  { bounds: { ...quiet, participants: 2, place: 'register', crashes: 1, inquiries: 0 }, maxStates: 1_000_000 },
  { bounds: { ...live, ...dead, participants: 3, place: 'register', inquiries: 0 }, maxStates: 500_000 },
  { bounds: { ...quiet, participants: 4, crashes: 1, inquiries: 1, peerInquiries: 0 }, maxStates: 500_000 },
  {
    bounds: { participants: 2, place: 'last', crashes: 1, timeouts: 1, unknownAnswers: 1 },
    maxStates: 500_000,
  },
  {
    bounds: { ...quiet, participants: 4, place: 'last', crashes: 1, inquiries: 1, peerInquiries: 0 },
    maxStates: 200_000,
  },
  {
    bounds: { ...quiet, participants: 3, readers: 1, crashes: 1, inquiries: 1, peerInquiries: 0 },
    maxStates: 200_000,
  },
  { bounds: { ...live, participants: 3, losses: 1, peerInquiries: 0 }, maxStates: 200_000 },
  { bounds: { ...quiet, participants: 2, crashes: 1 }, maxStates: 200_000 },
  { bounds: { ...quiet, participants: 3, crashes: 1, inquiries: 1, peerInquiries: 0 }, maxStates: 200_000 },
  { bounds: { ...live, participants: 2, losses: 1 }, maxStates: 100_000 },
  { bounds: { ...live, ...onlyCoordinator, participants: 3, peerInquiries: 0 }, maxStates: 100_000 },
  { bounds: { ...live, ...onlyCoordinator, participants: 2 }, maxStates: 100_000 },
  { bounds: { ...live, ...dead, participants: 2, place: 'register', inquiries: 0 }, maxStates: 100_000 },
  { bounds: { ...live, participants: 2, place: 'last', crashes: 1 }, maxStates: 100_000 },
  { bounds: { ...live, ...dead, participants: 2 }, maxStates: 100_000, knownTruth: blocks },
  { bounds: { ...live, ...dead, participants: 3, peerInquiries: 0 }, maxStates: 100_000, knownTruth: blocks },
  { bounds: { ...live, ...dead, participants: 4, inquiries: 0 }, maxStates: 100_000, knownTruth: blocks },
  { bounds: { ...quiet, participants: 2 }, maxStates: 100_000 },
  { bounds: { ...quiet, participants: 3 }, maxStates: 100_000 },
  { bounds: { ...quiet, participants: 4 }, maxStates: 100_000 },
];
