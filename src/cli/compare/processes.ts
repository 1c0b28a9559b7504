/**
 * Clusters of `quorate node` processes on loopback, for live comparisons: their data is in temporary directories, and neither
 * processes nor directories outlive the command, also where it is interrupted.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecretFile } from '../../bus/tcp/secret/file.ts';
import type { LiveCluster, LiveClusters, LiveSetup } from '../../compare/live/cluster.ts';
import { type Clock, pause } from '../../environment/clock.ts';
import type { Environment } from '../../environment/environment.ts';
import { integerBelow, type Random } from '../../environment/random.ts';
import { ComparisonStoppedError, LiveClusterError, PortsTakenError } from '../errors.ts';
import { argumentsOf, host, type Member, requireFree } from '../up/members.ts';
import { createNodePlace, type NodePlace } from './node-place.ts';

/** How long a cluster may take until all nodes answer and one leads, in milliseconds. */
const patienceMs = 60_000;
/** How often it is looked whether they do, in milliseconds. */
const lookIntervalMs = 20;

/** Below what systems give out by themselves, so that no outgoing connection takes the port of a node that is down. */
const ports = { lowest: 10_000, highest: 30_000, attempts: 100 } as const;

/** Starts clusters of processes, and ends all of them. */
export interface ProcessClusters extends LiveClusters {
  /** Ends whatever still runs, removes its data, and starts nothing any more. Idempotent. */
  close(): Promise<void>;
}

export interface ProcessClustersOptions {
  /** The file that child processes run. */
  readonly program: string;
  readonly environment: Environment;
}

/** Makes a starter of clusters. `close` must be called in any case. */
export function createProcessClusters({ program, environment }: ProcessClustersOptions): ProcessClusters {
  const { clock, randomness } = environment;
  const random = randomness.stream('compare/ports');
  const open = new Set<LiveCluster>();
  let isClosed = false;
  const requireOpen = (): void => {
    if (isClosed) throw new ComparisonStoppedError('expected to go on, but was told to stop; nothing is started');
  };
  return {
    async start(setup) {
      requireOpen();
      const places = await placesOf(setup, random, program);
      const cluster = clusterOf(places.nodes, places.directory, (it) => void open.delete(it));
      open.add(cluster);
      try {
        requireOpen();
        for (const node of places.nodes) node.start();
        await untilOneLeads(cluster, places.nodes, clock);
        return cluster;
      } catch (error) {
        await cluster.close();
        throw error;
      }
    },
    async close() {
      isClosed = true;
      await Promise.all([...open].map((cluster) => cluster.close()));
    },
  };
}

interface Places {
  readonly directory: string;
  readonly nodes: readonly NodePlace[];
}

/** Where the nodes of a cluster are to run. */
async function placesOf({ nodes, replication }: LiveSetup, random: Random, program: string): Promise<Places> {
  const directory = await mkdtemp(join(tmpdir(), 'quorate-live-'));
  const members = await freeMembers(nodes, directory, random);
  const secretFile = join(directory, 'secret');
  createSecretFile(secretFile);
  const options = { nodes: nodes.length, data: directory, port: 0, cluster: 'comparison', secretFile };
  let elections = 0;
  const elected = (): number => {
    elections += 1;
    return elections;
  };
  return {
    directory,
    nodes: members.map((member) =>
      createNodePlace({
        id: member.id,
        address: `${host}:${member.tcpPort}`,
        program,
        args: argumentsOf(member, members, options, replication),
        elected,
      }),
    ),
  };
}

/** Nodes must know each other's ports before they start; HTTP, which nothing asks for, takes any. */
async function freeMembers(nodes: readonly string[], directory: string, random: Random): Promise<readonly Member[]> {
  for (let attempt = 1; ; attempt += 1) {
    const first = ports.lowest + integerBelow(random, ports.highest - ports.lowest);
    const members = nodes.map((id, at) => ({ id, httpPort: 0, tcpPort: first + at, directory: join(directory, id) }));
    try {
      await requireFree(members);
      return members;
    } catch (error) {
      if (!(error instanceof PortsTakenError) || attempt === ports.attempts) throw error;
    }
  }
}

function clusterOf(nodes: readonly NodePlace[], directory: string, closed: (it: LiveCluster) => void): LiveCluster {
  let closing: Promise<void> | undefined;
  const cluster: LiveCluster = {
    nodes,
    // The node that has become leader last is the one: one that stands still does not say that it leads no more.
    leader: () =>
      nodes
        .filter(({ ledSince }) => ledSince !== undefined)
        .toSorted((one, other) => (one.ledSince ?? 0) - (other.ledSince ?? 0))
        .at(-1)?.id,
    problem: () => nodes.find(({ problem }) => problem !== undefined)?.problem,
    close() {
      closing ??= (async () => {
        await Promise.all(nodes.map((node) => node.end()));
        await rm(directory, { recursive: true, force: true });
        closed(cluster);
      })();
      return closing;
    },
  };
  return cluster;
}

/** @throws LiveClusterError when a node fails, or time is over */
async function untilOneLeads(cluster: LiveCluster, nodes: readonly NodePlace[], clock: Clock): Promise<void> {
  const untilMs = clock.nowMs() + patienceMs;
  while (!nodes.every(({ isReady }) => isReady) || cluster.leader() === undefined) {
    const problem = cluster.problem();
    if (problem !== undefined) throw new LiveClusterError(`expected the nodes to run, got ${problem}`);
    if (clock.nowMs() > untilMs) {
      throw new LiveClusterError(
        `expected a leader within ${patienceMs} ms, got none; leave this machine more of its processors`,
      );
    }
    await pause(clock, lookIntervalMs);
  }
}
