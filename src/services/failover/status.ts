/** How a group stands, as one of its managers tells it: for people, programs and metrics. */

import type {
  Alarm,
  FoundingObstacle,
  ManagerRole,
  ManagerView,
  Opinion,
  Position,
  StandbyRole,
  StandbyView,
  Standing,
} from '../../../statecharts/failover.ts';
import { textOf } from '../../bus/tcp.ts';
import { type GroupPlaces, lagBytesOf } from './topology/current.ts';

export interface ServerState {
  readonly server: string;
  readonly address: string;
  /** What this manager's detector thinks of it. */
  readonly opinion: Opinion;
  /** The part that it plays, as this manager steers it; `cold` where another one does. */
  readonly role: StandbyRole | null;
  readonly isPrimary: boolean;
  readonly isInSync: boolean;
  /** Null where this manager does not look. */
  readonly position: Position | null;
  readonly lagBytes: number | null;
  readonly isFailing: boolean;
}

export interface FailoverStatus {
  readonly group: string;
  /** The manager that tells it. */
  readonly id: string;
  /** Its process; null where it was not told. */
  readonly pid: number | null;
  /** What it does. */
  readonly role: ManagerRole | null;
  /** The node that leads the log of the register, as far as known. */
  readonly registerLeader: string | null;
  /** Of the manager in office alone. */
  readonly alarms: readonly Alarm[];
  /** What the founding waits for; null where it is over, or waits for nothing. Of the manager in office alone. */
  readonly obstacle: FoundingObstacle | null;
  readonly servers: readonly ServerState[];
  /** What is recorded. */
  readonly standing: Standing;
  readonly uptimeMs: number;
}

export interface StatusParts {
  readonly id: string;
  readonly pid: number | null;
  readonly places: GroupPlaces;
  readonly standing: Standing;
  readonly registerLeader: string | undefined;
  readonly view: ManagerView | undefined;
  readonly standbys: readonly StandbyView[];
  readonly uptimeMs: number;
}

export function statusOf(parts: StatusParts): FailoverStatus {
  const { id, pid, places, standing, registerLeader, view, standbys, uptimeMs } = parts;
  const sights = view?.sights ?? [];
  const sightOf = (server: string | undefined) => sights.find((it) => it.server === server);
  const servers = [...places.servers].map(([server, place]): ServerState => {
    const sight = sightOf(server);
    return {
      server,
      address: textOf(place),
      opinion: sight?.opinion ?? 'trusted',
      role: standbys.find((it) => it.server === server)?.role ?? null,
      isPrimary: standing.primary?.server === server,
      isInSync: standing.inSync.some((it) => it.server === server),
      position: sight?.seen?.position ?? null,
      lagBytes: lagBytesOf(sightOf(standing.primary?.server), sight),
      isFailing: sight?.isFailing ?? false,
    };
  });
  return {
    group: places.group,
    id,
    pid,
    role: view?.role ?? null,
    registerLeader: registerLeader ?? null,
    alarms: view?.alarms ?? [],
    obstacle: view?.obstacle ?? null,
    servers,
    standing,
    uptimeMs: Math.round(uptimeMs),
  };
}
