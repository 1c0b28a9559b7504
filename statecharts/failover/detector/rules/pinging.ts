/**
 * Pings: the watched node is asked again and again, on a schedule of which each ping knows its place by its number (Chen,
 * Toueg & Aguilera 2002, §3: heartbeat i leaves at i * eta). Others are helped with theirs.
 *
 * A timer that fires far too late says that the detector itself was away: paused, starved, or asleep with its machine. It
 * cannot know what it would have heard; so that time is discarded, and counted.
 */

import { checkpoint, type Delivered, nodeOf, type Ruling, send } from '../../../actor.ts';
import { faultDetectorAddress } from '../../addresses.ts';
import type { FaultDetectorContext, FaultDetectorEffect } from '../context.ts';
import { interrupted, suspectAtMs } from '../estimators/estimate.ts';
import type { FaultDetectorMessage } from '../messages.ts';

type Context = FaultDetectorContext;
type Answer = Ruling<Context, FaultDetectorEffect>;
type Said<Type extends FaultDetectorMessage['type']> = Delivered<Extract<FaultDetectorMessage, { type: Type }>>;

/** When something happens. */
export interface Moment {
  readonly atMs: number;
}

/** Whether what was due at `dueMs` happens so late that the detector must have been away. */
const isLate = ({ settings }: Context, dueMs: number, atMs: number): boolean => atMs - dueMs > settings.stallMs;

/** How a detector that was away from `dueMs` until `atMs` goes on. */
function awayUntil(context: Context, dueMs: number, atMs: number): Partial<Context> {
  const { stalls, stalledMs, stalledUntilMs, health, settings, sequence } = context;
  const estimate = interrupted(context.estimate, atMs);
  const freshUntilMs = suspectAtMs(estimate);
  const again = {
    estimate,
    untimed: sequence,
    freshUntilMs,
    freshForMs: Math.max(0, freshUntilMs - atMs),
    stalledUntilMs: atMs,
  };
  // Several timers may find the same stall.
  if (atMs <= stalledUntilMs) return again;
  return {
    ...again,
    stalls: stalls + 1,
    stalledMs: stalledMs + atMs - Math.max(dueMs, stalledUntilMs),
    health: Math.min(settings.maxHealth, health + 1),
  };
}

/** Ping `sequence`, and when the one after it is due. */
function ping(context: Context, sequence: number, startedMs: number, atMs: number): Answer {
  const { target, watch, settings } = context;
  const nextPingMs = startedMs + (sequence + 1) * settings.intervalMs;
  return {
    context: { sequence, nextPingMs, pingInMs: Math.max(0, nextPingMs - atMs) },
    effects: [send(target, { type: 'ping', watch, sequence, relayedFor: null })],
  };
}

export const pingingRules = {
  beginWatch: ({ watch }: Context): Answer => ({ effects: [checkpoint({ type: 'life', number: watch })] }),

  /** The first ping tells the detector what time it is. */
  firstPing(context: Context, { atMs }: Moment): Answer {
    const startedMs = atMs - context.settings.intervalMs;
    const estimate = interrupted(context.estimate, atMs);
    const { context: change, effects = [] } = ping(context, 1, startedMs, atMs);
    return { context: { ...change, startedMs, estimate, freshUntilMs: suspectAtMs(estimate) }, effects };
  },

  /** The ping whose turn it is; those that a stall has swallowed are left out. */
  ping(context: Context, { atMs }: Moment): Answer {
    const { settings, sequence, startedMs } = context;
    const start = startedMs ?? atMs;
    return ping(context, Math.max(sequence + 1, Math.floor((atMs - start) / settings.intervalMs)), start, atMs);
  },

  /** What the detector did not hear while it was away is no silence. The judgement is told by itself. */
  noticeStall: (context: Context, { atMs }: Moment): Answer => ({
    context: awayUntil(context, context.nextPingMs, atMs),
    effects: [send(context.self, { type: 'stalled' })],
  }),
  discardSilence: (context: Context, { atMs }: Moment): Answer => ({
    context: awayUntil(context, context.freshUntilMs, atMs),
  }),
  discardWait: (context: Context, { atMs }: Moment): Answer => ({ context: awayUntil(context, context.dueMs, atMs) }),

  /** SWIM §3.1: pings in the place of another detector, and tells it so (Lifeguard §IV-A). */
  relay: ({ target }: Context, { from, watch, sequence }: Said<'ping-req'>): Answer => ({
    effects: [
      send(target, { type: 'ping', watch, sequence, relayedFor: nodeOf(from) }),
      send(from, { type: 'relayed', watch, sequence }),
    ],
  }),
  /** SWIM §3.1: hands on what the watched node has answered another detector. */
  handOn: ({ watched }: Context, { relayedFor, watch, sequence, life }: Said<'ack'>): Answer =>
    relayedFor === null
      ? {}
      : {
          effects: [send(faultDetectorAddress(relayedFor, watched), { type: 'indirect-ack', watch, sequence, life })],
        },

  isPingLate: (context: Context, { atMs }: Moment): boolean => isLate(context, context.nextPingMs, atMs),
  isSilenceLate: (context: Context, { atMs }: Moment): boolean => isLate(context, context.freshUntilMs, atMs),
  isWaitLate: (context: Context, { atMs }: Moment): boolean => isLate(context, context.dueMs, atMs),
  isForAnother: ({ watched, others }: Context, { relayedFor }: Said<'ack'>): boolean =>
    relayedFor !== null && others.includes(faultDetectorAddress(relayedFor, watched)),
};
