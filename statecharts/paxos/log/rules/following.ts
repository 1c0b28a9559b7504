/** What an acceptor does with what a leader proposes: Paxos 2b. */

import { persist, send } from '../../../actor/effects.ts';
import { granting, grantsMore, ownGrantMs } from '../../../replication/lease.ts';
import { sameBallot } from '../../ballot.ts';
import type { Effect, Received, Result, ServerContext } from '../context.ts';
import { PaxosInvariantError } from '../errors.ts';
import type { Entry } from '../messages.ts';
import { known, learnChosen } from './choosing.ts';
import { acceptance } from './records.ts';

type Accept = Received<'accept'>;

/** Paxos Made Live §5.2: what earlier lives granted is over, so that no later one waits for it. */
export function endEarlierGrants(context: ServerContext): Result {
  const grantedMs = ownGrantMs(context);
  return { context: { grantedMs }, effects: grantWritten(context, grantedMs) };
}

/** Who has granted anything has promised a ballot. */
const grantWritten = ({ promised: ballot }: Pick<ServerContext, 'promised'>, grantsMs: number): readonly Effect[] =>
  ballot === null ? [] : [persist({ type: 'promise', ballot, grantsMs })];

/**
 * Paxos 2b: accepts what is proposed at the promised ballot, wherever in the log, and learns what is chosen: of the slots
 * that its leader knows to be, those that are accepted here at this very ballot, because at another one this server may
 * have accepted something else. What the answer grants is durable before it, for a next life that is told otherwise.
 */
export function acceptFromLeader(context: ServerContext, message: Accept): Result {
  const { commitIndex, leaseMs } = context;
  const { ballot, committed, entries, from, index, round } = message;
  checkChosen(context, message);
  const news = newsIn(context, message);
  const slots = context.slots.accept(ballot, news);
  const upTo = slots.acceptedTo(ballot, commitIndex + 1);
  const learned = learnChosen({ ...context, slots }, Math.min(committed, upTo));
  const last = index + entries.length - 1;
  const reply = send(from, { type: 'accepted', ballot, index: last, upTo, round, ...granting(leaseMs) } as const);
  const isMore = grantsMore(context);
  const granted = isMore ? grantWritten({ promised: ballot }, ownGrantMs(context)) : [];
  const accepted = news.length === 0 ? [] : [acceptance(ballot, news)];
  return {
    context: {
      ...known(learned),
      slots,
      leader: from,
      isLed: true,
      ...(isMore ? { grantedMs: ownGrantMs(context) } : {}),
    },
    effects: [...granted, ...accepted, ...learned.effects, reply],
  };
}

/**
 * The entries from the first one on that is not accepted at this ballot yet; duplicates leave nothing. What is chosen needs
 * no more acceptances, and what is further ahead than a leader sends would make holes without bound.
 */
function newsIn({ commitIndex, limits, slots }: ServerContext, { ballot, entries, index }: Accept): readonly Entry[] {
  if (entries.length === 0 || index > slots.lastIndex + 1 + limits.windowEntries) return [];
  if (index === slots.lastIndex + 1) return entries;
  const place = entries.findIndex(
    (entry) => entry.index > commitIndex && !sameBallot(slots.ballotAt(entry.index), ballot),
  );
  return place === -1 ? [] : entries.slice(place);
}

/** @throws PaxosInvariantError when another value is proposed in a slot than is chosen there */
function checkChosen({ commitIndex, slots }: ServerContext, { ballot, entries, from }: Accept): void {
  for (const { index, origin = ballot } of entries) {
    if (index > commitIndex) return;
    if (index <= slots.baseIndex || sameBallot(slots.originAt(index), origin)) continue;
    throw new PaxosInvariantError(
      `'${from}' proposes another value in slot ${index}, though all up to ${commitIndex} are chosen; check that every server was started with the same voters and its own data`,
    );
  }
}
