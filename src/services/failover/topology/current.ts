/** What clients must know of a group, taken from what is recorded of it, and from what the manager in office sees. */

import { hasPrimary, type Sight, type Standing, type Topology } from '../../../../statecharts/failover.ts';
import type { HostPort } from '../../../bus/tcp.ts';

/** What does not change while a manager runs. */
export interface GroupPlaces {
  readonly group: string;
  /** Where each server is reached, by its name. */
  readonly servers: ReadonlyMap<string, HostPort>;
}

/** How far a standby is behind the primary, in bytes; null where that is not known, or their data are of different histories. */
export function lagBytesOf(primary: Sight | undefined, standby: Sight | undefined): number | null {
  const [from, to] = [primary?.seen?.position, standby?.seen?.position];
  if (from === undefined || to === undefined || from.history !== to.history) return null;
  return Math.max(0, from.offset - to.offset);
}

/** The topology of a group. `sights`: as the manager in office has them; those of others say nothing of standbys. */
export function topologyOf({ group, servers }: GroupPlaces, standing: Standing, sights: readonly Sight[]): Topology {
  const { revision, epoch, version, mode, confirmations, inSync } = standing;
  const primary = hasPrimary(standing) ? standing.primary : null;
  const sightOf = (server: string): Sight | undefined => sights.find((it) => it.server === server);
  const follows = (server: string): boolean => {
    const seen = sightOf(server)?.seen;
    return seen?.role === 'standby' && seen.isLinked && seen.follows === primary?.server;
  };
  const standbys = [...servers].flatMap(([server, place]) => {
    const isStandby = server !== primary?.server && (inSync.some((it) => it.server === server) || follows(server));
    if (primary === null || !isStandby) return [];
    return [{ server, ...place, lagBytes: lagBytesOf(sightOf(primary.server), sightOf(server)) }];
  });
  const place = primary === null ? undefined : servers.get(primary.server);
  return {
    group,
    revision,
    mark: epoch > 0 && version > 0 ? { epoch, version } : null,
    mode,
    confirmations,
    primary: primary === null || place === undefined ? null : { server: primary.server, ...place },
    inSync: inSync.map(({ server }) => server),
    standbys,
  };
}
