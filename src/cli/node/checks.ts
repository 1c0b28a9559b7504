/** What is refused of the places that a node is told before anything is started. */

import type { HostPort } from '../../bus/tcp.ts';
import { ClusterOptionsError } from '../errors.ts';
import { isLoopback, type Peers, textOf } from '../options.ts';
import type { TlsFiles } from './tls-files.ts';

/** What says where a node and its peers are, and what keeps them to themselves. */
export interface Placed {
  readonly id: string;
  readonly listen: HostPort;
  readonly http: HostPort;
  readonly peer?: Peers;
  readonly secretFile?: string;
  readonly nats?: string;
  readonly insecure?: true;
  readonly tokens?: string;
}

/** Refuses to let others read along unasked. @throws ClusterOptionsError */
export function checkSecurity({ listen, http, nats, insecure }: Placed, files: TlsFiles | undefined): void {
  // Over NATS, nothing listens at the place of the node.
  const places = { ...(nats === undefined ? { '--listen': listen } : {}), '--http': http };
  checkReach(places, files !== undefined || insecure === true);
}

/**
 * Refuses places that other machines reach, unless that is secured or asked for.
 *
 * @param places where it listens, by what says so
 * @throws ClusterOptionsError
 */
export function checkReach(places: Readonly<Record<string, HostPort>>, isAllowed: boolean): void {
  if (isAllowed) return;
  for (const [name, at] of Object.entries(places)) {
    if (isLoopback(at)) continue;
    throw new ClusterOptionsError(
      `expected --ca, --cert and --key, as ${name} ${textOf(at)} is reached from other machines, got none; quorate certs makes them, or say --insecure where all that reach the network may read along`,
    );
  }
}

/** Refuses what cannot become a cluster. @throws ClusterOptionsError */
export function checkMembers({ id, listen, http, peer = new Map(), secretFile, tokens }: Placed): void {
  if (peer.has(id)) {
    throw new ClusterOptionsError(
      `expected the other nodes as peers, got ${id} itself; leave out --peer ${id}=..., or correct --id`,
    );
  }
  const owners = new Map([[textOf(listen), `--listen of ${id}`]]);
  const claims: [address: HostPort, owner: string][] = [[http, `--http of ${id}`]];
  for (const [name, address] of peer) claims.push([address, `--peer ${name}`]);
  for (const [address, owner] of claims) {
    const text = textOf(address);
    const other = owners.get(text);
    if (other !== undefined && address.port !== 0) {
      throw new ClusterOptionsError(`expected an address of its own for each, got ${text} for ${other} and ${owner}`);
    }
    owners.set(text, owner);
  }
  if (peer.size > 0 && secretFile === undefined) {
    throw new ClusterOptionsError(
      'expected --secret-file with what all nodes share, as there are peers, got none; make one with: quorate secret new --secret-file FILE',
    );
  }
  if (tokens !== undefined && secretFile === undefined) {
    throw new ClusterOptionsError(
      'expected --secret-file, from which tokens are derived, beside --tokens, got none; make one with: quorate secret new --secret-file FILE',
    );
  }
}
