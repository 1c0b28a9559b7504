/**
 * A decision that acceptors keep: what a coordinator asks of them as leader, at ballot 0 and at later ones (Gray & Lamport
 * §4). What may be proposed follows from what a majority has promised and reported, never from what this leader wants.
 */

import { type Address, type Delivered, nodeOf, persist, type Ruling, send } from '../../../actor.ts';
import { type Ballot, isLater, sameBallot } from '../../../paxos/ballot.ts';
import { majoritySize } from '../../../quorum.ts';
import { acceptorAddress } from '../../addresses.ts';
import type { DecisionPlace, Enlisted, Instance, Message, Outcome } from '../../messages.ts';
import type { CoordinatorContext as Context, CoordinatorEffect as Effect, EnlistedBranch, Report } from '../context.ts';
import { answerTo, enlistedAs, keptOf, verdict } from './branches.ts';

type Answer = Ruling<Context, Effect>;
type Heard<Type extends 'phase-1b' | 'phase-2b'> = Delivered<Message<Type>>;

const nodesOf = ({ place }: Context): readonly string[] => (place.type === 'acceptors' ? place.nodes : []);

const ballotOf = ({ self, leadership: { round } }: Context): Ballot => ({ round, proposer: self });

/** F + 1 of 2F + 1. */
const quorumOf = (context: Context): number => majoritySize(nodesOf(context).length);

/** Those that votes go to at first: the nearest one, and then as they are listed (§4.3: F + 1 are used). */
function firstAsked(context: Context): string[] {
  const own = nodeOf(context.self);
  const nodes = nodesOf(context);
  const order = nodes.includes(own) ? [own, ...nodes.filter((it) => it !== own)] : nodes;
  return order.slice(0, quorumOf(context));
}

/** Takes in what an acceptor says at the present ballot; a later word of it replaces the one before. */
function noted(context: Context, from: Address, said: Omit<Report, 'node'>): Answer {
  const node = nodeOf(from);
  if (!nodesOf(context).includes(node)) return {};
  const others = context.leadership.reports.filter((it) => it.node !== node);
  const reports = [...others, { node, ...said }].sort((a, b) => (a.node < b.node ? -1 : 1));
  return { context: { leadership: { ...context.leadership, reports } } };
}

/** The vote of a branch that a majority has accepted at ballot 0. */
function chosenVote(context: Context, branch: string): Instance | undefined {
  const accepted = context.leadership.reports.flatMap(({ votes }) => votes.find((it) => it.branch === branch) ?? []);
  return accepted.length >= quorumOf(context) ? accepted[0] : undefined;
}

/**
 * What must be proposed for every instance: what the latest leader proposed of whom one of a majority has heard, or else
 * each vote of which one has heard, and no for the others (Gray & Lamport §4.2; Paxos Made Simple §2.2, P2c).
 */
function mustPropose({
  branches: known,
  leadership: { reports },
}: Context): NonNullable<Context['leadership']['proposal']> {
  let latest: Report['accepted'] = null;
  for (const { accepted } of reports) {
    if (accepted !== null && isLater(accepted.ballot, latest?.ballot ?? null)) latest = accepted;
  }
  const named = reports.find(({ branches }) => branches.length > 0)?.branches ?? known.map(enlistedAs);
  const votes = latest?.instances ?? reports.flatMap((it) => it.votes);
  const instances = named.map(
    ({ branch }): Instance => votes.find((it) => it.branch === branch) ?? { branch, vote: 'no', receipt: null },
  );
  return { branches: named, instances };
}

/** The values of all instances are chosen: they say how the transaction ends, and whom to tell. */
function decidedBy(context: Context, named: readonly Enlisted[], instances: readonly Instance[]): Answer {
  const isPrepared = named.length > 0 && instances.every(({ vote }) => vote !== 'no');
  const outcome: Outcome = isPrepared ? 'committed' : 'aborted';
  const known: readonly EnlistedBranch[] =
    context.branches.length > 0
      ? context.branches
      : named.map((it) => ({ ...it, receipt: null, vote: 'awaited', acknowledged: false }));
  const branches = known.map((it) => {
    const chosen = instances.find(({ branch }) => branch === it.branch);
    return chosen === undefined || chosen.vote === 'no' ? it : { ...it, vote: chosen.vote, receipt: chosen.receipt };
  });
  return { ...learned({ ...context, branches }, outcome), context: { ...learned(context, outcome).context, branches } };
}

function learned(context: Context, outcome: Outcome): Answer {
  const reason = context.reason ?? { code: 'elsewhere', branch: null, detail: 'aborted by another leader' };
  return {
    context: outcome === 'committed' ? { outcome } : { outcome, reason },
    effects: [
      verdict({ ...context, reason }, outcome),
      ...context.askers.map((asker) => answerTo(context, asker, outcome)),
    ],
  };
}

