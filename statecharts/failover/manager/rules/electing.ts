/**
 * Elections: an epoch begins, those who could confirm writes to the old primary are fenced, and one that holds all that was
 * acknowledged is chosen, recorded, and only then promoted (Paxos phases 1 and 2; Vertical Paxos §4).
 */

import type { Delivered, Ruling } from '../../../actor.ts';
import { type Choice, choiceAmong, type Fenced } from '../../group/choice.ts';
import { hasPrimary } from '../../group/decide.ts';
import { sameMember } from '../../group/standing.ts';
import {
  isBelievedAlive,
  isWell,
  type ManagerContext,
  type ManagerEffect,
  planOf,
  type Sight,
  sightOf,
} from '../context.ts';
import { foundingOf } from '../founding.ts';
import type { ManagerMessage } from '../messages.ts';
import { isSteered, orders } from '../orders.ts';
import { isApart } from '../zones.ts';
import { want } from './office.ts';
import { isPrimaryGone } from './seeing.ts';

type Context = ManagerContext;
type Answer = Ruling<Context, ManagerEffect>;

/** Those that were fenced in the epoch, as far as this manager has seen under its own claims. */
export function fencedIn(context: Context): readonly Fenced[] {
  const { epoch, target, primary, candidate } = context.standing;
  // Whoever wants another primary has not seen one fail.
  const failed = target === null ? (candidate ?? primary)?.server : undefined;
  return context.sights.flatMap((sight): Fenced[] => {
    const { server, seen, done } = sight;
    const plan = planOf(context, server);
    if (seen?.role !== 'fenced' || plan === undefined || done?.type !== 'fence' || done.epoch !== epoch) return [];
    const { incarnation, position } = seen;
    const { priority, isPromotable, maxLagBytes, standby } = plan;
    const judged = { isHot: standby !== 'warm', isWell: isWell(sight), isApart: isApart(context, server, failed) };
    return [{ server, incarnation, position, priority, isPromotable, maxLagBytes, ...judged }];
  });
}

const isRecorded = ({ standing }: Context): boolean => standing.phase === 'fencing' || standing.phase === 'degraded';

/**
 * The choice that those allow that are fenced so far; null if none, or if the epoch is not recorded yet. Where a loss is
 * allowed, nothing else keeps the old primary from confirming writes with those that are not fenced: so all are, but those that
 * are taken for dead, whom the operator has said to be off.
 */
function choiceIn(context: Context): Choice | null {
  const { standing, lastSeen } = context;
  const fenced = fencedIn(context);
  const choice = isRecorded(context) ? choiceAmong(standing, fenced, lastSeen) : null;
  const isLossy = standing.mode === 'durable' && choice !== null && choice.loss !== null;
  return isLossy && !isComplete(context, fenced) ? null : choice;
}

/** Whether nobody is to be waited for. */
const isComplete = (context: Context, fenced: readonly Fenced[]): boolean =>
  awaitedIn(context).every(({ server }) => fenced.some((it) => it.server === server));

/** Those that hold what was acknowledged, or could confirm more of it, and are not fenced: sorted, each once. */
export function unfencedIn(context: Context): readonly string[] {
  const { primary, candidate, inSync } = context.standing;
  const fenced = fencedIn(context);
  const parts = [primary, candidate, ...inSync].flatMap((it) => it ?? []);
  return [...new Set(parts.map(({ server }) => server))]
    .filter((server) => fenced.every((it) => it.server !== server))
    .sort();
}

/** Those whose answer is worth waiting for: who may hold what was acknowledged, or, where there is no promise, all. */
function awaitedIn(context: Context): readonly Sight[] {
  const { standing, sights } = context;
  const parts = [...standing.inSync, standing.primary, standing.candidate];
  return sights.filter((sight) => {
    const hasPart = standing.mode === 'pass-through' || parts.some((it) => it?.server === sight.server);
    return hasPart && isSteered(context, sight.server) && isBelievedAlive(sight);
  });
}

