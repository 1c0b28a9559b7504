/** What detectors think of each other's nodes, and how the servers of a failover group stand. */

import type { Address } from '../../../statecharts/actor/address.ts';
import { field, numberAt, recordsAt, textAt, textsAt } from './fields.ts';
import type { ActorNow, Moment } from './moment.ts';

/** What one node thinks of another node, or of a server. */
export interface OpinionNow {
  readonly actor: Address;
  readonly node: string;
  readonly watched: string;
  readonly opinion: string;
  readonly sinceMs: number;
}

export const opinionsAt = (moment: Moment): readonly OpinionNow[] =>
  [...moment.actors.values()].flatMap(({ actor, chart, node, role, roleSinceMs, context }) => {
    const watched = textAt(context, 'watched');
    if (chart !== 'fault-detector' || watched === undefined) return [];
    return [{ actor, node, watched, opinion: role ?? 'unknown', sinceMs: roleSinceMs }];
  });

/** A server of a group, as the manager in office sees it. */
export interface PooledServer {
  readonly server: string;
  readonly role: string;
  readonly opinion: string;
  readonly offset: number | undefined;
  readonly isLinked: boolean;
  readonly isInSync: boolean;
}

/** A group. */
export interface GroupNow {
  readonly manager: Address;
  readonly node: string;
  readonly phase: string;
  readonly epoch: number | undefined;
  readonly primary: string | undefined;
  readonly candidate: string | undefined;
  readonly servers: readonly PooledServer[];
  readonly alarms: readonly string[];
}

/** The groups, each by the manager that knows most: the one in office. */
export function groupsAt(moment: Moment): readonly GroupNow[] {
  const managers = [...moment.actors.values()].filter(({ chart }) => chart === 'failover.manager');
  const inOffice = managers.filter(({ role }) => role !== undefined && role !== 'waiting' && role !== 'taking-office');
  return (inOffice.length > 0 ? inOffice : managers.slice(0, 1)).map(groupOf);
}

function groupOf({ actor, node, role, context }: ActorNow): GroupNow {
  const standing = field(context, 'standing');
  const inSync = new Set(recordsAt(standing, 'inSync').map((member) => textAt(member, 'server')));
  const primary = textAt(standing, 'primary', 'server') ?? textAt(standing, 'primary');
  const candidate = textAt(standing, 'candidate', 'server') ?? textAt(standing, 'candidate');
  return {
    manager: actor,
    node,
    phase: textAt(standing, 'phase') ?? role ?? '',
    epoch: numberAt(standing, 'epoch'),
    primary,
    candidate,
    servers: recordsAt(context, 'sights').map((sight) => {
      const server = textAt(sight, 'server') ?? '';
      return {
        server,
        role: server === primary ? 'primary' : (textAt(sight, 'seen', 'role') ?? 'not seen'),
        opinion: textAt(sight, 'opinion') ?? 'unknown',
        offset: numberAt(sight, 'seen', 'position', 'offset'),
        isLinked: field(sight, 'seen', 'isLinked') === true,
        isInSync: server === primary || inSync.has(server),
      };
    }),
    alarms: textsAt(context, 'raised'),
  };
}
