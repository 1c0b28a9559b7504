/** Readers of option values; each refuses with what was expected, what came, and often with what was meant. */

import { isIPv4, isIPv6 } from 'node:net';
import { InvalidArgumentError, Option } from 'commander';
import { isId } from '../../statecharts/actor.ts';
import type { HostPort, OpenClients } from '../bus/tcp.ts';
import { type LogProtocolName, logProtocolNames } from '../services/store/log/protocol-names.ts';

/** @throws InvalidArgumentError */
export function nodeIdIn(text: string): string {
  if (isId(text)) return text;
  throw new InvalidArgumentError(`Expected 1 to 64 letters, digits, '.', '-' or '_', like n1.`);
}

/** @throws InvalidArgumentError */
export function nameIn(text: string): string {
  if (/^[\w.-]{1,64}$/.test(text)) return text;
  throw new InvalidArgumentError(`Expected 1 to 64 letters, digits, '.', '-' or '_'.`);
}

/** Reads by which protocol a store is replicated. @throws InvalidArgumentError */
export function logProtocolIn(text: string): LogProtocolName {
  const known = logProtocolNames.find((name) => name === text);
  if (known !== undefined) return known;
  throw new InvalidArgumentError(
    `There is no protocol '${text}' for a store; there are: ${logProtocolNames.join(', ')}.`,
  );
}

/** Reads integers of a range. */
export const integerIn =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d{1,15}$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
  };

/** Reads numbers above 0. @throws InvalidArgumentError */
export function positiveIn(text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Expected a number above 0.');
}

/** Reads `HOST:PORT` or `[IPV6]:PORT`; port 0 stands for any that is free. @throws InvalidArgumentError */
export function hostPortIn(text: string): HostPort {
  const {
    host = '',
    ipv6,
    port = '',
  } = /^(?:\[(?<ipv6>.*)\]|(?<host>[^\s:[\]/]+)):(?<port>\d{1,5})$/.exec(text)?.groups ?? {};
  const isHost = ipv6 === undefined ? host !== '' : isIPv6(ipv6);
  if (isHost && Number(port) <= 65_535) return { host: ipv6 ?? host, port: Number(port) };
  throw new InvalidArgumentError(`Expected HOST:PORT with a port up to 65535${meantBy(text)}.`);
}

/** The option of a command that asks a node over HTTP. */
export const nodeOption = (what = 'where a node serves HTTP'): Option =>
  new Option('--node <host:port>', what).argParser(hostPortIn).default(hostPortIn('127.0.0.1:4701'), '127.0.0.1:4701');

function meantBy(text: string): string {
  if (/^:?\d{1,5}$/.test(text)) return `; did you mean 127.0.0.1:${text.replace(':', '')}`;
  const { host, port } = /^\w+:\/\/(?<host>[^/:]+):(?<port>\d+)\/?$/.exec(text)?.groups ?? {};
  if (host !== undefined) return `; did you mean ${host}:${port}`;
  if (isIPv6(text)) return `; an IPv6 address goes in brackets: [${text}]:5701`;
  return ', like 10.0.0.1:5701';
}

/** @throws InvalidArgumentError */
export function openClientsIn(text: string): OpenClients {
  if (text === 'all' || text === 'loopback' || text === 'none') return text;
  throw new InvalidArgumentError('Expected all, loopback or none.');
}

/** @throws InvalidArgumentError */
export function natsIn(text: string): string {
  const { protocol, hostname } = URL.canParse(text) ? new URL(text) : { protocol: '', hostname: '' };
  if (['nats:', 'tls:'].includes(protocol) && hostname !== '') return text;
  throw new InvalidArgumentError('Expected a URL like nats://127.0.0.1:4222 (or tls://...).');
}

export type Peers = ReadonlyMap<string, HostPort>;

/** Reads one more `ID=HOST:PORT`. @throws InvalidArgumentError */
export function peerIn(text: string, earlier: Peers = new Map()): Peers {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('Expected ID=HOST:PORT, like n2=10.0.0.2:5701.');
  const id = nodeIdIn(text.slice(0, equals));
  if (earlier.has(id)) throw new InvalidArgumentError(`Peer ${id} was named before; name each node once.`);
  const address = hostPortIn(text.slice(equals + 1));
  if (address.port === 0) throw new InvalidArgumentError(`Port 0 cannot be dialled; name the port of ${id}.`);
  return new Map([...earlier, [id, address]]);
}

/** Whether what is said there stays on this machine. */
export const isLoopback = ({ host }: HostPort): boolean =>
  host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));

/** `host:port`, with brackets around an IPv6 address. */
export const textOf = ({ host, port }: HostPort): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
