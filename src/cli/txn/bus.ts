/**
 * The bus of a node that does not run, for as long as a command takes: at the node's own address, and with its journal. To
 * the other nodes it is as if the node were back.
 */

import type { Bus, PeerStatus } from '../../bus/bus.ts';
import { createTcpBus, readSecretFile } from '../../bus/tcp.ts';
import type { Environment } from '../../environment/environment.ts';
import type { Journal } from '../../journal/journal.ts';
import { hasLived } from '../../services/lives/memory.ts';
import { createWitness } from '../../services/lives/witness.ts';
import { createDurablePeerMemory, hasPeerMemory } from '../../services/peer-journals.ts';
import { beginLifeIn } from '../../services/start-node.ts';
import { checkReach } from '../node/checks.ts';
import { textOf } from '../options.ts';
import type { TogetherConfig, TxnConfig } from './config.ts';

/** Such a bus. */
export interface OwnBus {
  readonly bus: Bus;
  /** Whether a peer is connected now. */
  isConnected(peer: string): boolean;
  /** How each peer stands, for people. */
  standings(): string;
}

/**
 * Opens the bus, which begins to connect to the others.
 *
 * @param isIntroduced whether the node tells the others the id of its journal; one that remembers theirs always does
 * @throws ClusterOptionsError where other machines would reach it without TLS; the errors of `createTcpBus` and of `readSecretFile`
 */
export async function openBus(
  {
    node,
    address,
    cluster = 'quorate',
    secretFile,
    dataDirectory,
    security,
  }: TxnConfig & { readonly dataDirectory: string },
  { peers, listen = address }: TogetherConfig,
  environment: Environment,
  journal: Journal,
  isIntroduced: boolean,
): Promise<OwnBus> {
  const { clock } = environment;
  const { secured, insecure = false } = security ?? {};
  checkReach(listen === undefined ? {} : { [`'listen' of ${node}`]: listen }, secured !== undefined || insecure);
  const remembersPeers = hasPeerMemory(journal);
  // A node that was started by one call is known to its peers by its lives, too.
  const life = hasLived(journal)
    ? beginLifeIn(dataDirectory, { journal, clock, ids: environment.ids, isPeer: (peer) => Object.hasOwn(peers, peer) })
    : undefined;
  const tcp = await createTcpBus({
    node,
    cluster,
    ...(secretFile === undefined ? {} : { secret: readSecretFile(secretFile) }),
    ...(secured === undefined ? {} : { tls: secured.tls }),
    peers,
    environment,
    ...(listen === undefined ? {} : { listen }),
    ...(isIntroduced || remembersPeers ? { journalId: journal.id } : {}),
    ...(remembersPeers ? { peerMemory: createDurablePeerMemory(journal) } : {}),
  });
  const bus =
    life === undefined ? tcp : createWitness({ ...life, bus: tcp, clock, peers: () => Object.keys(peers) }).bus;
  const statuses = new Map<string, PeerStatus>();
  bus.peers.subscribe((status) => void statuses.set(status.node, status));
  const standingOf = ([peer, at]: [string, TogetherConfig['peers'][string]]): string => {
    const { status = 'disconnected', reason } = statuses.get(peer) ?? {};
    return `${peer} at ${textOf(at)} is ${status}${reason === undefined ? '' : `: ${reason}`}`;
  };
  return {
    bus,
    isConnected: (peer) => statuses.get(peer)?.status === 'connected',
    standings: () => Object.entries(peers).map(standingOf).join('; '),
  };
}
