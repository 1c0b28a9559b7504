/**
 * Judgement: what a detector thinks of the node that it watches. Silence is probed through others before it is a suspicion
 * (SWIM §3.1); a suspicion is told to the other detectors of the node, and the more of them suspect it, too, the less time
 * is left to refute it (Lifeguard, Dadgar, Phillips & Currey 2018, §IV-B). One suspicion decides nothing: a quorum of
 * detectors must have suspected the node after this one began to.
 */

import { type Address, type Delivered, deliver, nodeOf, type Ruling, send } from '../../../actor.ts';
import { isQuorum, type Quorum } from '../../../quorum.ts';
import type { FaultDetectorContext, FaultDetectorEffect } from '../context.ts';
import { heard, interrupted, suspectAtMs } from '../estimators/estimate.ts';
import type { FaultDetectorMessage, Opinion, Why } from '../messages.ts';
import type { Moment } from './pinging.ts';

type Context = FaultDetectorContext;
type Answer = Ruling<Context, FaultDetectorEffect>;
type Said<Type extends FaultDetectorMessage['type']> = Delivered<Extract<FaultDetectorMessage, { type: Type }>>;

const changed = (context: Context, opinion: Opinion, atMs: number, why: Why) => {
  const { watched, self, life, heardMs } = context;
  return deliver({ type: 'changed' as const, watched, by: self, opinion, atMs, life, heardMs, why });
};

/** Those whose help is asked for: as many as the settings say, and others each time; with no ping yet there is none to help with. */
function helpersIn({ others, sequence, settings }: Context): readonly Address[] {
  if (others.length === 0 || sequence === 0) return [];
  const first = sequence % others.length;
  return [...others.slice(first), ...others.slice(0, first)].slice(0, settings.relays);
}

/** How many must confirm besides the detector itself, where a quorum needs most. */
const confirmationsWanted = (quorum: Quorum): number => Math.max(1, ...quorum.map(({ size }) => size - 1));

/** Lifeguard §IV-B: from the longest to the shortest time, by the logarithm of the confirmations. */
export function suspicionMs({ settings, quorum }: Pick<Context, 'settings' | 'quorum'>, confirmations: number): number {
  const { suspicionMinMs, suspicionMaxMs } = settings;
  const share = Math.log(confirmations + 1) / Math.log(confirmationsWanted(quorum) + 1);
  return Math.max(suspicionMinMs, suspicionMaxMs - (suspicionMaxMs - suspicionMinMs) * share);
}

/** The same with the estimate, and with it the time for which silence says nothing. */
const freshWith = (estimate: Context['estimate'], atMs: number): Partial<Context> => {
  const freshUntilMs = suspectAtMs(estimate);
  return { estimate, freshUntilMs, freshForMs: Math.max(0, freshUntilMs - atMs) };
};

const askAll = ({ others, watch, round }: Context) =>
  others.map((to) => send(to, { type: 'suspicion' as const, watch, round }));

/** A suspicion that begins now, and may be refuted for so long. */
const suspicion = ({ self, round }: Context, atMs: number, refutableForMs: number): Partial<Context> => ({
  round,
  suspectedMs: atMs,
  refutableForMs,
  dueMs: atMs + refutableForMs,
  suspecting: [nodeOf(self)],
});

/** What an answer changes; how long it took counts only where the detector was there all the time. */
function hearing(context: Context, { sequence, life, atMs }: Said<'ack'>): Partial<Context> {
  const { estimate, untimed, health, settling, settings } = context;
  const isTimed = sequence > untimed && life === context.life;
  return {
    ...freshWith(isTimed ? heard(estimate, atMs, sequence) : interrupted(estimate, atMs), atMs),
    answered: sequence,
    heardMs: atMs,
    life,
    health: Math.max(0, health - 1),
    settling: Math.min(settings.settleAfter, settling + 1),
  };
}

const answersOf = (context: Context, life: number): Why => ({
  type: context.life > 0 && life > context.life ? 'restarted' : 'answers',
});

