/** Watching other nodes: a fault detector for each, what they think, and how good they are at it. */

import { type Observable, Subject } from 'rxjs';
import type { Address } from '../../../statecharts/actor.ts';
import {
  type DetectorQuality,
  type DetectorSettings,
  type EstimatorConfig,
  faultDetector,
  heartbeat,
  type Observed,
  type Opinion,
  type OpinionChange,
  observed,
  observedFrom,
  qualityOf,
} from '../../../statecharts/failover.ts';
import type { Quorum } from '../../../statecharts/quorum.ts';
import { type Clock, systemClock } from '../../environment/clock.ts';
import type { Node } from '../../host/node.ts';

/** Whom to watch, with whom, and how. */
export interface WatchOptions {
  /** What to watch, by its name: nodes, which answer with `answerDetectors`, or whatever `answeredBy` says. */
  readonly targets: readonly string[];
  /** What answers for a target on the own node, such as the probe of a server. Default what answers on the node of its name. */
  readonly answeredBy?: (target: string) => Address;
  /** The nodes that watch each other's targets and confirm together, the own one included; a target is no detector of itself. */
  readonly detectors: readonly string[];
  readonly estimator: EstimatorConfig;
  readonly settings?: Partial<DetectorSettings>;
  /** Which of the detectors of a target suffice to confirm. Default a majority of them. */
  readonly quorum?: (target: string, detectors: readonly string[]) => Quorum;
  /** The clock of the node. Default the system's. */
  readonly clock?: Clock;
}

/** What the detectors of a node think. */
export interface DetectorWatch {
  /** Each change of opinion: of whom, since when and why. Completes as the node stops; errs if a detector fails. */
  readonly changes: Observable<OpinionChange>;
  /** What is thought of a target now; undefined when it is not watched. */
  opinionOf(target: string): Opinion | undefined;
  /** The last change of opinion of each target of which there was one. */
  standing(): readonly OpinionChange[];
  /** How well a target was watched so far; undefined when it is not. */
  qualityOf(target: string): WatchQuality | undefined;
}

/** The quality of a detector, and how it does itself. */
export interface WatchQuality extends DetectorQuality {
  /** How often the detector itself was away, and for how long in all. */
  readonly stalls: number;
  readonly stalledMs: number;
  /** How badly it does, from 0 (Lifeguard). */
  readonly health: number;
}

/** One target, as it is watched. */
interface Target {
  opinion: Opinion;
  last: OpinionChange | undefined;
  seen: Observed;
}

/**
 * Lets a node answer fault detectors, and begins another life of it as they know it.
 *
 * @throws AddressTakenError when it does already, and what `node.launch` throws
 */
export const answerDetectors = (node: Node): void => void node.launch(heartbeat, { input: {} });

/**
 * Watches nodes, until the own one stops.
 *
 * @throws DetectorConfigError, AddressTakenError when one of the targets is watched already, and what `node.launch` throws
 *
 * @example
 * answerDetectors(node);
 * const others = watch(node, { targets: ['n2', 'n3'], detectors: ['n1', 'n2', 'n3'], estimator });
 * others.changes.subscribe(({ watched, opinion, why }) => console.log(watched, opinion, why));
 */
export function watch(node: Node, options: WatchOptions): DetectorWatch {
  const { targets, detectors, answeredBy, estimator, settings = {}, quorum, clock = systemClock() } = options;
  const changes = new Subject<OpinionChange>();
  const watched = new Map<string, Target>();
  const hear = (target: Target, change: OpinionChange): void => {
    target.opinion = change.opinion;
    target.last = change;
    target.seen = observed(target.seen, change);
    changes.next(change);
  };
  for (const key of targets) {
    const target: Target = { opinion: 'trusted', last: undefined, seen: observedFrom(clock.nowMs()) };
    const judges = detectors.filter((detector) => detector !== key);
    node.launch(faultDetector, {
      key,
      input: {
        detectors: judges,
        estimator,
        settings,
        ...(answeredBy && { target: answeredBy(key) }),
        ...(quorum && { quorum: quorum(key, judges) }),
      },
      observer: {
        delivered: (change) => hear(target, change),
        ended: (cause) => (cause === undefined ? changes.complete() : changes.error(cause)),
      },
    });
    watched.set(key, target);
  }
  return {
    changes: changes.asObservable(),
    opinionOf: (key) => watched.get(key)?.opinion,
    standing: () => [...watched.values()].flatMap(({ last }) => last ?? []),
    qualityOf(key) {
      const target = watched.get(key);
      const view = node.view(faultDetector, key);
      if (target === undefined) return undefined;
      return {
        ...qualityOf(target.seen, clock.nowMs()),
        stalls: view?.stalls ?? 0,
        stalledMs: view?.stalledMs ?? 0,
        health: view?.health ?? 0,
      };
    },
  };
}
