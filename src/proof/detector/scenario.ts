/**
 * Fault detectors under simulation: every machine watches every other one, and answers. Clients ask a machine whether it
 * trusts as many others as make a majority with it; what detectors tell is held against the claims, and against who was
 * up.
 */

import {
  defaultDetectorSettings,
  defineFaultDetector,
  defineHeartbeat,
  type EstimatorConfig,
  faultDetectorRules,
  heartbeatRules,
  type Opinion,
  type OpinionChange,
} from '../../../statecharts/failover.ts';
import { majoritySize } from '../../../statecharts/quorum.ts';
import { createNode, type Node } from '../../host/node.ts';
import type { Application, MachineView, Scenario, Watch } from '../../simulator/scenario.ts';
import { drawOperations, probing } from '../operations.ts';
import { noteChange, noteDown, noteUp, type Watching, watchingOf } from './claims.ts';
import type { BrokenDetector } from './model.ts';

/** A machine that watches the others. */
export interface DetectorApplication extends Application {
  readonly node: Node;
  readonly machines: readonly string[];
  /** Hears each change of opinion. */
  listen(hear: (change: OpinionChange) => void): void;
  /** How often its detectors noticed that they had been away. */
  stalls(): number;
  /** Calls `done` once it trusts a majority, itself included. */
  trustsMajority(done: () => void): void;
}

const operationsPerRun = 20;
const estimators: readonly EstimatorConfig[] = [
  { kind: 'fixed', timeoutMs: 400 },
  { kind: 'phi', threshold: 8, windowSize: 50, minDeviationMs: 20, firstIntervalMs: 100 },
  { kind: 'nfd-e', intervalMs: 100, slackMs: 300, windowSize: 32 },
];

const goals = [
  'a node is suspected',
  'a suspicion is refuted',
  'a node is confirmed dead',
  'a node recovers',
  'a node that has started again is told of',
  'a detector notices that it was away',
] as const;
type Goal = (typeof goals)[number];

/** The scenario of true detectors, or of broken ones that must be found out. */
export function detectorScenario(broken: BrokenDetector = {}): Scenario<DetectorApplication> {
  return {
    name: 'detector',
    minNodes: 2,
    goals,
    plan: (machines, durationMs, random) =>
      drawOperations({ count: operationsPerRun }, { machines, durationMs, random }, () => ({})),
    probe: (machine, atMs) => probing(machine, atMs, {}),
    boot({ id, machines, bus, journal, environment }) {
      const detector = defineFaultDetector({ ...faultDetectorRules, ...broken.detector });
      const heartbeat = defineHeartbeat({ ...heartbeatRules, ...broken.heartbeat });
      const node = createNode({ id, bus, journal, environment });
      node.launch(heartbeat, { input: {} });
      return applicationOf(node, machines, detector);
    },
    perform: (app, _planned, done) => app.trustsMajority(() => done({ type: 'ok', value: null })),
    watch: createWatch,
  };
}

function applicationOf(
  node: Node,
  machines: readonly string[],
  detector: ReturnType<typeof defineFaultDetector>,
): DetectorApplication {
  const opinions = new Map<string, Opinion>();
  const hearing: ((change: OpinionChange) => void)[] = [];
  let waiting: (() => void)[] = [];
  const others = machines.filter((machine) => machine !== node.id);
  const settle = (): void => {
    const trusted = others.filter((other) => opinions.get(other) === 'trusted').length;
    if (trusted + 1 < majoritySize(machines.length)) return;
    const done = waiting;
    waiting = [];
    for (const call of done) call();
  };
  for (const [index, watched] of others.entries()) {
    opinions.set(watched, 'trusted');
    node.launch(detector, {
      key: watched,
      input: {
        detectors: machines.filter((machine) => machine !== watched),
        estimator: estimators[index % estimators.length] ?? { kind: 'fixed', timeoutMs: 400 },
      },
      observer: {
        delivered(change) {
          opinions.set(watched, change.opinion);
          for (const hear of hearing) hear(change);
          settle();
        },
      },
    });
  }
  return {
    node,
    machines,
    listen: (hear) => void hearing.push(hear),
    stalls: () => others.reduce((sum, watched) => sum + (node.view(detector, watched)?.stalls ?? 0), 0),
    trustsMajority(done) {
      waiting.push(done);
      settle();
    },
  };
}

function createWatch(): Watch<DetectorApplication> {
  const byWatched = new Map<string, Watching>();
  const reached = new Set<Goal>();
  const forEach = (note: (watching: Watching) => Watching): void => {
    for (const [watched, watching] of byWatched) byWatched.set(watched, note(watching));
  };
  const hear = (change: OpinionChange): void => {
    const before = byWatched.get(change.watched);
    if (before !== undefined) byWatched.set(change.watched, noteChange(before, change, defaultDetectorSettings));
    reached.add(goalOf(change));
    if (change.why.type === 'restarted') reached.add('a node that has started again is told of');
  };
  return {
    booted({ id, app }: MachineView<DetectorApplication>) {
      if (app === undefined) return;
      for (const watched of app.machines) {
        const detectors = app.machines.filter((machine) => machine !== watched);
        if (!byWatched.has(watched)) byWatched.set(watched, watchingOf(watched, detectors));
      }
      forEach((watching) => noteUp(watching, id));
      app.listen(hear);
    },
    died(machine) {
      forEach((watching) => noteDown(watching, machine));
    },
    check({ machines }) {
      if (machines.some(({ app }) => (app?.stalls() ?? 0) > 0)) reached.add('a detector notices that it was away');
      for (const { broken } of byWatched.values()) if (broken !== null) return `${broken.claim}: ${broken.how}`;
      return undefined;
    },
    goals: () => reached,
  };
}

function goalOf({ opinion }: OpinionChange): Goal {
  switch (opinion) {
    case 'suspected':
      return 'a node is suspected';
    case 'trusted':
      return 'a suspicion is refuted';
    case 'confirmed':
      return 'a node is confirmed dead';
    case 'recovered':
      return 'a node recovers';
  }
}
