/** What Multi-Paxos claims, each said once, over what an observer sees of its servers. A problem is told in words. */

import type { Address } from '../../../statecharts/actor.ts';
import { type Ballot, ballotText, isLater, sameBallot } from '../../../statecharts/paxos/ballot.ts';
import type { ServerContext } from '../../../statecharts/paxos/log/context.ts';
import type { Entry } from '../../../statecharts/paxos/log/messages.ts';
import type { Accepted, Slots } from '../../../statecharts/paxos/log/slots.ts';
import { isQuorum, type Quorum } from '../../../statecharts/quorum.ts';
import type { Problem } from '../claim.ts';

/** What a slot holds, whichever ballot it was accepted at last: the value, and the ballot at which that was first proposed. */
export interface Value {
  readonly index: number;
  readonly text: string;
}

/** That a value is chosen. */
export interface Choice extends Value {
  /** The ballot at which it was chosen first. */
  readonly ballot: Ballot;
  /** The stop-sign that began the configuration that decided. */
  readonly configurationIndex: number;
}

/** What an acceptor would remember after a crash: all that it has accepted, but for compacted slots, which are chosen. */
export interface Votes {
  readonly acceptor: Address;
  readonly promised: Ballot | null;
  readonly baseIndex: number;
  readonly accepted: readonly Accepted[];
}

/** The value of `entry`, which was accepted at `ballot`. */
export function valueIn(entry: Entry, ballot: Ballot): Value {
  const data = entry.kind === 'command' ? ` ${entry.data.join('.')}` : '';
  return { index: entry.index, text: `${entry.kind} first at ${ballotText(entry.origin ?? ballot)}${data}` };
}

/** The value that `slots` hold at `index`; undefined where nothing was accepted. */
export function valueAt(slots: Slots, index: number): Value | undefined {
  const entry = slots.acceptedAt(index);
  const ballot = slots.ballotAt(index);
  return entry === undefined || ballot === null ? undefined : valueIn(entry, ballot);
}

/** Paxos Made Simple §2.1: only a single value is chosen in a slot. */
export const agreement = (one: Value, other: Value): Problem =>
  one.text === other.text ? undefined : `agreement: slot ${one.index} is chosen as ${one.text}, and as ${other.text}`;

/** Paxos Made Simple §2.2, P2b: what is chosen is what every later ballot of that configuration, or a later one, proposes. */
export function chosenStays(leader: Address, context: ServerContext, chosen: Choice): Problem {
  const { leadership, promised, slots } = context;
  if (promised === null || leadership === null || isLater(chosen.ballot, promised)) return undefined;
  if (chosen.configurationIndex > leadership.configurationIndex || chosen.index <= slots.baseIndex) return undefined;
  const held = valueAt(slots, chosen.index);
  return held?.text === chosen.text
    ? undefined
    : `chosen stays chosen: ${leader} leads at ${ballotIn(promised)} with ${held?.text ?? 'nothing'} in slot ${chosen.index}, where ${chosen.text} is chosen`;
}

/** Paxos 2b: what was chosen by `quorum` was accepted by all of one, at one ballot, and is not forgotten. */
export function acceptedAtQuorum(chosen: Choice, quorum: Quorum, acceptors: readonly Votes[]): Problem {
  const holders = acceptors.filter(
    ({ accepted, baseIndex }) =>
      chosen.index <= baseIndex ||
      accepted.some(
        ({ ballot, entries }) =>
          sameBallot(ballot, chosen.ballot) &&
          entries.some((entry) => entry.index === chosen.index && valueIn(entry, ballot).text === chosen.text),
      ),
  );
  const names = holders.map(({ acceptor }) => acceptor);
  return isQuorum(quorum, names)
    ? undefined
    : `durability: slot ${chosen.index} is chosen at ${ballotText(chosen.ballot)}, which ${names.join(', ') || 'nobody'} would remember`;
}

/** Paxos 1a, 1b: who has asked or answered at `ballot` has promised it, and does not forget it. */
export const rememberedPromise = ({ acceptor, promised }: Votes, ballot: Ballot): Problem =>
  promised === null || isLater(ballot, promised)
    ? `promise: ${acceptor} speaks at ${ballotText(ballot)}, and would remember ${ballotIn(promised)}`
    : undefined;

/** Linearizability: a read sees all that was known to be chosen, up to `floor`, before it was asked. */
export const readsSeeChoices = (server: Address, floor: number, index: number): Problem =>
  index >= floor ? undefined : `${server} let a read see ${index}, though ${floor} was chosen before`;

/** A ballot has one proposer, and that one proposes one value in a slot. */
export function oneValuePerBallot(one: Slots, other: Slots): Problem {
  const last = Math.min(one.lastIndex, other.lastIndex);
  for (let index = Math.max(one.baseIndex, other.baseIndex) + 1; index <= last; index += 1) {
    const ballot = one.ballotAt(index);
    if (ballot === null || !sameBallot(ballot, other.ballotAt(index))) continue;
    const [left, right] = [valueAt(one, index), valueAt(other, index)];
    if (left?.text === right?.text) continue;
    return `one value per ballot: ${ballotText(ballot)} proposes ${left?.text} and ${right?.text} in slot ${index}`;
  }
  return undefined;
}

/** A ballot belongs to the server that leads at it. */
export const leadsAtOwnBallot = (leader: Address, { promised }: ServerContext): Problem =>
  promised?.proposer === leader ? undefined : `own ballot: ${leader} leads at ${ballotIn(promised)}`;

/** Paxos 2a: what a leader has proposed, it has accepted as well. */
export function acceptsOwnProposals(leader: Address, context: ServerContext): Problem {
  const { promised, slots, commitIndex, leadership } = context;
  if (promised === null || leadership === null) return undefined;
  const end = slots.acceptedTo(promised, commitIndex + 1);
  return end >= leadership.lastIndex
    ? undefined
    : `own proposals: ${leader} has proposed up to slot ${leadership.lastIndex}, and accepted up to ${end}`;
}

/** A server holds what it knows to be chosen. */
export const holdsChosen = (server: Address, { commitIndex, slots }: ServerContext): Problem =>
  commitIndex <= slots.lastIndex
    ? undefined
    : `held: ${server} knows slot ${commitIndex} to be chosen, and holds slots up to ${slots.lastIndex} alone`;

/** Paxos 1b: within a life neither the promise nor what is known to be chosen ever falls. */
export function nothingTakenBack(server: Address, before: ServerContext, now: ServerContext): Problem {
  if (before.promised !== null && (now.promised === null || isLater(before.promised, now.promised))) {
    return `promise: ${server} promised ${ballotText(before.promised)}, and then ${ballotIn(now.promised)}`;
  }
  if (now.commitIndex < before.commitIndex) {
    return `progress: ${server} knew slot ${before.commitIndex} to be chosen, and then only ${now.commitIndex}`;
  }
  return undefined;
}

const ballotIn = (ballot: Ballot | null): string => (ballot === null ? 'no ballot' : ballotText(ballot));
