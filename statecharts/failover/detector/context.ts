/** What a fault detector knows, as it begins and as it goes on. Instants are of its own monotonic clock. */

import type { Address, Delivered, EffectOf } from '../../actor.ts';
import { nodeOf } from '../../actor.ts';
import { majorityOf, type Quorum } from '../../quorum.ts';
import { faultDetectorAddress, heartbeatAddress } from '../addresses.ts';
import { DetectorConfigError } from '../errors.ts';
import { type Estimate, type EstimatorConfig, startEstimate, suspectAtMs } from './estimators/estimate.ts';
import type { FaultDetectorMessage, HeartbeatMessage, LifeRecord, OpinionChange, Stalled } from './messages.ts';
import { type DetectorSettings, detectorSettings } from './settings.ts';

export interface FaultDetectorContext {
  readonly self: Address;
  /** What is watched: a node, or a server. */
  readonly watched: string;
  /** What answers for it. */
  readonly target: Address;
  /** The detectors of that node on other nodes, sorted. */
  readonly others: readonly Address[];
  /** The nodes whose detectors confirm together. */
  readonly quorum: Quorum;
  readonly settings: DetectorSettings;
  /** The number of this life of the detector. */
  readonly watch: number;

  /** Ping `s` is due `s * intervalMs` after this; null before the first. */
  readonly startedMs: number | null;
  /** The number of the last ping. */
  readonly sequence: number;
  /** When the next ping is due. */
  readonly nextPingMs: number;
  readonly pingInMs: number;

  readonly estimate: Estimate;
  /** Pings up to this one left before the detector was away: what their answers took says nothing. */
  readonly untimed: number;
  /** When silence becomes a reason to probe. */
  readonly freshUntilMs: number;
  readonly freshForMs: number;
  /** The latest ping that was answered, directly or through another one. */
  readonly answered: number;
  readonly heardMs: number | null;
  /** The latest life of the node that answered; 0 before any. */
  readonly life: number;

  /** How often the detector was away, and how long in all. */
  readonly stalls: number;
  readonly stalledMs: number;
  /** What fell due before has been discarded. */
  readonly stalledUntilMs: number;
  /** How badly the detector itself does, from 0 (Lifeguard §IV-A). */
  readonly health: number;

  /** Of the last probe: the ping whose answer was missed; whose help was asked for, and who has answered that it gave it; nodes, sorted. */
  readonly probed: number;
  readonly asked: readonly string[];
  readonly relayed: readonly string[];
  /** When the probe, or the time for refutations, is over. */
  readonly dueMs: number;
  /** Whether the suspicion is founded on more than silence. */
  readonly isRefused: boolean;
  /** When it began to suspect. */
  readonly suspectedMs: number;
  readonly refutableForMs: number;
  /** The number of the last question to others. */
  readonly round: number;
  /** The nodes whose detectors have answered it, the own one included, and suspect as well; sorted. */
  readonly suspecting: readonly string[];
  /** Only answers to later pings say that a node lives which was taken for dead. */
  readonly confirmedAt: number;
  /** How often it has answered since. */
  readonly settling: number;
}

/** What a detector is begun with. */
export interface FaultDetectorBegin {
  /** The nodes that watch the same node and confirm together, the own one included. The watched one is none of them. */
  readonly detectors: readonly string[];
  readonly estimator: EstimatorConfig;
  /** What answers for what is watched: of a server, its probe on the own node. Default what answers on the watched node. */
  readonly target?: Address;
  readonly settings?: Partial<DetectorSettings>;
  /** Which of them suffice to confirm. Default a majority. */
  readonly quorum?: Quorum;
}

export type FaultDetectorEvent = Delivered<FaultDetectorMessage | Stalled>;
export type FaultDetectorEffect = EffectOf<{
  message: FaultDetectorMessage | HeartbeatMessage | Stalled;
  record: LifeRecord;
  output: OpinionChange;
}>;

/** The context of a new life. @throws DetectorConfigError */
export function faultDetectorContext(
  self: Address,
  watched: string,
  begin: FaultDetectorBegin,
  watch: number,
): FaultDetectorContext {
  const { detectors, estimator } = begin;
  const own = nodeOf(self);
  if (new Set(detectors).size < detectors.length || !detectors.includes(own) || detectors.includes(watched)) {
    throw new DetectorConfigError(
      `expected the detectors of '${watched}' to be '${own}' and other nodes, each once and without '${watched}' itself, ` +
        `got ${detectors.join(', ') || 'none'}`,
    );
  }
  const settings = detectorSettings(begin.settings ?? {}, estimator);
  const estimate = startEstimate(estimator, 0);
  const freshForMs = suspectAtMs(estimate);
  return {
    self,
    watched,
    target: begin.target ?? heartbeatAddress(watched),
    others: detectors
      .filter((node) => node !== own)
      .sort()
      .map((node) => faultDetectorAddress(node, watched)),
    quorum: begin.quorum ?? majorityOf([...detectors].sort()),
    settings,
    watch,
    startedMs: null,
    sequence: 0,
    nextPingMs: 0,
    pingInMs: 0,
    estimate,
    untimed: 0,
    freshUntilMs: Number.MAX_SAFE_INTEGER,
    freshForMs,
    answered: 0,
    heardMs: null,
    life: 0,
    stalls: 0,
    stalledMs: 0,
    stalledUntilMs: 0,
    health: 0,
    probed: 0,
    asked: [],
    relayed: [],
    dueMs: 0,
    isRefused: false,
    suspectedMs: 0,
    refutableForMs: settings.suspicionMaxMs,
    round: 0,
    suspecting: [],
    confirmedAt: 0,
    settling: 0,
  };
}
