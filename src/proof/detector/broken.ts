/**
 * Broken twins of fault detectors: each breaks one rule, as real systems have, and says by which means it is to be found out.
 */

import { send } from '../../../statecharts/actor.ts';
import { type FaultDetectorRules, faultDetectorRules, heartbeatRules } from '../../../statecharts/failover.ts';
import type { Twin } from '../protocol.ts';
import type { GivenDetectorBounds } from './bounds.ts';
import { claims } from './claims.ts';
import type { BrokenDetector } from './model.ts';

export type DetectorTwin = Twin<GivenDetectorBounds, BrokenDetector>;

const { hear, isNews, isRestart, isRecovery, isAgreement, ping } = faultDetectorRules;

/** As if every answer came of the life that was heard last. */
const anyLife =
  (rule: FaultDetectorRules['isNews']): FaultDetectorRules['isNews'] =>
  (context, ack) =>
    rule({ ...context, life: Math.min(context.life, ack.life) }, ack);
const agreeAlways: FaultDetectorRules['disagree'] = (_context, { from, watch, round }) => ({
  effects: [send(from, { type: 'opinion', watch, round, suspects: true })],
});
/** Two pings at every answer. */
const pingAtAnswer: FaultDetectorRules['hear'] = (context, ack) => {
  const heard = hear(context, ack);
  const one = ping({ ...context, ...heard.context }, ack);
  const other = ping({ ...context, ...heard.context, ...one.context }, ack);
  return {
    context: { ...heard.context, ...other.context },
    effects: [...(one.effects ?? []), ...(other.effects ?? [])],
  };
};
const never = (): boolean => false;

export const detectorTwins: readonly DetectorTwin[] = [
  {
    name: 'one suspicion confirms',
    rule: 'a quorum confirms',
    broken: { detector: { isConfirmed: () => true } },
    checker: { bounds: { pings: 0, silences: 1 }, violates: claims.quorum },
    simulator: {},
  },
  {
    name: "others' answers to an earlier question are counted",
    rule: 'a quorum confirms: what its members thought after they were asked',
    broken: {
      detector: { isAgreement: (context, opinion) => isAgreement({ ...context, round: opinion.round }, opinion) },
    },
    checker: { bounds: { pings: 2, silences: 3 }, violates: claims.quorum },
  },
  {
    name: 'a detector that suspects nothing agrees with one that does',
    rule: 'SWIM §4.2: alive',
    broken: { detector: { disagree: agreeAlways } },
    checker: { bounds: { pings: 0, silences: 1 }, violates: claims.quorum },
    simulator: {},
  },
  {
    name: 'a stall counts as silence',
    rule: 'a stall is no silence',
    broken: { detector: { isPingLate: never, isSilenceLate: never, isWaitLate: never } },
    checker: { bounds: { detectors: 1, pings: 1, silences: 1, stalls: 1 }, violates: claims.stall },
    simulator: { seed: 14 },
  },
  {
    name: 'a heartbeat of an earlier life recovers a node',
    rule: 'SWIM §4.2: incarnations',
    broken: { detector: { isNews: anyLife(isNews), isRestart, isRecovery: anyLife(isRecovery) } },
    checker: {
      bounds: { detectors: 1, pings: 3, silences: 1, crashes: 1, crashing: ['w'] },
      violates: claims.lives,
    },
  },
  {
    name: 'what was on its way brings back a node that was taken for dead',
    rule: 'only what answers a later ping has recovered',
    broken: { detector: { isRecovery: (context, ack) => isRecovery({ ...context, confirmedAt: 0 }, ack) } },
    checker: {
      bounds: { detectors: 1, pings: 1, silences: 1, crashes: 1, crashing: ['w'] },
      violates: claims.recovery,
    },
  },
  {
    name: 'a node answers before the number of its life is durable',
    rule: 'lives are told apart',
    broken: { heartbeat: { beginLife: () => ({}), answer: heartbeatRules.answer } },
    checker: {
      bounds: { detectors: 1, pings: 2, silences: 0, crashes: 1, crashing: ['w'] },
      violates: 'each life has a number of its own',
    },
  },
  {
    name: 'a detector pings at once when it is answered, and not when it is time',
    rule: 'Chen et al. §3: heartbeat i leaves at i * eta',
    broken: { detector: { hear: pingAtAnswer } },
    simulator: { isEndless: true },
  },
];
