/** The nodes that `quorate up` starts: their names, ports, directories, and how each is told of the others. */

import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Replication, WantedReplication } from '../../services/store/log/protocol-names.ts';
import { durabilityArguments } from '../durability.ts';
import { ClusterOptionsError, PortsTakenError } from '../errors.ts';
import { type TimingOptions, timingArguments } from '../timing.ts';

/** What `quorate up` is told. */
export interface UpOptions extends WantedReplication, TimingOptions {
  readonly nodes: number;
  readonly data: string;
  readonly port: number;
  readonly cluster: string;
  readonly secretFile?: string;
  /** The URL of a NATS server; true for the one of this machine. */
  readonly nats?: true | string;
  readonly inspect?: true;
  /** The port of the dashboard; by default any, and false where none is wanted. */
  readonly dashboard?: number | boolean;
  readonly json?: true;
}

export interface Member {
  readonly id: string;
  readonly httpPort: number;
  readonly tcpPort: number;
  readonly directory: string;
}

export const host = '127.0.0.1';
/** From a node's HTTP port to the port where other nodes and clients connect. */
export const tcpPortOffset = 100;
export const mostNodes = 15;
export const localNats = `nats://${host}:4222`;

/** The NATS server over which nodes reach each other, if they do. */
export const natsOf = ({ nats }: UpOptions): string | undefined => (nats === true ? localNats : nats);

/** @throws ClusterOptionsError */
export function membersOf({ nodes, port, data }: UpOptions): readonly Member[] {
  const last = port + tcpPortOffset + nodes - 1;
  if (last > 65_535) {
    throw new ClusterOptionsError(
      `expected room for ${nodes} nodes above port ${port}, but the last port would be ${last}; choose --port ${65_536 - tcpPortOffset - nodes} or less`,
    );
  }
  return Array.from({ length: nodes }, (_, index) => {
    const id = `n${index + 1}`;
    return { id, httpPort: port + index, tcpPort: port + tcpPortOffset + index, directory: join(data, id) };
  });
}

/** Asks before anything is started, so that nothing has to be taken back. @throws PortsTakenError */
export async function requireFree(members: readonly Member[]): Promise<void> {
  const ports = members.flatMap(({ httpPort, tcpPort }) => [httpPort, tcpPort]);
  const problems = await Promise.all(ports.map(problemOfPort));
  const found = ports.flatMap((port, index) => (problems[index] === undefined ? [] : `${port} (${problems[index]})`));
  if (found.length === 0) return;
  throw new PortsTakenError(
    `expected free ports, but cannot listen on ${found.join(', ')}; is a cluster running already? Stop it, or choose others with --port`,
  );
}

const problemOfPort = (port: number): Promise<string | undefined> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve('code' in error ? String(error.code) : error.message));
    server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  });

/** Where the secret of the cluster lies: in its data directory, unless it is shared with nodes on other machines. */
export const secretFileOf = ({ secretFile, data }: UpOptions): string => secretFile ?? join(data, 'secret');

/** The arguments of `quorate node` for a member. */
export function argumentsOf(
  member: Member,
  members: readonly Member[],
  options: UpOptions,
  { protocol, ...durability }: Replication,
): string[] {
  const { cluster, inspect, dashboard } = options;
  const { id, httpPort, tcpPort, directory } = member;
  const peers = members.filter((other) => other !== member);
  const nats = natsOf(options);
  return [
    ...['--id', id, '--cluster', cluster, '--data', directory],
    ...['--protocol', protocol, '--secret-file', secretFileOf(options)],
    ...durabilityArguments(durability),
    ...timingArguments(options),
    ...['--listen', `${host}:${tcpPort}`, '--http', `${host}:${httpPort}`],
    ...peers.flatMap((peer) => ['--peer', `${peer.id}=${host}:${peer.tcpPort}`]),
    ...(nats === undefined ? [] : ['--nats', nats]),
    ...(inspect === undefined ? [] : ['--inspect']),
    ...(dashboard === false ? [] : ['--watched']),
  ];
}
