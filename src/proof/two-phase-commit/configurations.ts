/**
 * The systems in which two-phase commit is proven before a release: as large as a minute on two processors allows. Each
 * leaves something out that another one has.
 */

import type { ProvenSystem } from '../protocol.ts';
import type { GivenCommitBounds } from './bounds.ts';
import type { DecidingPlace } from './scenario/operations.ts';

type CommitSystem = ProvenSystem<GivenCommitBounds>;

/** Nobody gives up waiting, and no database refuses: what remains is what crashes and losses do. */
const quiet = { timeouts: 0, refusals: false } as const;
/** Nothing is waited for that is only being written: what is asked for is that it comes to its end. */
const live = { ...quiet, inquiries: 'unlimited', eventually: true } as const;
const dead = { crashes: 1, crashing: ['c'], restarts: false } as const;
const blocks = {
  violates: 'every branch comes to its end',
  because: 'plain two-phase commit blocks while its coordinator is dead',
} as const;

const deadAcceptor = { crashes: 1, crashing: ['e'], restarts: false } as const;
const onlyCoordinator = { crashes: 1, crashing: ['c'] } as const;

/** By the place where decisions are kept; the largest first, so that two processors end at about the same time. */
export const commitSystems: Readonly<Record<DecidingPlace, readonly CommitSystem[]>> = {
  journal: [
    { bounds: { ...quiet, participants: 2, crashes: 2, inquiries: 1 }, maxStates: 1_000_000 },
    { bounds: { ...quiet, participants: 2, crashes: 1, unknownAnswers: 1 }, maxStates: 1_000_000 },
    { bounds: { participants: 2, crashes: 1, timeouts: 1 }, maxStates: 1_000_000 },
    { bounds: { participants: 3 }, maxStates: 1_000_000 },
    { bounds: { ...quiet, participants: 4, crashes: 1, inquiries: 1, peerInquiries: 0 }, maxStates: 500_000 },
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
    { bounds: { ...live, ...dead, participants: 2 }, maxStates: 100_000, knownTruth: blocks },
    { bounds: { ...live, ...dead, participants: 2, unknownAnswers: 1 }, maxStates: 100_000, knownTruth: blocks },
    { bounds: { ...quiet, participants: 2 }, maxStates: 100_000 },
    { bounds: { ...quiet, participants: 3 }, maxStates: 100_000 },
    { bounds: { ...quiet, participants: 4 }, maxStates: 100_000 },
  ],
  last: [
    { bounds: { participants: 2, crashes: 1, timeouts: 1, unknownAnswers: 1 }, maxStates: 500_000 },
    { bounds: { ...quiet, participants: 4, crashes: 1, inquiries: 1, peerInquiries: 0 }, maxStates: 200_000 },
    { bounds: { ...live, participants: 2, crashes: 1 }, maxStates: 100_000 },
  ],
  paxos: [
    { bounds: { ...quiet, participants: 2 }, maxStates: 300_000 },
    {
      bounds: { ...quiet, participants: 2, heir: false, wider: 1, crashes: 1, crashing: ['e'], inquiries: 0 },
      maxStates: 100_000,
    },
    {
      bounds: { ...live, participants: 2, heir: false, wider: 'unlimited', ...deadAcceptor, inquiries: 0 },
      maxStates: 100_000,
    },
  ],
  register: [
    { bounds: { ...quiet, participants: 3, ...onlyCoordinator, inquiries: 0 }, maxStates: 1_500_000 },
    { bounds: { ...quiet, participants: 3 }, maxStates: 1_000_000 },
    { bounds: { ...quiet, participants: 2, crashes: 1, inquiries: 0 }, maxStates: 1_000_000 },
    { bounds: { ...live, ...dead, participants: 3, inquiries: 0 }, maxStates: 500_000 },
    { bounds: { ...live, ...dead, participants: 2, inquiries: 0 }, maxStates: 100_000 },
  ],
};
