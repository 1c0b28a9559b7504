/**
 * Who takes part in a cluster: what an entry of its log says, from there on. One server is replaced by another: the
 * newcomer learns the log without a vote, and then votes in the place of the one that leaves, which is retired. How the
 * voters of before give way to those of after is the protocol's.
 */

import { type Address, isAddress, nodeOf } from '../actor/address.ts';

/** The members of a cluster. */
export interface Members {
  /** Who votes: sorted, each once, at least one. */
  readonly voters: readonly Address[];
  /** Where both decide jointly for a while: who votes afterwards. */
  readonly nextVoters: readonly Address[] | null;
  /** Who is sent the log and has no vote; sorted. */
  readonly learners: readonly Address[];
  /** What is to follow once the learner that joins has caught up. */
  readonly change: { readonly leaving: Address; readonly joining: Address } | null;
  /** Who took part once and never will again; sorted. */
  readonly retired: readonly Address[];
  /** Who voted at first, once one of them is retired: before that it is who votes. */
  readonly founders?: readonly Address[];
  /** Where members are reached, `host:port` by node id, as far as the log knows it. */
  readonly places: Readonly<Record<string, string>>;
}

/** A change of one server for another. */
export interface Replacement {
  readonly leaving: Address;
  readonly joining: Address;
  /** Where members are reached, the one that joins among them; what the log knows already stays. */
  readonly places: Readonly<Record<string, string>>;
}

/** Servers that may be retired in the life of a cluster. */
export const maxRetired = 1_000;

const maxPlaceLength = 300;

/** `addresses` as a set: sorted, each once, so that all who were given the same servers hold the same bytes. */
export const serverSetOf = (addresses: readonly Address[]): readonly Address[] => [...new Set(addresses)].sort();

/** The members of a cluster that begins with `voters`, wherever they live. */
export const foundingMembers = (voters: readonly Address[]): Members => ({
  voters: serverSetOf(voters),
  nextVoters: null,
  learners: [],
  change: null,
  retired: [],
  places: {},
});

/** The members of no cluster: what a server knows that waits to be taken in. */
export const noMembers: Members = foundingMembers([]);

/** What tells with whom a cluster began. */
type Begun = Pick<Members, 'voters' | 'retired' | 'founders'>;

/**
 * Who voted at first: the same for every server that knows any members, and for ever. Undefined where it knows none, and
 * where one was retired by a release that did not write down who they were.
 */
export const foundersOf = ({ founders, voters, retired }: Begun): readonly Address[] | undefined =>
  founders ?? (retired.length === 0 && voters.length > 0 ? voters : undefined);

/** Who is retired, and who voted at first, once `leaving` are retired of `members`. */
export function withRetired(members: Begun, leaving: readonly Address[]): Pick<Members, 'retired' | 'founders'> {
  const founders = foundersOf(members);
  return {
    retired: serverSetOf([...members.retired, ...leaving]),
    ...(founders === undefined ? {} : { founders }),
  };
}

/** The members alone, of what says more besides. */
export const membersIn = ({ voters, nextVoters, learners, change, retired, founders, places }: Members): Members => ({
  voters,
  nextVoters,
  learners,
  change,
  retired,
  ...(founders === undefined ? {} : { founders }),
  places,
});

/** All who are sent the log: voters, those of afterwards included, and learners; sorted. */
export const allMembers = ({ voters, nextVoters, learners }: Members): readonly Address[] =>
  nextVoters === null && learners.length === 0 ? voters : serverSetOf([...voters, ...(nextVoters ?? []), ...learners]);

/** Whether `server` has a vote, of the voters before a change or of those after it. */
export const isVoter = ({ voters, nextVoters }: Members, server: Address): boolean =>
  voters.includes(server) || (nextVoters?.includes(server) ?? false);

/** Whether `server` has a vote, and keeps it once the change that is under way is over. */
export function isVoterAfterwards({ voters, nextVoters, change }: Members, server: Address): boolean {
  return nextVoters === null ? voters.includes(server) && server !== change?.leaving : nextVoters.includes(server);
}

/** Whether a change is under way. */
export const isChanging = ({ nextVoters, change }: Members): boolean => nextVoters !== null || change !== null;

