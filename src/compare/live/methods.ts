/** What of the methods can run as processes of one machine without privileges, and why the rest cannot. */

import type { Mode } from '../../../statecharts/replication/modes.ts';
import type { Replication } from '../../services/store/log/protocol-names.ts';
import type { Method } from '../contract.ts';
import { type FaultName, machines } from '../faults.ts';
import type { LiveSetup } from './cluster.ts';

/** A method that runs as processes. */
export interface LiveMethod {
  readonly method: Method;
  readonly setup: LiveSetup;
}

/** A method that does not, and why. */
export interface NotLive {
  readonly name: string;
  readonly title: string;
  readonly notApplicable: string;
}

const three = (replication: Replication): LiveSetup => ({ nodes: machines, replication });
const byPrimary = (mode: Mode): LiveSetup => three({ protocol: 'primary-backup', mode });

const setups: Readonly<Record<string, LiveSetup>> = {
  raft: three({ protocol: 'raft' }),
  'multi-paxos': three({ protocol: 'paxos' }),
  'primary-backup-sync': byPrimary('sync'),
  'primary-backup-quorum': byPrimary('quorum'),
  'primary-backup-async': byPrimary('async'),
  none: { nodes: ['n1'], replication: { protocol: 'raft' } },
};

const network = 'ways between processes on loopback are cut by the rules of a firewall, which takes privileges';

/** Why faults are not done to processes that are more than a signal: SIGKILL is a crash, SIGSTOP a pause. */
const spared: Readonly<Partial<Record<FaultName, string>>> = {
  'disk-stall': 'a disk is stalled by a device mapper or a file system of its own, which takes privileges',
  'full-partition': network,
  'partial-partition': network,
  'asymmetric-loss': network,
  'clock-drift': 'processes of one machine have one monotonic clock',
  'zone-loss': 'all processes are on one machine, which is one zone',
};

const operations: Pick<Method['operations'], 'transfer' | 'read'> = {
  transfer: {
    how: 'a linearizable read of both accounts and a put on condition of their version, once more where that has changed',
  },
  read: { how: 'one linearizable read of the key that holds both accounts' },
};

const notCounted = 'what processes send and flush is not counted; the simulator counts it';

/** Why a method has no processes here. */
const whyNot = ({ servers, title }: Method): string =>
  servers.length > 0
    ? 'its databases or servers are outside of the nodes, and would have to be installed'
    : `${title} is none of the protocols of \`quorate node\``;

/** Sorts methods into those that run as processes, in their order, and those that do not. */
export function sortedOut(methods: readonly Method[]): {
  readonly live: readonly LiveMethod[];
  readonly notLive: readonly NotLive[];
} {
  const live: LiveMethod[] = [];
  const notLive: NotLive[] = [];
  for (const method of methods) {
    const setup = setups[method.name];
    if (setup === undefined) notLive.push({ name: method.name, title: method.title, notApplicable: whyNot(method) });
    else live.push({ method: asProcesses(method, setup), setup });
  }
  return { live, notLive };
}

/** The same method with what is different of its processes. */
const asProcesses = (method: Method, { nodes }: LiveSetup): Method => ({
  ...method,
  about: `${method.about} Here: ${nodes.length === 1 ? 'one process' : `${nodes.length} processes`} of \`quorate node\` on loopback.`,
  operations: { ...method.operations, ...operations },
  lacks: { ...method.lacks, messages: notCounted, flushes: notCounted },
  spared: { ...method.spared, ...spared },
});