export const electingRules = {
  /** A quorum of detectors says that the primary is dead, or it says itself that it is none. */
  wantElection(context: Context): Answer {
    const { primary, epoch } = context.standing;
    const isDead = sightOf(context, primary?.server)?.opinion === 'confirmed';
    const reason = primary === null ? 'candidate-failed' : isDead ? 'primary-dead' : 'primary-lost';
    return want(context, { type: 'elect', epoch: epoch + 1, reason, target: null });
  },
  /** All at once: none of them is to confirm a write any more. */
  gather: (context: Context): Answer => ({
    context: { isGathering: true },
    effects: orders({ ...context, isGathering: true }),
  }),
  /** Only the primary: the target goes on until it is where that has stopped. */
  stopPrimary: (context: Context): Answer => ({
    context: { isGathering: false },
    effects: orders({ ...context, isGathering: false }),
  }),
  /** Recorded before the candidate hears of it; no other one is chosen in the epoch. */
  choose(context: Context): Answer {
    const choice = choiceIn(context);
    return choice === null ? {} : want(context, { type: 'choose', epoch: context.standing.epoch, ...choice });
  },
  wantDegraded: (context: Context): Answer =>
    context.standing.phase === 'fencing' ? want(context, { type: 'degrade', epoch: context.standing.epoch }) : {},
  /** The first primary needs no fence: there was none before it. */
  found(context: Context): Answer {
    if (context.wanted !== null) return {};
    const founding = foundingOf(context);
    if (founding.choice === null) return {};
    return want(context, { type: 'choose', epoch: founding.epoch, ...founding.choice });
  },
  /** With its history, by which positions are compared from now on. */
  notePromoted(context: Context, { status }: Delivered<Extract<ManagerMessage, { type: 'stands' }>>): Answer {
    const { epoch } = context.standing;
    if (context.wanted?.type === 'promoted') return {};
    return want(context, { type: 'promoted', epoch, history: status.position.history });
  },

  mustElect: (context: Context): boolean =>
    hasPrimary(context.standing) && context.standing.phase !== 'manual' && isPrimaryGone(context),
  /** Enough have answered, and there is nobody to wait for. */
  hasHeardAll: (context: Context): boolean => isComplete(context, fencedIn(context)) && choiceIn(context) !== null,
  mayChoose: (context: Context): boolean => choiceIn(context) !== null,
  isEpochRecorded: isRecorded,
  /** A planned election goes on: its target has all that the fenced primary has, or one of both cannot be waited for. */
  isTargetThere: (context: Context): boolean => {
    const { standing } = context;
    const primary = sightOf(context, standing.primary?.server);
    if (primary === undefined || !isBelievedAlive(primary)) return true;
    if (!isRecorded(context)) return false;
    const target = sightOf(context, standing.target ?? undefined);
    if (target === undefined || !isBelievedAlive(target)) return true;
    const stopped = fencedIn(context).find((it) => sameMember(standing.primary, it))?.position;
    const reached = target.seen?.position;
    if (stopped === undefined || reached === undefined) return false;
    return reached.history === stopped.history && reached.offset >= stopped.offset;
  },
  /** It is primary of the epoch, in the incarnation that was chosen. */
  isPromoted: (
    { standing }: Context,
    { server, term, status, done }: Delivered<Extract<ManagerMessage, { type: 'stands' }>>,
  ): boolean =>
    term === standing.term &&
    done?.type === 'promote' &&
    done.epoch === standing.epoch &&
    status.role === 'primary' &&
    sameMember(standing.candidate, { server, incarnation: status.incarnation }),
  /** It is dead, or has forgotten what it was chosen for. */
  hasCandidateFailed: (context: Context): boolean => {
    const { candidate } = context.standing;
    const sight = sightOf(context, candidate?.server);
    if (candidate === null || sight === undefined) return candidate !== null;
    return sight.opinion === 'confirmed' || (sight.seen !== null && sight.seen.incarnation !== candidate.incarnation);
  },
};
