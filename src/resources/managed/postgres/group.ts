/** What a managed PostgreSQL server knows of its group: names, addresses, and how they stand in settings. */

import type { GaveUp } from '../../../../statecharts/failover/servers.ts';
import type { Clock } from '../../../environment/clock.ts';
import { ServerRefusedError } from '../errors.ts';
import type { PostgresHost } from './host.ts';
import type { Ask, SessionParts } from './session.ts';

/** A server within its group. */
export interface Grouped {
  readonly group: string;
  readonly server: string;
  readonly clock: Clock;
  /** URLs of all servers of the group, by name. */
  readonly urls: ReadonlyMap<string, string>;
  /** What a server keeps of its log for standbys that are behind. */
  readonly walKeepMegabytes: number;
  readonly host: PostgresHost | undefined;
}

/** One operation under a claim. */
export interface Controlled extends Grouped {
  /** The session of the claim, within the time of the operation. */
  ask(): Ask;
  /** Claims the server again, in the same term: it was restarted by the operation itself. */
  reclaim(): Promise<void>;
  /** To be told what the server gives up. */
  onGaveUp(it: GaveUp): void;
}

/** The session of a claim. */
export const claimLabel = (group: string, term: number): string => `quorate/${group}/${term}`;

/** Sessions that only look. */
export const lookLabel = (group: string): string => `quorate-look/${group}`;

/** The parts of a session at a server of the group. */
export function sessionAt(
  { group, clock, urls }: Grouped,
  server: string,
  { label = lookLabel(group), isReplication = false } = {},
): Omit<SessionParts, 'limit'> {
  const url = urls.get(server);
  if (url === undefined) {
    throw new ServerRefusedError(
      'NOT_POSSIBLE',
      `expected a server of the group, one of ${[...urls.keys()].join(', ')}; got '${server}'`,
    );
  }
  return { name: server, url, label, clock, isReplication };
}

/** How the server connects to its primary. */
export function connInfoOf(grouped: Grouped, primary: string): string {
  const { hostname, port, username, password, searchParams } = new URL(sessionAt(grouped, primary).url);
  const parts: readonly (readonly [string, string | null])[] = [
    ['host', hostname.replace(/^\[(.*)\]$/, '$1')],
    ['port', port || '5432'],
    ['user', decodeURIComponent(username)],
    ['password', decodeURIComponent(password)],
    ['sslmode', searchParams.get('sslmode')],
    ['application_name', grouped.server],
    ['connect_timeout', '5'],
  ];
  return parts
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => `${name}='${(value ?? '').replace(/[\\']/g, '\\$&')}'`)
    .join(' ');
}

/** The server that connection settings lead to, if it is one of the group. */
export function serverOf({ urls }: Grouped, connInfo: string): string | null {
  const parameter = (name: string): string | undefined => {
    const [, quoted, plain] = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:'([^']*)'|(\\S+))`).exec(connInfo) ?? [];
    return quoted ?? plain;
  };
  const [host, port] = [parameter('host'), parameter('port') ?? '5432'];
  for (const [server, url] of urls) {
    const parsed = new URL(url);
    if (parsed.hostname.replace(/^\[(.*)\]$/, '$1') === host && (parsed.port || '5432') === port) return server;
  }
  return null;
}