export const judgingRules = {
  hear: (context: Context, ack: Said<'ack'>): Answer => ({ context: hearing(context, ack) }),

  /** It lives, but what the way through others took says nothing about the direct one. */
  hearIndirectly: (context: Context, { sequence, life, atMs }: Said<'indirect-ack'>): Answer => ({
    context: {
      ...freshWith(interrupted(context.estimate, atMs), atMs),
      answered: sequence,
      heardMs: atMs,
      life,
    },
  }),

  /** SWIM §3.1: others try in its place. */
  probe(context: Context, { atMs }: Moment): Answer {
    const { watch, sequence, settings, health } = context;
    const helpers = helpersIn(context);
    return {
      context: {
        probed: sequence,
        asked: helpers.map(nodeOf).sort(),
        relayed: [],
        dueMs: atMs + settings.probeTimeoutMs * (1 + health),
      },
      effects: helpers.map((to) => send(to, { type: 'ping-req', watch, sequence })),
    };
  },
  noteRelayed: ({ relayed }: Context, { from }: Said<'relayed'>): Answer => {
    const node = nodeOf(from);
    return relayed.includes(node) ? {} : { context: { relayed: [...relayed, node].sort() } };
  },

  /** Lifeguard §IV-A: helpers that do not even say that they were asked speak of the detector's own health. */
  suspect(context: Context, { atMs }: Moment): Answer {
    const { asked, relayed, health, settings, quorum } = context;
    const round = context.round + 1;
    const isUnwell = relayed.length < asked.length;
    const refutableForMs = suspicionMs({ settings, quorum }, 0);
    const now = { ...context, round };
    return {
      context: {
        ...suspicion(now, atMs, refutableForMs),
        isRefused: false,
        health: isUnwell ? Math.min(settings.maxHealth, health + 1) : health,
      },
      effects: [
        ...askAll(now),
        changed(now, 'suspected', atMs, {
          type: 'silent',
          sinceMs: context.freshUntilMs,
          asked: asked.length,
          relayed: relayed.length,
        }),
      ],
    };
  },
  /**
   * That nothing listens needs no probes of others, and no time to refute: it is an answer, and not silence that may yet end. A quorum
   * must have been refused all the same.
   */
  suspectRefused(context: Context, { atMs, sequence }: Said<'down'>): Answer {
    const now = { ...context, round: context.round + 1 };
    return {
      context: { ...suspicion(now, atMs, 0), isRefused: true },
      effects: [...askAll(now), changed(now, 'suspected', atMs, { type: 'refused', sequence })],
    };
  },
  askOthers: (context: Context): Answer => ({ effects: askAll(context) }),

  /** Another detector suspects the node, too: the time to refute becomes shorter, from when the suspicion began. */
  noteSuspecting(context: Context, { from, atMs }: Said<'opinion'>): Answer {
    const { suspectedMs, isRefused } = context;
    const suspecting = [...context.suspecting, nodeOf(from)].sort();
    const dueMs = suspectedMs + (isRefused ? 0 : suspicionMs(context, suspecting.length - 1));
    return { context: { suspecting, dueMs, refutableForMs: Math.max(0, dueMs - atMs) } };
  },
  noteTrusting: ({ suspecting }: Context, { from }: Said<'opinion'>): Answer => ({
    context: { suspecting: suspecting.filter((node) => node !== nodeOf(from)) },
  }),

  confirm: (context: Context, { atMs }: Moment): Answer => ({
    context: { confirmedAt: context.sequence },
    effects: [changed(context, 'confirmed', atMs, { type: 'quorum', of: context.suspecting })],
  }),
  /** The suspicion was a mistake, or the node has started again. */
  trust: (context: Context, { atMs, life }: Said<'ack' | 'indirect-ack'>): Answer => ({
    effects: [changed({ ...context, heardMs: atMs, life }, 'trusted', atMs, answersOf(context, life))],
  }),
  recover: (context: Context, { atMs, life }: Said<'ack'>): Answer => ({
    context: { settling: 0 },
    effects: [changed({ ...context, heardMs: atMs, life }, 'recovered', atMs, answersOf(context, life))],
  }),
  /** After a stall a suspicion may be refuted for as long as before. */
  extend: ({ refutableForMs }: Context, { atMs }: Moment): Answer => ({ context: { dueMs: atMs + refutableForMs } }),
  settle: (context: Context, { atMs }: Moment): Answer => ({
    effects: [changed(context, 'trusted', atMs, { type: 'answers' })],
  }),

  /** Only what stands behind the answer at this moment: an asker must ask again. */
  agree: (_context: Context, { from, watch, round }: Said<'suspicion'>): Answer => ({
    effects: [send(from, { type: 'opinion', watch, round, suspects: true })],
  }),
  disagree: (_context: Context, { from, watch, round }: Said<'suspicion'>): Answer => ({
    effects: [send(from, { type: 'opinion', watch, round, suspects: false })],
  }),

  /** An answer to a ping of this watch, later than all before it, of no earlier life. */
  isNews: (context: Context, ack: Said<'ack'>): boolean => ack.relayedFor === null && isNews(context, ack),
  /** The node has started again, and no detector had suspected it. */
  isRestart: (context: Context, ack: Said<'ack'>): boolean =>
    ack.relayedFor === null && isNews(context, ack) && context.life > 0 && ack.life > context.life,
  isIndirectNews: (context: Context, ack: Said<'indirect-ack'>): boolean => isNews(context, ack),
  /** Chen et al. §3: one that comes after its own freshness point refutes nothing. */
  isRefutation: (context: Context, ack: Said<'ack'>): boolean =>
    ack.relayedFor === null && isNews(context, ack) && (hearing(context, ack).freshUntilMs ?? 0) > ack.atMs,
  /** What was on its way when the node was taken for dead does not bring it back. */
  isRecovery: (context: Context, ack: Said<'ack'>): boolean =>
    ack.relayedFor === null && isNews(context, ack) && ack.sequence > context.confirmedAt,
  /** It concerns a later ping than any that was answered. */
  isRefusal: ({ watch, sequence, answered }: Context, down: Said<'down'>): boolean =>
    down.relayedFor === null && down.watch === watch && down.sequence <= sequence && down.sequence > answered,
  isOfProbe: ({ watch, probed, asked }: Context, said: Said<'relayed'>): boolean =>
    said.watch === watch && said.sequence === probed && asked.includes(nodeOf(said.from)),
  isAgreement: (context: Context, opinion: Said<'opinion'>): boolean =>
    isOfRound(context, opinion) && opinion.suspects && !context.suspecting.includes(nodeOf(opinion.from)),
  isDisagreement: (context: Context, opinion: Said<'opinion'>): boolean =>
    isOfRound(context, opinion) && !opinion.suspects && context.suspecting.includes(nodeOf(opinion.from)),
  isConfirmed: ({ quorum, suspecting }: Context): boolean => isQuorum(quorum, suspecting),
  hasSettled: ({ settling, settings }: Context): boolean => settling >= settings.settleAfter,
};

const isNews = (
  { watch, sequence, answered, life }: Context,
  said: { readonly watch: number; readonly sequence: number; readonly life: number },
): boolean => said.watch === watch && said.sequence <= sequence && said.sequence > answered && said.life >= life;

const isOfRound = ({ watch, round }: Context, said: Said<'opinion'>): boolean =>
  said.watch === watch && said.round === round;
