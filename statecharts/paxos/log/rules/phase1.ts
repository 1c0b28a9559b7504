/**
 * Phase 1 for all open slots at once (Paxos Made Simple §3): what an acceptor tells of them, part by part, and what a
 * candidate makes of it.
 *
 * A promise that is told in several parts is as good as one: from the promise on, an acceptor accepts nothing of an
 * earlier ballot, and nothing of this one, for its proposer proposes only later; so what is told of a slot is what was
 * accepted there when the promise was made, whenever it is read, also in a later life.
 */

import type { Address } from '../../../actor/address.ts';
import { send } from '../../../actor/effects.ts';
import { isMet } from '../../../quorum.ts';
import { sameBallot } from '../../ballot.ts';
import { promisingQuorum, votesIn } from '../configuration.ts';
import type { Effect, Phase1, Promised, Received, Result, ServerContext } from '../context.ts';
import { PaxosInvariantError } from '../errors.ts';
import type { Accepted } from '../slots.ts';
import { known, learnChosen } from './choosing.ts';
import { preparing } from './preparing.ts';
import { acceptance } from './records.ts';
import { fetchFrom } from './snapshots.ts';

/** Paxos 1b: tells what was accepted from slot `index` on, as much as one message carries. */
export function answerPrepare(context: ServerContext, { ballot, from, index }: Received<'prepare'>): Result {
  const { commitIndex, limits, slots, snapshot } = context;
  const { lastIndex } = slots;
  const isCompacted = lacksCompacted(context, { index });
  const bound = { maxEntries: limits.windowEntries, maxBytes: limits.maxAppendBytes };
  const upTo = isCompacted || index > lastIndex ? index - 1 : slots.endOf(index, bound);
  const answer = {
    type: 'promise',
    ballot,
    index,
    upTo,
    lastIndex,
    committed: commitIndex,
    accepted: slots.accepted(index, upTo),
    snapshot: isCompacted ? snapshot : null,
  } as const;
  return { effects: [send(from, answer)] };
}

/** The candidate asks for slots that are compacted here: it leads no sooner than it has fetched their snapshot. */
export const lacksCompacted = ({ slots }: ServerContext, { index }: { readonly index: number }): boolean =>
  index <= slots.baseIndex;

function phase1Of({ phase1 }: ServerContext): Phase1 {
  if (phase1 === null) throw new PaxosInvariantError('a rule of candidates was asked of a server that does not stand');
  return phase1;
}

const promiseOf = ({ promises }: Phase1, server: Address): Promised | undefined =>
  promises.find((it) => it.server === server);

const withPromise = (phase1: Phase1, promised: Promised): Phase1 => {
  const others = phase1.promises.filter(({ server }) => server !== promised.server);
  return { ...phase1, promises: [...others, promised], isAdvancing: true };
};

/** The own promise is durable: what was accepted here counts as told. */
export function countOwnPromise(context: ServerContext, { ballot }: Received<'durable'>): Result {
  const { commitIndex, promised, self } = context;
  const phase1 = phase1Of(context);
  const mine = promiseOf(phase1, self);
  if (mine === undefined || !sameBallot(ballot, promised)) return {};
  return { context: { phase1: withPromise(phase1, { ...mine, isWhole: true, committed: commitIndex }) } };
}

/**
 * Takes the next part of an acceptor's promise, and asks for the one after it. What that acceptor knows to be chosen is
 * learned; of the rest, the value of the highest ballot stays for phase 2. Parts that come twice, or late, change nothing.
 */
export function notePromise(context: ServerContext, message: Received<'promise'>): Result {
  const { commitIndex, promised } = context;
  const { accepted, ballot, committed, from, index, lastIndex, snapshot, upTo } = message;
  const phase1 = phase1Of(context);
  const asked = promiseOf(phase1, from) ?? fresh(context, from);
  if (!sameBallot(ballot, promised) || asked.isWhole || index !== asked.next) return {};
  if (snapshot !== null) {
    const { context: patch, effects = [] } = snapshot.index > commitIndex ? fetchFrom(context, from, snapshot) : {};
    return { context: { ...patch, phase1: withPromise(phase1, { ...asked, heard: true }) }, effects };
  }
  const isWhole = upTo >= lastIndex;
  const told = { ...asked, next: upTo + 1, isWhole, committed, heard: true };
  const { context: patch, effects = [] } = learnTold(context, accepted, index, Math.min(committed, upTo));
  const found = accepted.reduce((all, it) => all.withLater(it), phase1.found);
  const asking: Effect[] = isWhole ? [] : [send(from, preparing(context, ballot, told.next))];
  return { context: { ...patch, phase1: withPromise({ ...phase1, found }, told) }, effects: [...effects, ...asking] };
}

/** A voter of a configuration that was learned of meanwhile. */
const fresh = ({ commitIndex }: ServerContext, server: Address): Promised => ({
  server,
  next: commitIndex + 1,
  isWhole: false,
  committed: 0,
  heard: false,
});

/**
 * What an acceptor knows to be chosen, from slot `index` to `upTo`, is accepted here at the own ballot: it is the only value
 * that can be proposed there at any later one.
 */
function learnTold(context: ServerContext, accepted: readonly Accepted[], index: number, upTo: number): Result {
  const { commitIndex, promised, slots } = context;
  if (promised === null || upTo <= commitIndex || index > commitIndex + 1) return {};
  const news = accepted
    .flatMap(({ ballot, entries }) =>
      entries.map((entry) => (entry.origin === undefined ? { ...entry, origin: ballot } : entry)),
    )
    .filter((entry) => entry.index > commitIndex && entry.index <= upTo);
  const grown = { ...context, slots: slots.accept(promised, news) };
  const learned = learnChosen(grown, upTo);
  const { effects } = learned;
  return { context: { slots: grown.slots, ...known(learned) }, effects: [acceptance(promised, news), ...effects] };
}

/** Whether enough acceptors have promised, and told all. */
export const hasPromises = ({ configuration, phase1, self }: ServerContext): boolean =>
  phase1 !== null &&
  votesIn(configuration, self) &&
  isMet(promisingQuorum(configuration), (voter) =>
    phase1.promises.some(({ server, isWhole }) => isWhole && server === voter),
  );

/** Paxos 1a, again: asks those of whom nothing came since the last heartbeat. */
export function askAgain(context: ServerContext): Result {
  const { configuration, promised: ballot, self } = context;
  const phase1 = phase1Of(context);
  if (ballot === null) return {};
  const effects: Effect[] = [];
  const promises = configuration.voters.map((server): Promised => {
    const promised = promiseOf(phase1, server) ?? fresh(context, server);
    if (promised.isWhole || server === self) return promised;
    // What was learned of others need not be told again.
    const next = Math.max(promised.next, context.commitIndex + 1);
    if (!promised.heard) effects.push(send(server, preparing(context, ballot, next)));
    return { ...promised, next, heard: false };
  });
  return { context: { phase1: { ...phase1, promises } }, effects };
}

/** Whether anything came since the last look, or a snapshot is on its way. */
export const isAdvancing = ({ incoming, phase1 }: ServerContext): boolean =>
  incoming !== null || (phase1?.isAdvancing ?? false);

/** Begins the next look. */
export const watchPhase1 = (context: ServerContext): Result => ({
  context: { phase1: { ...phase1Of(context), isAdvancing: false } },
});
