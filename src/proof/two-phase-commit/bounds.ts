/** What may happen to a transaction that is checked, and how often. */

import { BoundError, type BoundsOf, budget, count, flag, type GivenBounds, list, optional } from '../bounds.ts';
import type { DecidingPlace } from './scenario/operations.ts';

/** Each is a budget of the whole run, and whatever it allows may happen at any moment. */
export const commitBounds = {
  // At least two, because a single branch commits in one phase.
  participants: count({
    about: 'branches, each at a database of its own',
    unit: ['participant', 'participants'],
    least: 2,
    most: 5,
    default: 2,
  }),
  readers: count({ about: 'how many of them only read', unit: ['reader', 'readers'], most: 5, default: 0 }),
  crashes: count({
    about: 'crashes, each followed by a recovery at any time; what was not durable is lost',
    unit: ['crash', 'crashes'],
    default: 0,
  }),
  crashing: optional(
    list({
      about: 'which nodes may crash: c (coordinator), p1, p2, ..., d (heir), e (an acceptor)',
      placeholder: 'nodes',
      pattern: /^(c|d|e|p[1-5])$/,
      expected: 'nodes out of c, d, e, p1, p2, ...',
      before: 'only of',
    }),
    'all',
  ),
  restarts: flag({ about: 'let crashed nodes start again', default: true, otherwise: 'no restart' }),
  losses: budget({
    about: 'messages that are lost until they are said again',
    unit: ['loss', 'losses'],
    default: 0,
  }),
  unknownAnswers: count({
    about: 'answers of databases, or of the register, that do not arrive',
    unit: ['unknown answer', 'unknown answers'],
    default: 0,
  }),
  inquiries: budget({
    about: 'questions of participants in doubt; without a number, unlimited with --eventually',
    unit: ['inquiry', 'inquiries'],
    none: 'no inquiry',
    default: { sumOf: ['crashes', 'losses'] },
  }),
  // At any moment, because a participant may take a coordinator for dead that lives.
  peerInquiries: budget({
    about: 'how often one of them gives its coordinator up and asks its peers',
    unit: ['of peers', 'of peers'],
    none: 'none of peers',
    default: { sumOf: ['inquiries'] },
  }),
  heir: flag({
    about: 'let another node take over at any moment, where it can',
    default: true,
    otherwise: 'no heir',
  }),
  // Each is a ballot more, of which there is no end while two leaders outvote each other.
  pauses: budget({
    about: 'how often a leader that was outvoted tries again',
    unit: ['pause', 'pauses'],
    default: 0,
  }),
  wider: budget({
    about: 'how often votes go to all acceptors, and not to a majority alone',
    unit: ['wider poll', 'wider polls'],
    default: 0,
  }),
  timeouts: budget({
    about: 'waits that end in vain, of each kind',
    unit: ['timeout', 'timeouts'],
    default: 'unlimited',
  }),
  refusals: flag({
    about: 'let databases refuse to prepare, or to commit in one phase',
    default: true,
    otherwise: 'no refusal',
  }),
  // Writes are then durable at once: there is no end to what may be asked while a record is being written.
  eventually: flag({
    about: 'check that every branch comes to its end, too; writes are then durable at once',
    default: false,
    otherwise: 'to the end',
  }),
  mustCommit: flag({
    about:
      'check that all commit in the end, which holds where there is no reason to abort; writes are durable at once',
    default: false,
    otherwise: 'to a commit',
  }),
};

/** A value for every bound. */
export type CommitBounds = BoundsOf<typeof commitBounds>;
/** Values for some bounds; the others have their defaults. */
export type GivenCommitBounds = GivenBounds<typeof commitBounds>;

/** @throws BoundError when a node is to crash that is not there, or more participants only read than there are */
export function assertPossible({ crashing = [], participants, readers }: CommitBounds, place: DecidingPlace): void {
  const stray = crashing.find((node) => node.startsWith('p') && Number(node.slice(1)) > participants);
  if (stray !== undefined) {
    throw new BoundError(`expected --crashing to name nodes up to p${participants}, got '${stray}'`);
  }
  if (crashing.includes('d') && place !== 'register' && place !== 'paxos') {
    throw new BoundError(
      "there is an heir, 'd', only where a register or acceptors decide; leave it out of --crashing",
    );
  }
  if (crashing.includes('e') && place !== 'paxos') {
    throw new BoundError("there is an acceptor, 'e', only where acceptors decide; leave it out of --crashing");
  }
  if (place === 'paxos' && crashing.some((node) => node.startsWith('p'))) {
    throw new BoundError('where acceptors decide, participants are on the node of their coordinator: name c for them');
  }
  if (readers > participants) {
    throw new BoundError(`expected at most ${participants} --readers, as there are participants, got ${readers}`);
  }
}
