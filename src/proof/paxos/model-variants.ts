/** Variants of the Multi-Paxos server that are not wrong, but allow more than the true one does. */

import { votesIn } from '../../../statecharts/paxos/log/configuration.ts';
import type { PaxosRules } from '../../../statecharts/paxos.ts';

/** A voter that stands for election whenever its round ends, whoever leads, and whomever it hears. */
export const withoutBeats = {
  mayStand: ({ configuration, self }) => votesIn(configuration, self),
  sendBeats: () => ({}),
  noteAlone: () => ({ context: { leader: null, isLed: false, phase1: null } }),
} satisfies Partial<PaxosRules>;
