/**
 * How a primary keeps its in-sync set (KIP-966, as Kafka's leaders do): who holds what the log held at the last look is in
 * sync. A change is in force once the authority has recorded it, and until then both sets decide together.
 */

import type { Address } from '../../actor/address.ts';
import { persist, send } from '../../actor/effects.ts';
import { isMet } from '../../quorum.ts';
import { followerOf } from '../../replication/progress.ts';
import { type Change, isEnough, sameSet } from '../configuration.ts';
import type { Effect, Leadership, Received, ReplicaContext, Result } from '../context.ts';
import { heldBy, holders, losslessMode } from './acknowledging.ts';
import { inSyncTold, settle } from './leading.ts';
import { leadershipOf } from './replicating.ts';

/** Whether those were heard since the last look without whom no other primary can be chosen. */
function isConfirmed(context: ReplicaContext, leadership: Leadership): boolean {
  const isHeard = (server: string): boolean =>
    server === context.self || (followerOf(leadership.followers, server)?.heard ?? false);
  return isMet(holders(context, leadership, losslessMode(context)), isHeard);
}

/**
 * Whether the primary may go on: those who could choose another were heard since the last look, or else the authority has
 * answered what it was asked then; and the own journal makes headway.
 */
export function isInTouch(context: ReplicaContext): boolean {
  const leadership = leadershipOf(context);
  const { dueDurableIndex, durableIndex, isAnswered } = leadership;
  return (isAnswered || isConfirmed(context, leadership)) && durableIndex >= dueDurableIndex;
}

/** Who holds all that the log held at the last look, and was heard since then. */
function levelReplicas(context: ReplicaContext, { dueIndex, followers }: Leadership): readonly Address[] {
  return context.configuration.replicas.filter((replica) => {
    if (replica === context.self) return true;
    const follower = followerOf(followers, replica);
    return follower?.heard === true && follower.match >= dueIndex;
  });
}

/** A set that decides by itself must hold what was acknowledged, but for what may be lost of it. */
function holdsAcknowledged(context: ReplicaContext, leadership: Leadership, inSync: readonly Address[]): boolean {
  const { commitIndex, configuration, safeIndex } = context;
  const least = Math.max(safeIndex, commitIndex - configuration.maxLoss);
  return inSync.every((it) => heldBy(context, leadership, it) >= least);
}

/**
 * KIP-966: asks for the in-sync set that this look finds, if it is another one, and begins the next look. A primary that is
 * not confirmed asks the authority in any case whether it still is one.
 */
export function reviewInSyncSet(context: ReplicaContext): Result {
  const before = leadershipOf(context);
  const { authority, configuration, log } = context;
  const found = levelReplicas(context, before);
  const isOther = !sameSet(found, configuration.inSync) && holdsAcknowledged(context, before, found);
  const { asked, effects: asks } = isOther ? asking(context, before, found) : { asked: before.asked, effects: [] };
  const mustAsk = asked === null && !isConfirmed(context, before);
  const effects = mustAsk ? [send(authority, { type: 'enquire' } as const)] : asks;
  const leadership: Leadership = {
    ...before,
    asked,
    followers: before.followers.map((follower) => ({ ...follower, heard: false })),
    isAnswered: asked === null && !mustAsk,
    dueIndex: log.lastIndex,
    dueDurableIndex: Math.min(before.durableIndex + 1, log.lastIndex),
  };
  return { context: { leadership }, effects };
}

/** One change at a time: another may be asked for once this one is decided. */
function asking(
  { authority, configuration }: ReplicaContext,
  { asked }: Leadership,
  inSync: readonly Address[],
): { asked: Change; effects: readonly Effect[] } {
  if (asked !== null) return { asked, effects: [] };
  const { epoch, primary, version } = configuration;
  const wanted: Change = { expected: version, epoch, primary, inSync };
  return { asked: wanted, effects: [send(authority, { type: 'reconfigure', ...wanted })] };
}

/** Asks again for what was not decided. */
export function askAgain({ authority, leadership }: ReplicaContext): Result {
  const asked = leadership?.asked ?? null;
  return asked === null ? {} : { effects: [send(authority, { type: 'reconfigure', ...asked })] };
}

/** The sender knows of a later epoch. */
export const isDeposed = ({ configuration }: ReplicaContext, { epoch }: Received<'outdated'>): boolean =>
  epoch > configuration.epoch;

/** The sender has promised to take nothing of the configuration in force, so an election may be on. */
export const isPromised = ({ configuration }: ReplicaContext, { epoch, version }: Received<'outdated'>): boolean =>
  epoch === configuration.epoch && version >= configuration.version;

/** The primary is here: it asks for a configuration in which those who promised take part again, if it still may. */
export function reaffirm(context: ReplicaContext): Result {
  const leadership = leadershipOf(context);
  const { asked, effects } = asking(context, leadership, context.configuration.inSync);
  return { context: { leadership: { ...leadership, asked } }, effects };
}

/** The authority was heard. */
export const noteAuthority = (context: ReplicaContext): Result => ({
  context: { leadership: { ...leadershipOf(context), isAnswered: true } },
});

/** KIP-966: the set is recorded, and in force alone from now on. Its change is told: a store never degrades in silence. */
export function adoptChange(context: ReplicaContext, { configuration }: Received<'configured'>): Result {
  const next = { ...context, configuration, written: configuration };
  const { context: settled, effects = [] } = settle(next, {
    ...leadershipOf(context),
    isAnswered: true,
    asked: null,
  });
  const told = sameSet(configuration.inSync, context.configuration.inSync) ? [] : [inSyncTold(configuration)];
  return {
    context: { ...next, ...settled },
    effects: [persist({ type: 'configuration', configuration }), ...told, ...effects],
  };
}

export const isDegraded = ({ configuration }: ReplicaContext): boolean =>
  configuration.inSync.length < configuration.replicas.length;

/** KIP-966: too few are in sync for anything to be acknowledged. */
export const isTooFewInSync = (context: ReplicaContext): boolean =>
  !isEnough(context.configuration, context.configuration.inSync);

export const isEnoughInSync = (context: ReplicaContext): boolean => !isTooFewInSync(context);

export const isWhole = (context: ReplicaContext): boolean => !isDegraded(context);
