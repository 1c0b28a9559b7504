/** Incidents of what keeps a log of its own: replayed over the replicated store. */

import { chained, type Interval } from '../../simulator/partial-partitions.ts';
import type { Scenario } from '../../simulator/scenario.ts';
import { type Fault, nodeIds, type PlannedOperation, type Schedule } from '../../simulator/schedule.ts';
import { provenLogs } from '../logs.ts';
import { isProbe } from '../operations.ts';
import { leaderAfter, writesAt } from '../store/partial-partitions.ts';
import type { StoreApplication } from '../store/scenario.ts';
import type { Incident } from './incident.ts';

/** By then a leader has been elected in every run. */
const settledMs = 3_000;
const nodes = nodeIds(3);
const writeEveryMs = 50;

/** What befalls the store, given who leads when it begins. */
type Faults = (leader: string, others: readonly string[], during: Interval) => readonly Fault[];

interface StoreReplay {
  readonly lastsMs: number;
  readonly faults: Faults;
  readonly everyMs?: number;
}

/** The parts of an incident that are the same for all stores. */
function overRaft({ lastsMs, faults, everyMs = writeEveryMs }: StoreReplay) {
  const scenario = (): Scenario<StoreApplication> => provenLogs.raft.scenario();
  const during = { atMs: settledMs, untilMs: settledMs + lastsMs };
  const afterMs = 5_000;
  const scheduleOf = (seed: number, faultyMs: number, of: readonly Fault[]): Schedule => ({
    version: 1,
    scenario: scenario().name,
    seed,
    nodes: nodes.length,
    faultyMs,
    recoveryMs: 20_000,
    quorum: nodes,
    faults: of,
    operations: writesAt(nodes, faultyMs, everyMs),
    links: {},
    delayMs: 1,
  });
  return {
    during,
    scenario,
    schedule(seed: number): Schedule {
      const leader = leaderAfter(scenario(), scheduleOf(seed, settledMs - 1, []));
      const others = nodes.filter((node) => node !== leader);
      return scheduleOf(seed, during.untilMs + afterMs, faults(leader, others, during));
    },
    isWrite: (operation: PlannedOperation): boolean => !isProbe(operation),
  };
}

/** A switch that works in part: two members cannot reach each other, and a third one reaches both. */
export const partialSwitch: Incident = {
  name: 'partial-switch',
  source: {
    title: 'A Byzantine failure in the real world',
    by: 'Cloudflare',
    year: 2020,
    url: 'https://blog.cloudflare.com/a-byzantine-failure-in-the-real-world/',
  },
  happened:
    'A switch went on working in part. In a cluster of three, one member lost the leader from sight while the third saw both, and asked for election after election; the control plane was impaired for more than six hours.',
  replayed:
    'Raft of three servers: the leader and one follower lose each other from sight for 20 s; the third sees both.',
  because:
    'A server that would be candidate asks first whether it could win (pre-vote, Raft §9.6), and the one that hears the leader says no.',
  seed: 1,
  ...overRaft({
    lastsMs: 20_000,
    faults: (leader, [first = '', second = ''], during) => chained([leader, first, second], during),
  }),
  goesOnWithinMs: 1_000,
  mustHappen: ['a leader was elected'],
  recoversWithinMs: 1_000,
};

/** The disk of the leader is full. */
export const fullDisk: Incident = {
  name: 'full-disk',
  source: {
    title: 'Learning Review for our 22 November API and Origin Outage',
    by: 'Netlify',
    year: 2016,
    url: 'https://www.netlify.com/blog/2016/12/01/learning-review-for-our-22-november-api-and-origin-outage/',
  },
  happened:
    'A database grew until its disk was full, faster than it could be moved to a larger one, and was down until there was room.',
  replayed:
    'Raft of three servers: the disk of the leader takes nothing more for 10 s; then there is room, and it starts again.',
  because:
    'A node whose flush fails stops before it acknowledges anything (a failed flush is never retried), and the others elect a leader.',
  seed: 1,
  ...overRaft({
    lastsMs: 10_000,
    faults: (leader, _others, during) => [{ kind: 'full-disk', node: leader, ...during }],
  }),
  goesOnWithinMs: 3_000,
  mustHappen: ['another leader was elected'],
  recoversWithinMs: 1_000,
};

/** How fast the clock of the leader runs while it jumps, and how slowly that of a follower. */
const jumpRate = 600;
const jumpMs = 100;
const lagRate = 0.01;

/** A clock that is a minute ahead at once, and another that stands almost still. */
export const clockJump: Incident = {
  name: 'clock-jump',
  source: {
    title: 'How and why the leap second affected Cloudflare DNS',
    by: 'Cloudflare',
    year: 2017,
    url: 'https://blog.cloudflare.com/how-and-why-the-leap-second-affected-cloudflare-dns/',
  },
  happened:
    'At a leap second the clock went back. A duration that was taken from two readings of it was negative, and some servers failed on that.',
  replayed: `Raft of three servers: the leader's clock jumps a minute ahead within ${jumpMs} ms, and that of a follower runs at a hundredth of its speed for 10 s.`,
  because:
    'Durations come from a monotonic clock that is handed in, no message or record holds a time, and reads ask a majority instead of a lease (ReadIndex, Raft §6.4).',
  seed: 1,
  ...overRaft({
    lastsMs: 10_000,
    faults: (leader, [first = ''], during) => [
      { kind: 'drift', node: leader, atMs: during.atMs, untilMs: during.atMs + jumpMs, rate: jumpRate },
      { kind: 'drift', node: first, ...during, rate: lagRate },
    ],
  }),
  goesOnWithinMs: 3_000,
  mustHappen: ['a leader was elected'],
  recoversWithinMs: 1_000,
};

/** Every write is sent so often while the disks are slow. */
const stormEveryMs = 10;

/** A short disturbance after which all clients ask at once, and again, while the disks are slow. */
export const retryStorm: Incident = {
  name: 'retry-storm',
  source: {
    title: 'Summary of the Amazon DynamoDB Service Disruption and Related Impacts in the US-East Region',
    by: 'Amazon Web Services',
    year: 2015,
    url: 'https://aws.amazon.com/message/5467D2/',
  },
  happened:
    'After a short disturbance of the network all storage servers asked for their assignment at once. The answers took longer than was waited for, so they asked again, and the load kept the service from recovering for hours.',
  replayed: `Raft of three servers: the leader is cut off for 1 s; all disks are then 200 times as slow for 3 s, while ${(3 * 1_000) / stormEveryMs} writes arrive each second whether or not earlier ones were answered.`,
  because:
    'What waits for a flush shares one (group commit), what waits is bounded and refused beyond the bound, and each request ends at its deadline.',
  seed: 1,
  ...overRaft({
    lastsMs: 4_000,
    everyMs: stormEveryMs,
    faults: (leader, _others, { atMs, untilMs }) => [
      { kind: 'isolate', node: leader, atMs, untilMs: atMs + 1_000 },
      ...nodes.map((node) => ({ kind: 'slow-disk' as const, node, atMs: atMs + 1_000, untilMs, factor: 200 })),
    ],
  }),
  mustHappen: ['another leader was elected'],
  recoversWithinMs: 2_000,
};
