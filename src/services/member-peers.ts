/**
 * Keeps a node's peers what the log of its store says: members, at the places that the log knows, and else where the node
 * was told. Nodes that it was told of and the log does not name are reached as well, but for those that have left: a log
 * may be behind, and a node that joins knows no member but those that it was told. As it catches up, such a node comes by members
 * of former times, of whose places it was told nothing: those are not reached, and it goes on.
 */

import { Observable } from 'rxjs';
import { QuorateError } from '../../statecharts/actor.ts';
import type { HostPort } from '../bus/tcp.ts';
import { keptNotices } from './kept-notices.ts';
import type { LogMembership } from './store/log/members.ts';
import type { ReplicatedStore } from './store/replicated-store.ts';

/** Neither the log nor the options say where another member listens, and a member does not begin so. */
export class MemberPlaceMissingError extends QuorateError {
  readonly code = 'MEMBER_PLACE_MISSING';
}

/** The node was replaced by another one, and is refused for ever. */
export class MemberRetiredError extends QuorateError {
  readonly code = 'MEMBER_RETIRED';
}

/** A member is not reached, as nothing says where it listens. */
export interface MemberPlaceNotice {
  readonly code: 'MEMBER_PLACE_MISSING';
  readonly message: string;
}

/** What becomes of the peers of a node. */
export interface MemberPeers {
  /** Emits once, when the node cannot go on. */
  readonly departures: Observable<QuorateError>;
  /** Each time that members change and one of them is not reached. */
  readonly notices: Observable<MemberPlaceNotice>;
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
 * @throws MemberPlaceMissingError, MemberRetiredError when it cannot even begin
 */
export function followMembers({ id, store, bus, told }: MemberPeersParts): MemberPeers {
  const { membership, changes } = store;
  const notices = keptNotices<MemberPlaceNotice>();
  let reachable: ReadonlyMap<string, string | undefined> | undefined;
  /** @returns the members of whose places nothing is known, where members have changed */
  const follow = (): readonly string[] => {
    if (membership.hasLeft) throw retired(id);
    const now = membership.reachable();
    // Asked after every step of the log, and the same until members change.
    if (now === reachable) return [];
    reachable = now;
    const { peers, missing } = peersOf(membership, now, told);
    bus.setPeers(peers);
    return missing;
  };
  const report = (missing: readonly string[]): void => {
    for (const member of missing) notices.next({ code: 'MEMBER_PLACE_MISSING', message: placeMissing(id, member) });
  };
  const missing = follow();
  const { voters, learners } = membership.members();
  const isMember = voters.includes(id) || learners.includes(id);
  if (isMember && missing[0] !== undefined) throw new MemberPlaceMissingError(placeMissing(id, missing[0]));
  report(missing);
  const departures = new Observable<QuorateError>((subscriber) =>
    changes.subscribe({
      next() {
        try {
          report(follow());
        } catch (error) {
          if (!(error instanceof QuorateError)) throw error;
          subscriber.next(error);
          subscriber.complete();
        }
      },
      complete: () => subscriber.complete(),
    }),
  );
  return { departures, notices };
}

function peersOf(
  membership: LogMembership,
  reachable: ReadonlyMap<string, string | undefined>,
  told: Readonly<Record<string, HostPort>>,
): { readonly peers: Readonly<Record<string, HostPort>>; readonly missing: readonly string[] } {
  const { retired: left } = membership.members();
  const others = Object.entries(told).filter(([peer]) => !left.includes(peer) || reachable.has(peer));
  const members = [...reachable].map(([peer, known]) => ({ peer, place: hostPortOf(known) ?? told[peer] }));
  const known = members.flatMap(({ peer, place }) => (place === undefined ? [] : [[peer, place] as const]));
  return {
    peers: Object.fromEntries([...others, ...known]),
    missing: members.flatMap(({ peer, place }) => (place === undefined ? peer : [])),
  };
}

const placeMissing = (id: string, member: string): string =>
  `expected the place of every member, but neither the log of '${id}' nor its options say where '${member}' listens; start it with --peer ${member}=HOST:PORT`;

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
