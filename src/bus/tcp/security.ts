/**
 * What secures a channel, as far as the handshake is concerned: nothing, or TLS, whose certificates name nodes and whose
 * exporter binds the proofs of the handshake to this one channel (RFC 9266).
 */

import { TLSSocket } from 'node:tls';
import type { Channel } from './connection.ts';

export interface Security {
  readonly name: 'none' | 'tls';
  /** What proofs are over first, so that a relay between two channels is noticed. Known once the channel stands. */
  binding(): Uint8Array;
  /** @returns why the other side may not be this node; undefined when it may */
  objectionTo(cluster: string, node: string): string | undefined;
}

const none: Security = { name: 'none', binding: () => new Uint8Array(), objectionTo: () => undefined };

export function securityOf(socket: Channel): Security {
  if (!(socket instanceof TLSSocket)) return none;
  return {
    name: 'tls',
    binding: () => new Uint8Array(socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0))),
    objectionTo(cluster, node) {
      if (`${socket.authorizationError}` === 'CERT_REVOKED') return 'shows a certificate that was revoked';
      if (!socket.authorized) return `shows no certificate that the cluster's authority vouches for now`;
      const { subjectaltname: names } = socket.getPeerCertificate();
      return isNamed(names, cluster, node) ? undefined : `shows the certificate of ${names ?? 'nobody'}`;
    },
  };
}

/** How the certificate of a node names it. */
export const nodeUri = (cluster: string, node: string): string =>
  `quorate://${encodeURIComponent(cluster)}/${encodeURIComponent(node)}`;

/**
 * Whether a certificate is that of a node: it has the node's URI, or no URI of any node and the node's id as a DNS name.
 *
 * @param names the subject's alternative names as Node prints them: separated by commas, quoted where they hold one
 */
export function isNamed(names: string | undefined, cluster: string, node: string): boolean {
  // Quoted names are none of ours, and may hold what looks like several (CVE-2021-44532).
  const listed = (names ?? '').replace(/"(?:[^"\\]|\\.)*"/g, '').split(', ');
  const uris = listed.filter((name) => name.startsWith('URI:quorate://'));
  return uris.length > 0 ? uris.includes(`URI:${nodeUri(cluster, node)}`) : listed.includes(`DNS:${node}`);
}
