/**
 * What clients do. Where proxies hold replies back, a client writes through one that knows some standing, the latest or not:
 * it sends to the primary of that standing, and then begins a round, for which the mark within the primary's data must be the
 * one that it knows; the round ends once as many of the in-sync set that it knows have confirmed all up to it. Where servers
 * hold them back, a client writes at any primary, which waits for those that it was told.
 */

import {
  type Acknowledged,
  type Entry,
  type Group,
  isConfirmed,
  isSameMark,
  type Known,
  markOf,
  type Round,
  serverOf,
  withServer,
} from './state.ts';

/** Who holds acknowledgements back until they are confirmed. */
export const keepers = ['proxies', 'servers'] as const;
export type Keeper = (typeof keepers)[number];

/** What clients, or what is in front of them, do wrong, to be found. */
export interface ClientMistakes {
  /** The mark is not looked at. */
  readonly ignoresMarks?: true;
  /** A round puts nothing of its own into the data, and so takes confirmations from before it began. */
  readonly isStale?: true;
}

/** The group without the rounds at a server, whose clients are cut off. */
export const ended = (group: Group, name: string): Group => ({
  ...group,
  rounds: group.rounds.filter(({ primary }) => primary !== name),
});

/** Something that clients do, at one server. */
export interface ClientStep {
  readonly name: string;
  readonly of: string;
  readonly state: Group;
}

/** What clients may do next. */
export const clientSteps = (group: Group, keeper: Keeper, mistakes: ClientMistakes): readonly ClientStep[] => [
  ...(group.left.writes === 0 ? [] : keeper === 'proxies' ? asked(group, mistakes) : written(group)),
  ...group.rounds.flatMap((round): ClientStep[] => {
    if (!mayEnd(group, round, keeper)) return [];
    return [{ name: 'acknowledges', of: `${round.primary} ${round.write}`, state: acknowledged(group, round) }];
  }),
];

/** A client asks through a proxy, by each standing that one may know. */
const asked = (group: Group, mistakes: ClientMistakes): readonly ClientStep[] =>
  group.known.flatMap((known): ClientStep[] => {
    const server = serverOf(group, known.primary);
    if (server.life !== 'up' || server.role !== 'primary') return [];
    const { epoch, version } = known.mark;
    const of = `${known.primary} as of ${epoch}.${version}`;
    const knows = mistakes.ignoresMarks === true || isSameMark(markOf(server), known.mark);
    const writes: ClientStep = { name: 'is asked', of, state: begun(withWrite(group, known.primary), known, knows) };
    if (mistakes.isStale !== true) return [writes];
    return [writes, { name: 'is read', of, state: begun(withRead(group), known, knows, true) }];
  });

const written = (group: Group): readonly ClientStep[] =>
  Object.entries(group.servers).flatMap(([name, server]): ClientStep[] => {
    const mark = markOf(server);
    if (server.life !== 'up' || server.role !== 'primary' || mark === null) return [];
    const known = { mark, primary: name, ...server.waitsFor };
    return [{ name: 'is asked', of: name, state: begun(withWrite(group, name), known, true) }];
  });

const nameOfNext = ({ left }: Group): string => `w${left.writes}`;
const spent = (group: Group): Group => ({ ...group, left: { ...group.left, writes: group.left.writes - 1 } });

function withWrite(group: Group, name: string): Group {
  const { data, history } = serverOf(group, name);
  const entry: Entry = { history, write: nameOfNext(group), mark: null };
  return spent(withServer(group, name, { data: [...data, entry] }));
}

/** Nothing is written, but the round is one of its own. */
const withRead = (group: Group): Group => spent(group);

/** `group`, in which the write was just made, with its round. */
function begun(group: Group, known: Known, knows: boolean, isRead = false): Group {
  if (!knows) return group;
  const isLate = group.acknowledged.some(({ epoch }) => epoch > known.mark.epoch);
  const offset = serverOf(group, known.primary).data.length;
  const round: Round = { ...known, write: `w${group.left.writes + 1}`, isRead, offset, isLate };
  return { ...group, rounds: [...group.rounds, round].sort((one, other) => (one.write < other.write ? -1 : 1)) };
}

function mayEnd(group: Group, round: Round, keeper: Keeper): boolean {
  const server = serverOf(group, round.primary);
  if (server.life !== 'up' || server.role !== 'primary') return false;
  return isConfirmed(server, keeper === 'proxies' ? round : server.waitsFor, round.offset);
}

function acknowledged(group: Group, round: Round): Group {
  const { write, isRead, primary: server, mark, isLate } = round;
  const told: Acknowledged = { write, isRead, epoch: mark.epoch, server, isLate };
  return {
    ...group,
    rounds: group.rounds.filter((it) => it !== round),
    acknowledged: [...group.acknowledged, told].sort((one, other) => (one.write < other.write ? -1 : 1)),
  };
}
