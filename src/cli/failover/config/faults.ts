/** What does not fit together in a configuration that reads as one. */

import { type HostPort, textOf } from '../../../bus/tcp.ts';
import { listed } from '../../config/sections.ts';
import type { FailoverConfig } from './schema.ts';

/** The first fault, and where it stands; undefined if there is none. */
export function faultOf({
  kind,
  managers,
  secretFile,
  mode,
  confirmations,
  primary,
  discardOthers,
  servers,
  standbys,
}: FailoverConfig): string | undefined {
  const count = Object.keys(managers).length;
  if (count % 2 === 0) {
    return `managers: expected 1, 3, 5 or 7, got ${count}, of which no more may fail than of ${count - 1}; add one, or leave one out`;
  }
  if (count > 1 && secretFile === undefined) {
    return 'secretFile: it is missing: managers prove to each other that they share a secret; make one with: quorate secret new --secret-file FILE';
  }
  const names = Object.keys(servers);
  const cased = kind === 'postgres' ? likeAnother(names) : undefined;
  if (cased !== undefined) {
    return `servers.${cased}: expected a name that differs from the others in more than its case, as PostgreSQL takes those for the same`;
  }
  const able = Object.entries(servers).filter(([, { promotable = true }]) => promotable);
  if (able.length === 0) return "servers: expected one or more that may be primary, but all are 'promotable: false'";
  if (primary !== undefined && !able.some(([it]) => it === primary)) {
    return `primary: expected one of ${listed(able.map(([it]) => it))}, got '${primary}'`;
  }
  if (discardOthers === true && primary === undefined) {
    return "discardOthers: expected 'primary' beside it: which server's data are to stay";
  }
  if (mode === 'pass-through' && confirmations !== undefined) {
    return "confirmations: in mode 'pass-through' writes wait for none; leave it out, or use mode 'durable'";
  }
  const confirming = able.filter(([, { standby = 'hot' }]) => standby === 'hot').length;
  const wanted = confirmations ?? 1;
  if (mode === 'durable' && confirming <= wanted) {
    return `confirmations: expected more than ${wanted} hot servers that may be primary, as each write waits for ${wanted} besides the primary, got ${confirming}`;
  }
  if (standbys !== undefined && standbys >= names.length) {
    return `standbys: expected fewer than there are servers, ${names.length}, got ${standbys}`;
  }
  return sharedAddress(managers, servers);
}

function sharedAddress(managers: FailoverConfig['managers'], servers: FailoverConfig['servers']): string | undefined {
  const owners = new Map<string, string>();
  const places: readonly (readonly [owner: string, at: HostPort])[] = [
    ...Object.entries(managers).flatMap(([id, { listen, http }]) => [
      [`managers.${id}.listen`, listen] as const,
      [`managers.${id}.http`, http] as const,
    ]),
    ...Object.entries(servers).map(([id, { address }]) => [`servers.${id}.address`, address] as const),
  ];
  for (const [owner, at] of places) {
    const other = owners.get(textOf(at));
    if (other !== undefined) return `${owner}: expected an address of its own, got ${textOf(at)}, which is ${other}`;
    owners.set(textOf(at), owner);
  }
  return undefined;
}

/** The first of the names that another one before it is, but for its case. */
const likeAnother = (names: readonly string[]): string | undefined =>
  names.find((name, at) => names.findIndex((it) => it.toLowerCase() === name.toLowerCase()) < at);
