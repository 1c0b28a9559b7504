/**
 * How a replica learns its configuration, which the authority alone says: a word of another replica makes it ask, and no
 * more. What it was told is durable before it acts on it, so that no later life of it mistakes an epoch for a new one.
 */

import { deliver, persist, send } from '../../actor/effects.ts';
import type { Effect, Received, ReplicaContext, Result } from '../context.ts';
import type { ReplicaOutput } from '../messages.ts';

type Configured = Received<'configured'>;

/** VR §4.2: what is the configuration? Asked until it is told. */
export const enquire = ({ authority }: ReplicaContext): Result => ({ effects: [send(authority, { type: 'enquire' })] });

/** KIP-966: a later version than the one known. Earlier ones arrive late, and say nothing. */
export const isNews = (context: ReplicaContext, { configuration }: Configured): boolean =>
  configuration.version > context.configuration.version;

/** The one that is known is still in force, or a later one is; and nothing was promised of it. */
export const isInForce = (context: ReplicaContext, { configuration }: Configured): boolean =>
  configuration.version >= context.configuration.version && configuration.version > context.promised;

/** The epoch goes on: only the in-sync set is another one. */
export const isSameEpoch = (context: ReplicaContext, { configuration }: Configured): boolean =>
  configuration.epoch === context.configuration.epoch && configuration.version > context.configuration.version;

/** VR §4.2: takes over what the authority says; `settled` tells when that is durable. */
export function adopt(context: ReplicaContext, { configuration }: Configured): Result {
  const { handOver, self, written } = context;
  const settled = send(self, { type: 'settled', version: configuration.version } as const);
  const ended: Effect[] = handOver === null ? [] : [concluded({ ...context, configuration }, handOver.id)];
  if (written !== null && written.version >= configuration.version) {
    return { context: { configuration, handOver: null }, effects: [settled, ...ended] };
  }
  return {
    context: { configuration, written: configuration, handOver: null },
    effects: [persist({ type: 'configuration', configuration }), settled, ...ended],
  };
}

/** Told once this replica durably knows that it is not primary any more, and shows it. */
function concluded({ configuration, self }: ReplicaContext, id: number): Effect {
  const { primary } = configuration;
  const output: ReplicaOutput =
    primary === self ? { type: 'notHandedOver', id, reason: 'timed-out' } : { type: 'handedOver', id, leader: primary };
  return deliver(output);
}

/** A word about an earlier configuration than the latest. */
export const isPassed = ({ configuration }: ReplicaContext, { version }: Received<'settled'>): boolean =>
  version !== configuration.version;

/**
 * KIP-966: this replica is primary, in an epoch in which it never was, nor an earlier life of it. VR §4.2: and it has not
 * promised meanwhile to take nothing of the configuration, for then others may be choosing the next primary without it.
 */
export const mayLead = ({ barredEpoch, configuration, promised, self }: ReplicaContext): boolean =>
  configuration.primary === self && configuration.epoch > barredEpoch && configuration.version > promised;

/** It was primary in this epoch, and does not know any more what it said: there must be another epoch. */
export const isBarred = ({ barredEpoch, configuration, self }: ReplicaContext): boolean =>
  configuration.primary === self && configuration.epoch <= barredEpoch;

/** VR §4.2: it has promised to take nothing of this configuration. */
export const hasPromised = ({ configuration, promised }: ReplicaContext): boolean => promised >= configuration.version;

/** KIP-966: it is in sync, as far as it was told. */
export const isInSync = ({ configuration, self }: ReplicaContext): boolean => configuration.inSync.includes(self);

/** VR §4.2: only who was told that it is in sync looks for a primary; what it began with, the authority has not said. */
export const mayElect = (context: ReplicaContext): boolean => context.written !== null && isInSync(context);

export const isNotInSync = (context: ReplicaContext): boolean => !isInSync(context);

/** The epoch goes on with another in-sync set. */
export const adoptInSyncSet = (_context: ReplicaContext, { configuration }: Configured): Result => ({
  context: { configuration, written: configuration },
  effects: [persist({ type: 'configuration', configuration })],
});
