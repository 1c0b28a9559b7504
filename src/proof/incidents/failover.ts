/** Incidents of databases that have one primary: replayed over a group of three servers under managers, mode durable. */

import type { Interval } from '../../simulator/partial-partitions.ts';
import { type Fault, nodeIds, type PlannedOperation, type Schedule } from '../../simulator/schedule.ts';
import type { GroupOperation } from '../failover/scenario/operations.ts';
import { type FixedServers, failoverScenario } from '../failover/scenario.ts';
import { isProbe } from '../operations.ts';
import type { Incident } from './incident.ts';

/** By then the group is founded, and its first server is primary. */
const settledMs = 5_000;
const primary = 'r1';
const machines = nodeIds(3);
const writeEveryMs = 200;
const staleEveryMs = 500;

/** Clients that ask the managers where the primary is; each has a key of its own. */
const following = (untilMs: number): readonly PlannedOperation[] =>
  Array.from({ length: Math.floor(untilMs / writeEveryMs) }, (_, round) =>
    machines.map((node, at) => ({
      client: round * machines.length + at,
      atMs: round * writeEveryMs,
      node,
      operation: { f: 'put', key: `${node}/${round % 10}`, value: round, at: null } satisfies GroupOperation,
    })),
  ).flat();

/** Clients that stay with the old primary, whatever the managers say. */
const stale = ({ atMs, untilMs }: Interval): readonly PlannedOperation[] =>
  Array.from({ length: Math.floor((untilMs + 5_000 - atMs) / staleEveryMs) }, (_, round) => ({
    client: 1_000_000 + round,
    atMs: atMs + round * staleEveryMs,
    node: machines[0] ?? '',
    operation: { f: 'put', key: `stale/${round}`, value: round, at: primary } satisfies GroupOperation,
  }));

interface GroupReplay {
  readonly lastsMs: number;
  readonly fixed: FixedServers;
  readonly faults: (during: Interval) => readonly Fault[];
}

/** The parts of an incident that are the same for all groups. */
function overGroup({ lastsMs, fixed, faults }: GroupReplay) {
  const during = { atMs: settledMs, untilMs: settledMs + lastsMs };
  const faultyMs = during.untilMs + 10_000;
  const scenario = () => failoverScenario({}, fixed);
  return {
    during,
    scenario,
    schedule: (seed: number): Schedule => ({
      version: 1,
      scenario: scenario().name,
      seed,
      nodes: machines.length,
      faultyMs,
      recoveryMs: 20_000,
      quorum: machines,
      faults: faults(during),
      operations: [...following(faultyMs), ...stale(during)].sort((a, b) => a.atMs - b.atMs),
      links: {},
      delayMs: 1,
    }),
    isWrite: (operation: PlannedOperation): boolean => !isProbe(operation),
  };
}

/** The same group, in which the primary answers at once. */
const withoutConfirmations = (fixed: FixedServers) => ({
  rule: 'replies wait for no standby (mode pass-through)',
  scenario: () => failoverScenario({}, { ...fixed, mode: 'pass-through' }),
});

/** What servers do in the incidents of sites, and of a freeze: they remember. */
const frozen: FixedServers = { isDurable: true };
const apart: FixedServers = { isDurable: true, cutOffFrom: ['r2', 'r3', 'n2', 'n3'] };

/** A primary that stands still, is replaced, and goes on as if nothing had been. */
export const wakingPrimary: Incident = {
  name: 'waking-primary',
  source: {
    title: 'Downtime last Saturday',
    by: 'GitHub',
    year: 2012,
    url: 'https://github.blog/2012-12-26-downtime-last-saturday/',
  },
  happened:
    'The network froze for about 90 seconds. In pairs of file servers each took the other for dead and wanted to shoot it; when the freeze was over both were active, or both were off.',
  replayed:
    'A group of three servers: the primary stands still for 90 s, and then takes what had waited for it, of clients that never left it, too.',
  because:
    'Standbys are fenced, not the primary: what it says when it wakes up finds nobody that confirms it (docs/failover.md, the safety argument).',
  seed: 1,
  ...overGroup({
    lastsMs: 90_000,
    fixed: frozen,
    faults: (during) => [{ kind: 'flaky', server: primary, ...during, breakProbability: 0, maxDelayMs: 100 }],
  }),
  without: withoutConfirmations(frozen),
  mustHappen: ['a primary that lived was replaced', 'an old primary came back as a standby'],
  goesOnWithinMs: 5_000,
  recoversWithinMs: 1_000,
};

/** A short partition between two sites, upon which the other site takes over. */
export const shortPartition: Incident = {
  name: 'short-partition',
  source: {
    title: 'October 21 post-incident analysis',
    by: 'GitHub',
    year: 2018,
    url: 'https://github.blog/2018-10-30-oct21-post-incident-analysis/',
  },
  happened:
    'Two sites lost each other for 43 seconds, and the other site was given the primaries. Both had writes then that the other lacked; it took a day until all was consistent, and some writes had to be reconciled by hand.',
  replayed:
    'A group of three servers: the primary and one manager are on one side of a partition of 43 s, with clients of their own; two standbys and two managers on the other.',
  because:
    'A write is acknowledged only when a standby of the in-sync set holds it, so none is acknowledged on the side that has none; what the old primary holds beyond that it gives up, and says how much.',
  seed: 1,
  ...overGroup({
    lastsMs: 43_000,
    fixed: apart,
    faults: (during) => [
      { kind: 'partition', ...during, groups: [['n1'], ['n2', 'n3']] },
      { kind: 'flaky', server: primary, ...during, breakProbability: 1, maxDelayMs: 1 },
    ],
  }),
  without: withoutConfirmations(apart),
  mustHappen: ['a primary that lived was replaced', 'an old primary came back as a standby'],
  goesOnWithinMs: 5_000,
  recoversWithinMs: 1_000,
};

/** An operator wipes the data of the primary. */
export const wrongServer: Incident = {
  name: 'wrong-server',
  source: {
    title: 'Postmortem of database outage of January 31',
    by: 'GitLab',
    year: 2017,
    url: 'https://about.gitlab.com/blog/2017/02/10/postmortem-of-database-outage-of-january-31/',
  },
  happened:
    'While a standby that lagged was to be set up anew, its data directory was removed on the primary instead. Backups had failed unnoticed, and six hours of data were lost.',
  replayed: 'A group of three servers: the primary is stopped, and starts again after 5 s without any of its data.',
  because:
    'A server that has restarted is another member, and not in sync before it has copied everything (incarnations); the next primary is one of those that are in sync.',
  seed: 1,
  ...overGroup({
    lastsMs: 5_000,
    fixed: { isDurable: false, forgottenWrites: Number.POSITIVE_INFINITY },
    faults: (during) => [{ kind: 'outage', server: primary, ...during }],
  }),
  mustHappen: ['a dead primary was replaced', 'an old primary came back as a standby'],
  goesOnWithinMs: 4_000,
  recoversWithinMs: 1_000,
};
