/**
 * Fault detectors for the model checker: those that run in production, and what answers them, over one watched node.
 *
 * The checker has no time: any armed timer may fire at any moment, so every silence, early or late, is covered, whatever
 * the estimator; what is checked is what must hold though detectors are wrong. Time jumps only where stalls are asked for, by
 * far more than any timer waits. The network is a set that only grows, from which everything may arrive at any time and
 * again; so questions need not be repeated, and losses are answers that never arrive.
 */

import type { Tagged } from '../../../statecharts/actor.ts';
import {
  defineFaultDetector,
  defineHeartbeat,
  type FaultDetectorBegin,
  type FaultDetectorRules,
  faultDetectorRules,
  type HeartbeatRules,
  heartbeatAddress,
  heartbeatRules,
  type OpinionChange,
} from '../../../statecharts/failover.ts';
import {
  actorOf,
  defineModel,
  type Model,
  type Observation,
  type Predicates,
  type SystemState,
} from '../../checker.ts';
import { boundsOf, systemNameOf } from '../bounds.ts';
import { numbered } from '../nodes.ts';
import { assertPossible, type DetectorBounds, detectorBounds, type GivenDetectorBounds } from './bounds.ts';
import { claims, noteChange, noteDown, noteUp, type Watching, watchingOf } from './claims.ts';

/** Rules that differ from the true ones. */
export interface BrokenDetector {
  readonly detector?: Partial<FaultDetectorRules>;
  readonly heartbeat?: Partial<HeartbeatRules>;
}

/** How much may happen, as `detectorBounds` says, and whether an actor is broken. */
export interface DetectorModelOptions extends GivenDetectorBounds {
  readonly broken?: BrokenDetector;
}

/** What a check remembers of a run. */
export interface DetectorHistory {
  readonly watching: Watching;
  /** The opinions that were told, sorted. */
  readonly told: readonly string[];
  /** The lives in which the node has answered before its last crash, and since; the greatest of each. */
  readonly lives: { readonly before: number; readonly since: number };
  /** Whether it has answered in a life of an earlier number again. */
  readonly isLifeRepeated: boolean;
}

type State = SystemState<DetectorHistory>;
const watched = 'w';
const modelSettings = { probeTimeoutMs: 100, maxHealth: 0, stallMs: 50 } as const;
const tickMs = 10_000;

/** Whether what an actor delivered is a change of opinion; models have no other actors that deliver. */
const isOpinionChange = (output: Tagged): output is OpinionChange =>
  output.type === 'changed' && 'opinion' in output && 'watched' in output;

function observe(history: DetectorHistory, happening: Observation): DetectorHistory {
  const { watching, told, lives } = history;
  switch (happening.type) {
    case 'delivered': {
      const { output } = happening;
      if (!isOpinionChange(output)) return history;
      const { opinion } = output;
      return {
        ...history,
        watching: noteChange(watching, output, modelSettings),
        told: told.includes(opinion) ? told : [...told, opinion].sort(),
      };
    }
    case 'sent': {
      const { message } = happening;
      if (message.type !== 'ack' || !('life' in message) || happening.from !== heartbeatAddress(watched))
        return history;
      const life = Number(message.life);
      return {
        ...history,
        lives: { ...lives, since: Math.max(lives.since, life) },
        isLifeRepeated: history.isLifeRepeated || life <= lives.before,
      };
    }
    case 'crashed':
      return {
        ...history,
        watching: noteDown(watching, happening.node),
        lives: happening.node === watched ? { before: Math.max(lives.before, lives.since), since: 0 } : lives,
      };
    case 'restarted':
      return { ...history, watching: noteUp(watching, happening.node) };
    default:
      return history;
  }
}

const keeps = (claim: string) => (state: State) => state.history.watching.broken?.claim !== claim;

function goalsOf({
  pings,
  silences,
  crashes,
  crashing = [watched],
  dead,
  relays,
}: DetectorBounds): Predicates<DetectorHistory> {
  const told = (opinion: string) => (state: State) => state.history.told.includes(opinion);
  if (silences === 0) return {};
  return {
    'a node is suspected': told('suspected'),
    ...(silences === 1 ? {} : { 'a node is confirmed dead': told('confirmed') }),
    ...(dead || pings === 0 ? {} : { 'a suspicion is refuted': told('trusted') }),
    ...(dead || relays === 0 || silences === 0
      ? {}
      : {
          'a node is heard through another one': ({ network }: State) =>
            network.some(({ message }) => message.type === 'indirect-ack'),
        }),
    ...(crashes > 0 && crashing.includes(watched)
      ? { 'a later life answers': (state: State) => state.history.lives.before > 0 && state.history.lives.since > 0 }
      : {}),
  };
}

/** The model of the detectors of one node. */
export function detectorModel(options: DetectorModelOptions = {}): Model<DetectorHistory> {
  const { broken = {}, ...given } = options;
  const bounds = boundsOf(detectorBounds, given);
  assertPossible(bounds);
  const { pings, silences, stalls, crashes, crashing, dead, relays, settling } = bounds;
  const nodes = numbered('d', bounds.detectors);
  const detector = defineFaultDetector({ ...faultDetectorRules, ...broken.detector });
  const heartbeat = defineHeartbeat({ ...heartbeatRules, ...broken.heartbeat });
  const input: FaultDetectorBegin = {
    detectors: nodes,
    estimator: { kind: 'fixed', timeoutMs: 250 },
    settings: { ...modelSettings, relays, settleAfter: settling },
  };
  const detecting = nodes.map((node) => actorOf(detector, node, { key: watched, input }));
  const beating = dead ? [] : [actorOf(heartbeat, watched, { input: {} })];
  return defineModel<DetectorHistory>({
    name: `fault detection with ${systemNameOf(detectorBounds, given)}`,
    actors: [...detecting, ...beating],
    network: { kind: 'duplicating' },
    deliveries: 'changing',
    timers: {
      nextPing: pings,
      silence: silences,
      askAgain: 0,
      suspicionTimeout: 'unlimited',
      probeTimeout: 'unlimited',
    },
    flush: 'at-once',
    localMessages: 'at-once',
    crashes: { times: crashes, ...(crashing === undefined ? {} : { nodes: crashing }) },
    ...(dead ? { outside: [heartbeatAddress(watched)] } : {}),
    clock: { tickMs, ticks: stalls },
    history: {
      start: {
        watching: watchingOf(watched, nodes, !dead),
        told: [],
        lives: { before: 0, since: 0 },
        isLifeRepeated: false,
      },
      observe,
    },
    always: {
      ...Object.fromEntries(Object.values(claims).map((claim) => [claim, keeps(claim)])),
      'each life has a number of its own': (state) => !state.history.isLifeRepeated,
    },
    sometimes: goalsOf(bounds),
    ...(dead
      ? {
          fair: [
            { steps: 'timer', named: ['silence', 'probeTimeout', 'suspicionTimeout'] },
            'deliver',
            'restart',
          ] as const,
          eventually: {
            'every detector confirms that it is dead': {
              holds: (state) => detecting.every((it) => state.of(it).role === 'confirmed'),
            },
          },
        }
      : {}),
  });
}