export const acceptorsRules = {
  /**
   * Ballot 0: every participant is asked to prepare, and told where its vote goes and who takes part. Whoever is asked
   * again votes with all acceptors, because one of the first may be dead.
   */
  poll(context: Context): Answer {
    const { place, branches, leadership } = context;
    const nodes = leadership.asksAll ? [...nodesOf(context)] : firstAsked(context);
    const enlisted = branches.map(enlistedAs);
    // A vote that came by itself is on its way to the acceptors, too.
    const asked = branches.filter((it) =>
      leadership.asksAll ? chosenVote(context, it.branch) === undefined : it.vote === 'awaited',
    );
    return {
      context: { registered: true, leadership: { ...leadership, asksAll: true } },
      effects: asked.map(({ branch, address }) => {
        const peers = branches.filter((it) => it.branch !== branch).map((it) => it.address);
        return send(address, { type: 'prepare', place, peers, poll: { nodes, branches: enlisted } });
      }),
    };
  },

  /** Counts an acceptance, per ballot: what was accepted at another one is no part of this majority. */
  countAcceptance(context: Context, { from, ballot, instances }: Heard<'phase-2b'>): Answer {
    if (!sameBallot(ballot, ballotOf(context))) return {};
    return noted(context, from, { branches: [], votes: instances, accepted: null });
  },

  /** Every instance is chosen at ballot 0, each as prepared. */
  adoptVotes(context: Context): Answer {
    const instances = context.branches.flatMap(({ branch }) => chosenVote(context, branch) ?? []);
    return decidedBy(context, context.branches.map(enlistedAs), instances);
  },

  /** A new ballot, beyond every one that was heard of; durable before it is used, so that none is used twice. */
  lead(context: Context): Answer {
    const { round: former, outvotedBy } = context.leadership;
    const round = Math.max(former, outvotedBy) + 1;
    return {
      context: { registered: true, leadership: { ...context.leadership, round, reports: [], proposal: null } },
      effects: [persist({ type: 'led', ...keptOf(context), round })],
    };
  },

  /** Phase 1a, to every acceptor that has not promised. */
  askPromises(context: Context): Answer {
    const { manager, place, transaction } = context;
    const ballot = ballotOf(context);
    return {
      effects: silent(context).map((node) =>
        send(acceptorAddress(node, transaction), { type: 'phase-1a', manager, place, ballot }),
      ),
    };
  },

  countPromise(context: Context, { from, ballot, branches, votes, accepted }: Heard<'phase-1b'>): Answer {
    return sameBallot(ballot, ballotOf(context)) ? noted(context, from, { branches, votes, accepted }) : {};
  },

  /** A majority has promised: settles what to propose at this ballot. */
  choose: (context: Context): Answer => ({
    context: { leadership: { ...context.leadership, reports: [], proposal: mustPropose(context) } },
  }),

  /** Phase 2a, to every acceptor that has not accepted. */
  propose(context: Context): Answer {
    const { manager, place, transaction, leadership } = context;
    const { proposal } = leadership;
    if (proposal === null) return {};
    const ballot = ballotOf(context);
    return {
      effects: silent(context).map((node) =>
        send(acceptorAddress(node, transaction), { type: 'phase-2a', manager, place, ballot, ...proposal }),
      ),
    };
  },

  /** A majority has accepted what was proposed. */
  adoptProposal(context: Context): Answer {
    const { proposal } = context.leadership;
    return proposal === null ? {} : decidedBy(context, proposal.branches, proposal.instances);
  },

  /** It is over, as another leader has told this acceptor. */
  adoptMemory: (context: Context, { outcome }: Message<'remembered'>): Answer => learned(context, outcome),

  /** Another leader is at work: the next ballot goes beyond its one. */
  noteLater: (context: Context, { promised }: Message<'outvoted'>): Answer => ({
    context: {
      leadership: { ...context.leadership, outvotedBy: Math.max(context.leadership.outvotedBy, promised.round) },
    },
  }),

  /** From answering to leading: where the decision is kept is known to the one who asks. */
  beginToLead: (_context: Context, { place }: { readonly place: DecisionPlace }): Answer => ({ context: { place } }),

  /** An acceptor has missed the end. */
  tellEnd: ({ outcome }: Context, { from }: Delivered<Message<'reminder'>>): Answer =>
    outcome === null ? {} : { effects: [send(from, { type: 'end', outcome })] },

  keepsAcceptors: ({ place }: Context): boolean => place.type === 'acceptors',

  asksForAcceptors: (_context: Context, { place }: { readonly place: DecisionPlace }): boolean =>
    place.type === 'acceptors',

  /** Votes may be with the acceptors, and no participant has refused, which would settle its instance. */
  mustLead: ({ place, registered, branches }: Context): boolean =>
    place.type === 'acceptors' && registered && branches.every(({ vote }) => vote !== 'no'),

  isChosen: (context: Context): boolean =>
    context.branches.every(({ branch }) => chosenVote(context, branch) !== undefined),

  /** A majority has answered at the present ballot and phase. */
  isFollowed: (context: Context): boolean => context.leadership.reports.length >= quorumOf(context),

  isOutvoted: (context: Context, { ballot }: Message<'outvoted'>): boolean => sameBallot(ballot, ballotOf(context)),
};

/** The acceptors that have not answered at the present ballot and phase. */
function silent(context: Context): readonly string[] {
  return nodesOf(context).filter((node) => !context.leadership.reports.some((it) => it.node === node));
}
