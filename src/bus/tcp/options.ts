/** The numbers that a TCP bus works with, their defaults, and the check of what was asked for instead. */

import { isId } from '../../../statecharts/actor.ts';
import { BusOptionsError } from '../errors.ts';

/** Where something listens. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** What a bus holds at most. */
export interface TcpLimits {
  /** The largest frame that is sent or taken in, in bytes; 8 MiB by default. The same on all nodes of a cluster. */
  readonly frameLimitBytes: number;
  /** Envelopes that may wait for one peer; 16,384 by default. Beyond it the newest are dropped and reported. */
  readonly queueLimit: number;
  /** Bytes that may wait for one peer; 64 MiB by default, and not less than one frame. */
  readonly queueLimitBytes: number;
  /**
   * Clients' connections at the same time; 1,024 by default. Peers do not count: there is always room for them. While
   * there is room, an address may hold all of it; when there is none, the one that holds most gives way to others.
   */
  readonly connectionLimit: number;
  /**
   * Accepted connections that are still in their handshake; 256 by default, each of which costs at most 8 KiB. Beyond it,
   * the oldest of the address that holds most is closed.
   */
  readonly handshakeLimit: number;
  /**
   * Bytes that may wait for all clients together before those that take nothing lose their connections; 64 MiB by default.
   * Services hold answers back before it comes to that.
   */
  readonly clientBacklogBytes: number;
  /**
   * Bytes of frames that clients have begun and not ended, over all of them; 64 MiB by default, and not less than one frame.
   * Beyond it the one that has sent most of such a frame is closed.
   */
  readonly clientIntakeBytes: number;
  /** Rejected addresses that are told to one peer within a second; 100 by default. */
  readonly rejectionsPerSecond: number;
}

/** How long a bus waits, in milliseconds. */
export interface TcpTiming {
  /** From dialling, or accepting, to the end of the handshake; 5,000 by default. */
  readonly handshakeTimeoutMs: number;
  /** Between two pings; 1,000 by default. */
  readonly pingIntervalMs: number;
  /** How long a peer may be silent, although pinged, before its connection counts as dead; 5,000 by default. */
  readonly silenceTimeoutMs: number;
  /** Before the first attempt to connect again; 50 by default. It doubles with each failure, with jitter. */
  readonly reconnectMinMs: number;
  /** Between attempts to connect, at most; 2,000 by default. */
  readonly reconnectMaxMs: number;
  /** Before a peer that refused, or was refused, is tried again; 10,000 by default. */
  readonly refusedRetryMs: number;
  /** How long closing waits for peers to take what is on its way; 1,000 by default. */
  readonly closeTimeoutMs: number;
}

const defaultLimits: TcpLimits = {
  frameLimitBytes: 8 * 1_024 * 1_024,
  queueLimit: 16_384,
  queueLimitBytes: 64 * 1_024 * 1_024,
  connectionLimit: 1_024,
  handshakeLimit: 256,
  clientBacklogBytes: 64 * 1_024 * 1_024,
  clientIntakeBytes: 64 * 1_024 * 1_024,
  rejectionsPerSecond: 100,
};
const defaultTiming: TcpTiming = {
  handshakeTimeoutMs: 5_000,
  pingIntervalMs: 1_000,
  silenceTimeoutMs: 5_000,
  reconnectMinMs: 50,
  reconnectMaxMs: 2_000,
  refusedRetryMs: 10_000,
  closeTimeoutMs: 1_000,
};

/** Fills in the defaults. @throws BusOptionsError for numbers that make no sense */
export function limitsOf(wanted: Partial<TcpLimits> = {}): TcpLimits {
  const limits = { ...defaultLimits, ...wanted };
  for (const [name, value] of Object.entries(limits)) expectPositive(name, value, Number.isSafeInteger(value));
  if (limits.frameLimitBytes > 2 ** 31) {
    throw new BusOptionsError(`expected frameLimitBytes of at most 2 GiB, got ${limits.frameLimitBytes}`);
  }
  for (const name of ['queueLimitBytes', 'clientIntakeBytes'] as const) {
    if (limits[name] >= limits.frameLimitBytes) continue;
    throw new BusOptionsError(
      `expected ${name} of at least frameLimitBytes (${limits.frameLimitBytes}), got ${limits[name]}; raise it, or lower the frame limit`,
    );
  }
  return limits;
}

/** Fills in the defaults. @throws BusOptionsError for times that make no sense */
export function timingOf(wanted: Partial<TcpTiming> = {}): TcpTiming {
  const timing = { ...defaultTiming, ...wanted };
  for (const [name, value] of Object.entries(timing)) expectPositive(name, value, Number.isFinite(value));
  if (timing.silenceTimeoutMs < timing.pingIntervalMs) {
    throw new BusOptionsError(
      `expected silenceTimeoutMs of at least pingIntervalMs (${timing.pingIntervalMs}), got ${timing.silenceTimeoutMs}`,
    );
  }
  return timing;
}

function expectPositive(name: string, value: number, valid: boolean): void {
  if (!valid || value <= 0) throw new BusOptionsError(`expected ${name} to be a number above 0, got ${value}`);
}

/** @throws BusOptionsError when `id` cannot name a node */
export function checkNodeId(id: string): void {
  if (isId(id)) return;
  throw new BusOptionsError(`expected a node id of 1 to 64 letters, digits, '.', '-' or '_', got '${id}'`);
}

/** @param least 0 where a free port may be chosen. @throws BusOptionsError when it cannot listen there */
export function checkHostPort({ host, port }: HostPort, least: 0 | 1): void {
  if (host !== '' && Number.isInteger(port) && port >= least && port <= 65_535) return;
  throw new BusOptionsError(`expected a host and a port from ${least} to 65535, got '${host}' and ${port}`);
}

/** `host:port`, with brackets around an IPv6 address. */
export const textOf = ({ host, port }: HostPort): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