/** The members when the one that joins is sent the log. */
export function withLearner(members: Members, { leaving, joining, places }: Replacement): Members {
  const learners = serverSetOf([...members.learners, joining]);
  return placed({ ...members, learners, change: { leaving, joining }, places: { ...places, ...members.places } });
}

/** The members as they were before the change, which is given up. */
export const withoutLearner = ({ change, ...members }: Members): Members =>
  placed({ ...members, learners: members.learners.filter((it) => it !== change?.joining), change: null });

/** `members` with the places of theirs alone, in the order of their ids. */
export function placed(members: Members): Members {
  const known = allMembers(members).flatMap((server) => {
    const node = nodeOf(server);
    const place = members.places[node];
    return place === undefined ? [] : [[node, place] as const];
  });
  return { ...members, places: Object.fromEntries(known) };
}

/**
 * Whether a member other than `changing` is reached at `place`, as far as the log knows, or `told` says besides: two nodes do not
 * listen at one place, so one of them would be cut off.
 */
export function isPlaceTaken(members: Members, told: Members['places'], place: string, changing: Address): boolean {
  const places = { ...told, ...members.places };
  return allMembers(members).some((server) => server !== changing && places[nodeOf(server)] === place);
}

/** Whether two configurations say the same. */
export const sameMembers = (one: Members, other: Members): boolean =>
  sameServers(one.voters, other.voters) &&
  sameServers(one.nextVoters ?? [], other.nextVoters ?? []) &&
  sameServers(one.learners, other.learners) &&
  one.change?.leaving === other.change?.leaving &&
  one.change?.joining === other.change?.joining &&
  sameServers(one.retired, other.retired) &&
  sameServers(one.founders ?? [], other.founders ?? []) &&
  JSON.stringify(one.places) === JSON.stringify(other.places);

/** Whether both are the same servers, each sorted. */
export const sameServers = (one: readonly Address[], other: readonly Address[]): boolean =>
  one.length === other.length && one.every((server, place) => server === other[place]);

/** Whether `value` is members as the log holds them: every set sorted, each server in it once, one voter or more. */
export function isMembers(value: unknown): value is Members {
  if (typeof value !== 'object' || value === null) return false;
  if (!('voters' in value && 'nextVoters' in value && 'learners' in value)) return false;
  if (!('change' in value && 'retired' in value && 'places' in value)) return false;
  const { voters, nextVoters, learners, change, retired, places } = value;
  return (
    isServerSet(voters, 1) &&
    (nextVoters === null || isServerSet(nextVoters, 1)) &&
    isServerSet(learners, 0) &&
    isChange(change) &&
    isServerSet(retired, 0) &&
    (!('founders' in value) || isServerSet(value.founders, 1)) &&
    isPlaces(places)
  );
}

const isChange = (change: unknown): boolean =>
  change === null ||
  (typeof change === 'object' &&
    change !== null &&
    'leaving' in change &&
    'joining' in change &&
    isAddress(change.leaving) &&
    isAddress(change.joining));

export function isServerSet(servers: unknown, least: number): servers is readonly Address[] {
  if (!Array.isArray(servers) || servers.length < least) return false;
  return servers.every((it, place) => isAddress(it) && (place === 0 || servers[place - 1] < it));
}

/** Whether `value` is `host:port` by node id. */
export const isPlaces = (value: unknown): value is Readonly<Record<string, string>> =>
  typeof value === 'object' && value !== null && Object.values(value).every((place) => isPlace(place));

const placePattern = /^(?:\[[\da-f:.]+(?:%[\w.-]+)?\]|[^\s:[\]/@\p{Cc}]{1,255}):(?<port>\d{1,5})$/iu;

/**
 * Whether `place` is `host:port`, with brackets around an IPv6 address and a port from 1 to 65,535: one that a node can
 * look for. Every member acts on the places in its log, so what is none must never get there.
 */
export function isPlace(place: unknown): place is string {
  if (typeof place !== 'string' || place.length > maxPlaceLength) return false;
  const port = Number(placePattern.exec(place)?.groups?.port);
  return port >= 1 && port <= 65_535;
}
