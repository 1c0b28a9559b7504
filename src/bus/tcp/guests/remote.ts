/** What the address at the other end of a socket says. It is the socket's own word; no header or introduction counts. */

import { isIPv4, isIPv6, type Socket } from 'node:net';
import { textOf } from '../options.ts';

/** Where an accepted channel comes from. What it says is the transport's own word; no introduction counts. */
export interface Provenance {
  /** The other end, for people. */
  readonly remote: string;
  /** What counts as one place where places share something scarce. */
  readonly place: string;
  /** Whether it comes from this machine. */
  readonly isLocal: boolean;
  /** Whether a node may be at the other end, and not clients alone. */
  readonly mayBeNode: boolean;
}

/** Where a socket says that it comes from. A node may be anywhere. */
export const provenanceOf = ({
  remoteAddress,
  remotePort,
}: Pick<Socket, 'remoteAddress' | 'remotePort'>): Provenance => ({
  remote: textOf({ host: remoteAddress ?? 'unknown', port: remotePort ?? 0 }),
  place: placeOf(remoteAddress),
  isLocal: isLoopback(remoteAddress),
  mayBeNode: true,
});

/** An IPv4 address that is written as an IPv6 one (RFC 4291 §2.5.5.2), as sockets that listen on both show them. */
const mapped = /^::ffff:(?<ipv4>\d+\.\d+\.\d+\.\d+)$/i;

const plain = (address: string): string => mapped.exec(address)?.groups?.ipv4 ?? address;

/**
 * Whether a connection comes from this machine. What a proxy on this machine lets through does, too.
 *
 * @param address as the socket has it; undefined when it is closed already, which is taken for elsewhere
 */
export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false;
  const it = plain(address);
  return isIPv4(it) ? it.startsWith('127.') : it === '::1';
}

/**
 * What counts as one place when places share something scarce: an IPv4 address, or the first 64 bits of an IPv6 address, as
 * one machine usually has all addresses that begin with them.
 */
export function placeOf(address: string | undefined): string {
  const it = plain(address ?? 'unknown').replace(/%.*$/, '');
  if (!isIPv6(it)) return it;
  const [head = '', tail = ''] = it.split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === '' ? [] : tail.split(':');
  const zeros = it.includes('::') ? Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => '0') : [];
  return [...first, ...zeros, ...last].slice(0, 4).join(':');
}
