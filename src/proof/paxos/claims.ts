/** What Multi-Paxos claims, each said once, over what an observer sees of its servers. A problem is told in words. */

import type { Address } from '../../../statecharts/actor.ts';
import { type Ballot, ballotText, isLater, sameBallot } from '../../../statecharts/paxos/ballot.ts';
import type { ServerContext } from '../../../statecharts/paxos/log/context.ts';
import type { Entry } from '../../../statecharts/paxos/log/messages.ts';
import type { Slots } from '../../../statecharts/paxos/log/slots.ts';

/** What is wrong, in words; undefined when nothing is. */
export type Problem = string | undefined;

/** What a slot holds, whichever ballot it was accepted at last: the value, and the ballot at which that was first proposed. */
export interface Value {
  readonly index: number;
  readonly text: string;
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

/** Paxos Made Simple §2.2, P2b: what is chosen is what every later ballot proposes. */
export function chosenStays(leader: Address, { slots, promised }: ServerContext, chosen: Value): Problem {
  const held = valueAt(slots, chosen.index);
  return held?.text === chosen.text
    ? undefined
    : `chosen stays chosen: ${leader} leads at ${ballotIn(promised)} with ${held?.text ?? 'nothing'} in slot ${chosen.index}, where ${chosen.text} is chosen`;
}

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
