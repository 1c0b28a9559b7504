/**
 * Keeps a node's peers what the log of its store says: members, at the places that the log knows, and else where the node
 * was told. Nodes that it was told of and the log does not name are reached as well, but for those that have left: a log
 * may be behind, and a node that joins knows no member but those that it was told.
 */

import { Observable } from 'rxjs';
import { QuorateError } from '../../statecharts/actor.ts';
import type { HostPort } from '../bus/tcp.ts';
import type { LogMembership } from './store/log/members.ts';
import type { ReplicatedStore } from './store/replicated-store.ts';

/** Neither the log nor the options say where a member listens. */
export class MemberPlaceMissingError extends QuorateError {
  readonly code = 'MEMBER_PLACE_MISSING';
}

/** The node was replaced by another one, and is refused for ever. */
export class MemberRetiredError extends QuorateError {
  readonly code = 'MEMBER_RETIRED';
}

export interface MemberPeersParts {
  readonly id: string;
  readonly store: Pick<ReplicatedStore, 'membership' | 'changes'>;
  readonly bus: { setPeers(peers: Readonly<Record<string, HostPort>>): void };
  /** The other nodes, as the node was told. */
  readonly told: Readonly<Record<string, HostPort>>;
}

/**
 * Sets the peers now, and whenever the members change.
 *
 * @returns emits once, when the node cannot go on
 * @throws MemberPlaceMissingError, MemberRetiredError when it cannot even begin
 */
export function followMembers({ id, store, bus, told }: MemberPeersParts): Observable<QuorateError> {
  const { membership, changes } = store;
  let reachable: ReadonlyMap<string, string | undefined> | undefined;
  const follow = (): void => {
    if (membership.hasLeft) throw retired(id);
    const now = membership.reachable();
    // Asked after every step of the log, and the same until members change.
    if (now === reachable) return;
    reachable = now;
    bus.setPeers(peersOf(id, membership, now, told));
  };
  follow();
  return new Observable((subscriber) =>
    changes.subscribe({
      next() {
        try {
          follow();
        } catch (error) {
          if (!(error instanceof QuorateError)) throw error;
          subscriber.next(error);
          subscriber.complete();
        }
      },
      complete: () => subscriber.complete(),
    }),
  );
}

function peersOf(
  id: string,
  membership: LogMembership,
  reachable: ReadonlyMap<string, string | undefined>,
  told: Readonly<Record<string, HostPort>>,
): Readonly<Record<string, HostPort>> {
  const { retired: left } = membership.members();
  const peers = Object.entries(told).filter(([peer]) => !left.includes(peer) || reachable.has(peer));
  const members = [...reachable].map(([peer, known]): [string, HostPort] => {
    const place = hostPortOf(known) ?? told[peer];
    if (place !== undefined) return [peer, place];
    throw new MemberPlaceMissingError(
      `expected the place of every member, but neither the log of '${id}' nor its options say where '${peer}' listens; start it with --peer ${peer}=HOST:PORT`,
    );
  });
  return Object.fromEntries([...peers, ...members]);
}

const retired = (id: string): MemberRetiredError =>
  new MemberRetiredError(
    `node '${id}' was replaced by another one, and is refused for ever; start a node with a new id and an empty directory in the place of one that fails, and remove the directory of this one`,
  );

/** Reads `host:port`, with brackets around an IPv6 address. */
function hostPortOf(place: string | undefined): HostPort | undefined {
  if (place === undefined) return undefined;
  const colon = place.lastIndexOf(':');
  return { host: place.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(place.slice(colon + 1)) };
}
