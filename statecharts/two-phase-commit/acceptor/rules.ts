/**
 * The rules of an acceptor, after Gray & Lamport, Consensus on Transaction Commit (2006), §4: Paxos for each branch of a
 * transaction, with one promise for all of them. Pure functions; the chart says when each applies.
 */

import { checkpoint, type Delivered, persist, type Ruling, send, unforced } from '../../actor.ts';
import { isLater, sameBallot } from '../../paxos/ballot.ts';
import { coordinatorAddress } from '../addresses.ts';
import type { Message } from '../messages.ts';
import type { AcceptorContext as Context, AcceptorEffect as Effect } from './context.ts';

type Answer = Ruling<Context, Effect>;
type Heard<Type extends 'phase-1a' | 'phase-2a' | 'end'> = Delivered<Message<Type>>;

const voted = ({ manager, place }: Context, branches: Context['branches'], votes: Context['votes']): Effect =>
  persist({ type: 'voted', manager, place, branches, votes });

export const acceptorRules = {
  /**
   * Phase 2b of ballot 0: the first value of an instance stays, as its participant proposes no other. All instances are
   * written at once and reported in one message, when the last vote is there (Gray & Lamport §4.3: an acceptor bundles);
   * a vote that comes again is answered again.
   */
  acceptVote(context: Context, { ballot, branches, instances }: Heard<'phase-2a'>): Answer {
    const fresh = instances.filter(({ branch }) => !context.votes.some((it) => it.branch === branch));
    const votes = [...context.votes, ...fresh];
    const isComplete = branches.every(({ branch }) => votes.some((it) => it.branch === branch));
    if (!isComplete) return { context: { branches, votes } };
    return {
      context: { branches, votes, isWritten: true },
      effects: [
        ...(context.isWritten ? [] : [voted(context, branches, votes)]),
        send(ballot.proposer, { type: 'phase-2b', ballot, instances: votes }),
      ],
    };
  },

  /** Phase 1b: one promise for all instances, also for those that are not known here; what was accepted goes with it. */
  promise(context: Context, { ballot }: Heard<'phase-1a'>): Answer {
    const { manager, place, branches, votes, isWritten, accepted, promised } = context;
    return {
      context: { promised: ballot, isWritten: isWritten || votes.length > 0 },
      effects: [
        ...(isWritten || votes.length === 0 ? [] : [voted(context, branches, votes)]),
        ...(sameBallot(promised, ballot) ? [] : [persist({ type: 'promised' as const, manager, place, ballot })]),
        send(ballot.proposer, { type: 'phase-1b', ballot, branches, votes, accepted }),
      ],
    };
  },

  /** Phase 2b of a later ballot: what its leader proposes for every instance. */
  accept(context: Context, { ballot, branches, instances }: Heard<'phase-2a'>): Answer {
    const { manager, place, accepted } = context;
    const record = { type: 'accepted' as const, manager, place, ballot, branches, instances };
    return {
      context: { branches, promised: ballot, accepted: { ballot, instances } },
      effects: [
        ...(sameBallot(accepted?.ballot ?? null, ballot) ? [] : [persist(record)]),
        send(ballot.proposer, { type: 'phase-2b', ballot, instances: [] }),
      ],
    };
  },

  /** Tells the proposer of an earlier ballot which one is promised, so that it goes beyond that. */
  refuse({ promised }: Context, { ballot }: Heard<'phase-1a' | 'phase-2a'>): Answer {
    return promised === null ? {} : { effects: [send(ballot.proposer, { type: 'outvoted', ballot, promised })] };
  },

  /** Every branch has the outcome: votes and ballots go, and the outcome stays for the retention. */
  remember({ manager, place }: Context, { outcome }: Heard<'end'>): Answer {
    return {
      context: { branches: [], votes: [], isWritten: false, promised: null, accepted: null, outcome },
      effects: [unforced(checkpoint({ type: 'ended', manager, place, outcome }))],
    };
  },

  recall({ outcome }: Context, { ballot }: Heard<'phase-1a' | 'phase-2a'>): Answer {
    return outcome === null ? {} : { effects: [send(ballot.proposer, { type: 'remembered', outcome })] };
  },

  /** The manager's node may have crashed after the decision, or has not been heard when it told of the end. */
  remind: ({ manager, transaction, place }: Context): Answer => ({
    effects: [send(coordinatorAddress({ manager, transaction }), { type: 'reminder', manager, place })],
  }),

  /** Another configuration of acceptors decides nothing here. */
  namesOthers({ place }: Context, { place: named }: Heard<'phase-1a' | 'phase-2a'>): boolean {
    if (place.type !== 'acceptors' || named.type !== 'acceptors') return true;
    const nodes = [...place.nodes].sort();
    return nodes.join() !== [...named.nodes].sort().join();
  },

  /** The own vote of a participant: only the ballot before all leaders' is for those. */
  isVote: (_context: Context, { ballot }: Heard<'phase-2a'>): boolean => ballot.round === 0,

  /** Something later is promised. */
  isLate: ({ promised }: Context, { ballot }: Heard<'phase-1a' | 'phase-2a'>): boolean =>
    promised !== null && isLater(promised, ballot),

  hasEnded: ({ outcome }: Context): boolean => outcome !== null,

  /** Whether anybody was told of anything: otherwise nothing is lost with this actor. */
  isRelied: ({ isWritten, promised }: Context): boolean => isWritten || promised !== null,
};

/** The rules of an acceptor; a proof replaces one of them to show that it would be missed. */
export type AcceptorRules = typeof acceptorRules;
