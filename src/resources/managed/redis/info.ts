/** What Redis says of itself with INFO, as far as it is about replication. */

import type { Position } from '../../../../statecharts/failover/servers.ts';

/** Where a server of Redis listens. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

export interface Replica extends RedisAddress {
  /** Whether it has all of an initial copy. */
  readonly isOnline: boolean;
  /** How far it has confirmed to hold the stream; it says so once a second, and when WAIT asks. */
  readonly offset: number;
}

export interface ReplicationInfo {
  readonly isPrimary: boolean;
  /** As Redis shows it; of a replica it may be of data that it has lost (see `positionOf` in status.ts). */
  readonly position: Position;
  /** The history before the last promotion, and how far the present one goes on with it. */
  readonly earlier: Position | undefined;
  /** Of a replica: whom it was told to follow. */
  readonly source: RedisAddress | undefined;
  /** Of a replica: whether the stream is up, and its data are whole. */
  readonly isLinked: boolean;
  /** Of a replica: whether an initial copy is under way. */
  readonly isCopying: boolean;
  /** Of a primary, in the order of Redis. */
  readonly replicas: readonly Replica[];
}

export type InfoFields = ReadonlyMap<string, string>;

/** The fields of any sections. */
export function fieldsOf(info: string): InfoFields {
  const fields = new Map<string, string>();
  for (const line of info.split('\r\n')) {
    const at = line.indexOf(':');
    if (at > 0) fields.set(line.slice(0, at), line.slice(at + 1));
  }
  return fields;
}

/** What the section `replication` says. */
export function replicationOf(fields: InfoFields): ReplicationInfo {
  const isPrimary = fields.get('role') === 'master';
  const history = fields.get('master_replid') ?? '';
  const port = numberIn(fields, 'master_port');
  const source = isPrimary ? undefined : { host: fields.get('master_host') ?? '', port };
  const second = numberIn(fields, 'second_repl_offset');
  return {
    isPrimary,
    position: { history, offset: numberIn(fields, isPrimary ? 'master_repl_offset' : 'slave_repl_offset') },
    // Redis counts from the first byte that differs.
    earlier: second > 0 ? { history: fields.get('master_replid2') ?? '', offset: second - 1 } : undefined,
    source,
    isLinked: fields.get('master_link_status') === 'up',
    isCopying: fields.get('master_sync_in_progress') === '1',
    replicas: isPrimary ? replicasIn(fields) : [],
  };
}

function replicasIn(fields: InfoFields): readonly Replica[] {
  const replicas: Replica[] = [];
  for (const [name, text] of fields) {
    if (!/^slave\d+$/.test(name)) continue;
    const parts = new Map(
      text.split(',').map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]),
    );
    replicas.push({
      host: parts.get('ip') ?? '',
      port: numberIn(parts, 'port'),
      isOnline: parts.get('state') === 'online',
      offset: numberIn(parts, 'offset'),
    });
  }
  return replicas;
}

function numberIn(fields: InfoFields, name: string): number {
  const number = Number(fields.get(name));
  return Number.isSafeInteger(number) && number >= 0 ? number : 0;
}

/** The server of the group at an address; replicas announce exactly the address by which the group knows them. */
export const serverAt = (
  servers: Readonly<Record<string, RedisAddress>>,
  { host, port }: RedisAddress,
): string | undefined =>
  Object.entries(servers).find(([, address]) => address.host === host && address.port === port)?.[0];
