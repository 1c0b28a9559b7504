/** Where the primary of a group is, as the group's managers say it. */

import { BehaviorSubject, filter, firstValueFrom, map, type Observable, type Subscription } from 'rxjs';
import type { Topology } from '../../statecharts/failover/topology.ts';
import type { Clock } from '../environment/clock.ts';
import { messageOf } from '../environment/message.ts';
import { within } from './deadline.ts';
import { ResourceAddressError } from './errors.ts';
import type { Locator } from './place.ts';

/** The primary of a group. */
export interface MovingPlace {
  /** What is known of the group, and then whatever is later. */
  readonly topologies: Observable<Topology>;
  /** With the login and the database; its host and port become those of the primary. */
  readonly url: string;
}

export const isMovingPlace = (place: object): place is MovingPlace => 'topologies' in place;

/**
 * Follows the topology from the first time that it is asked until it is closed. While a group has no primary, no place is the
 * current one, and a connection waits for the next primary.
 */
export function createMovingLocator(name: string, clock: Clock, { topologies, url }: MovingPlace): Locator {
  const places = new BehaviorSubject<string | undefined>(undefined);
  let following: Subscription | undefined;
  const follow = (): Subscription => topologies.pipe(map((it) => urlOf(it, url))).subscribe(places);
  return {
    async locate(timeoutMs) {
      following ??= follow();
      const known = places.pipe(filter((place) => place !== undefined));
      try {
        return await within(clock, firstValueFrom(known), timeoutMs, `the wait for a primary of '${name}'`);
      } catch (cause) {
        throw new ResourceAddressError(`expected to hear where '${name}' is: ${messageOf(cause)}`, { cause });
      }
    },
    isCurrent: (place) => !places.hasError && place === places.value,
    recheck: () => undefined,
    close() {
      following?.unsubscribe();
    },
  };
}

function urlOf({ primary }: Topology, url: string): string | undefined {
  if (primary === null) return undefined;
  const { host, port } = primary;
  const place = new URL(url);
  place.hostname = host.includes(':') ? `[${host}]` : host;
  place.port = String(port);
  return place.href;
}
