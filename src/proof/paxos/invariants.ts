/** What must hold of the servers of a Multi-Paxos log in every run of the simulator, asked after every event. */

import type { Address } from '../../../statecharts/actor.ts';
import { ballotText } from '../../../statecharts/paxos/ballot.ts';
import type { ServerContext } from '../../../statecharts/paxos/log/context.ts';
import type { Problem } from '../claim.ts';
import { type LogInvariants, type ServerView, watched } from '../store/servers.ts';
import {
  acceptsOwnProposals,
  agreement,
  type Choice,
  chosenStays,
  holdsChosen,
  leadsAtOwnBallot,
  nothingTakenBack,
  oneValuePerBallot,
  valueAt,
} from './claims.ts';

/** A server of the log, as an observer from above sees it. */
export type PaxosView = ServerView<ServerContext>;

/** What may happen in a run, and must in some: otherwise the invariants held because nothing happened. */
export const paxosGoals = [
  'a leader was elected',
  'another leader was elected',
  'a leader took over slots that it did not know to be chosen',
  'a leader stepped down at its own ballot',
  'an acceptance gave way to another value',
  'a snapshot was installed',
  'a log was compacted',
] as const;
type Goal = (typeof paxosGoals)[number];

/** Makes the invariants of one run. */
export function createPaxosInvariants(): LogInvariants<ServerContext> {
  const leaders = new Set<string>();
  /** What is chosen in each slot, as the first server that knew had it. */
  const chosen = new Map<number, Choice>();
  /** The last slot in which a stop-sign is chosen. */
  let lastStop = 0;
  const seen = new Map<Address, PaxosView>();
  const reached = new Set<Goal>();

  const checkLeader = ({ address, context }: PaxosView): Problem => {
    const { promised, commitIndex, leadership } = context;
    const problem = leadsAtOwnBallot(address, context) ?? acceptsOwnProposals(address, context);
    if (problem !== undefined || promised === null || leaders.has(ballotText(promised))) return problem;
    reached.add(leaders.size === 0 ? 'a leader was elected' : 'another leader was elected');
    if ((leadership?.inheritedIndex ?? 0) > commitIndex) {
      reached.add('a leader took over slots that it did not know to be chosen');
    }
    leaders.add(ballotText(promised));
    for (const value of chosen.values()) {
      const contradiction = chosenStays(address, context, value);
      if (contradiction !== undefined) return contradiction;
    }
    return undefined;
  };
  const checkChosen = ({ slots, commitIndex }: ServerContext, seenIndex: number): Problem => {
    for (let index = Math.max(seenIndex, slots.baseIndex) + 1; index <= commitIndex; index += 1) {
      const value = valueAt(slots, index);
      const ballot = slots.ballotAt(index);
      if (value === undefined || ballot === null)
        return `held: slot ${index} is known to be chosen where nothing was accepted in it`;
      const known = chosen.get(index);
      const problem = known === undefined ? undefined : agreement(known, value);
      if (problem !== undefined) return problem;
      if (known !== undefined) continue;
      chosen.set(index, { ...value, ballot, configurationIndex: lastStop });
      if (slots.acceptedAt(index)?.kind === 'stop') lastStop = index;
    }
    return undefined;
  };
  const checkSlots = ({ address, context }: PaxosView): Problem => {
    for (const other of seen.values()) {
      const problem = other.address === address ? undefined : oneValuePerBallot(context.slots, other.context.slots);
      if (problem !== undefined) return `${problem} (${address}, ${other.address})`;
    }
    return undefined;
  };
  const checkServer = (now: PaxosView, before: PaxosView | undefined): Problem =>
    holdsChosen(now.address, now.context) ??
    (before === undefined ? undefined : nothingTakenBack(now.address, before.context, now.context)) ??
    (now.context.slots === before?.context.slots ? undefined : checkSlots(now)) ??
    checkChosen(now.context, before?.context.commitIndex ?? 0) ??
    (now.role === 'leader' ? checkLeader(now) : undefined);

  return watched({ check: checkServer, note: (before, now) => noteStep(before, now, reached), seen, reached });
}

function noteStep(before: PaxosView, now: PaxosView, reached: Set<Goal>): void {
  const earlier = before.context;
  const { slots, snapshot, promised } = now.context;
  if (slots !== earlier.slots && gaveWay(earlier, now.context)) reached.add('an acceptance gave way to another value');
  if (snapshot !== earlier.snapshot && snapshot !== null) {
    // Another server's snapshot replaces slots that did not reach so far; one's own leaves some before its end.
    const isForeign = earlier.commitIndex < snapshot.index;
    reached.add(isForeign ? 'a snapshot was installed' : 'a log was compacted');
  }
  if (before.role === 'leader' && now.role !== 'leader' && promised === earlier.promised) {
    reached.add('a leader stepped down at its own ballot');
  }
}

/** Whether a slot holds another value than before, both of which are still there. */
function gaveWay({ slots: before }: ServerContext, { slots: now }: ServerContext): boolean {
  const last = Math.min(before.lastIndex, now.lastIndex);
  for (let index = Math.max(before.baseIndex, now.baseIndex) + 1; index <= last; index += 1) {
    const value = valueAt(before, index);
    if (value !== undefined && value.text !== valueAt(now, index)?.text) return true;
  }
  return false;
}
