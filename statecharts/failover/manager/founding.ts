/**
 * The first primary of a group: the one that the configuration names; or the only server that is primary already; or, where none
 * is, the one whose data reach farthest, by priority where several do. All are seen first: one that is not may be the one that
 * has the data, or a later epoch.
 *
 * The others will copy the first primary. So it must hold what they do, as far as that can be told, or the configuration must
 * say that what they hold is to be discarded; and then it names the primary, too.
 *
 * Epochs only grow, also where a register has lost its standing: each primary has kept its epoch inside its own data, so that
 * the servers know the highest one that any of them has heard of, and a founding begins above it (as a ballot of Paxos
 * does that was refused).
 */

import type { Choice } from '../group/choice.ts';
import { byServer } from '../group/standing.ts';
import { type ManagerContext, planOf, type Seen, sightOf } from './context.ts';
import { isSteered } from './orders.ts';

/** Why nobody can be said to be the first primary yet. */
export const foundingObstacles = [
  /** `servers` have not been seen: they must answer, or go from the configuration. */
  'not-seen',
  /** `servers` are primary: the configuration must name one. */
  'several-primaries',
  /** `servers` hold data of histories that cannot be compared: the configuration must name one. */
  'apart',
  /** `servers` hold what the first primary does not: the configuration must say that it is to be discarded. */
  'would-discard',
] as const;

/** What a founding waits for. */
export interface FoundingObstacle {
  readonly why: (typeof foundingObstacles)[number];
  readonly servers: readonly string[];
}

/** The first primary, and its epoch; or why there is none. */
export type Founding =
  | { readonly choice: Choice; readonly epoch: number }
  | { readonly choice: null; readonly obstacle: FoundingObstacle };

interface FirstSeen {
  readonly server: string;
  readonly seen: Seen;
  readonly priority: number;
}

const namesOf = (all: readonly FirstSeen[]): readonly string[] => all.map(({ server }) => server).sort();
const epochIn = ({ seen }: FirstSeen): number => seen.mark?.epoch ?? 0;
const holdsData = ({ seen }: FirstSeen): boolean =>
  seen.position.offset > 0 || seen.mark !== null || seen.holdsData === true;

const obstacle = (why: FoundingObstacle['why'], servers: readonly string[]): Founding => ({
  choice: null,
  obstacle: { why, servers },
});

/** Whether `first` holds all that `other` does, as far as positions tell. */
function holdsAllOf(first: FirstSeen, other: FirstSeen): boolean {
  if (!holdsData(other)) return true;
  const [ours, theirs] = [first.seen.position, other.seen.position];
  // Data without a position compare with none.
  const isComparable = theirs.offset > 0 && ours.history === theirs.history;
  return isComparable && ours.offset >= theirs.offset && epochIn(first) >= epochIn(other);
}

/** Those whose data reach farthest, and come first by priority; undefined where data cannot be compared. */
function farthest(all: readonly FirstSeen[]): FirstSeen | undefined {
  const latest = Math.max(0, ...all.map(epochIn));
  const withData = all.filter((it) => holdsData(it) && epochIn(it) === latest);
  const histories = new Set(withData.map(({ seen }) => seen.position.history));
  if (histories.size > 1) return undefined;
  return [...(withData.length > 0 ? withData : all)].sort(
    (one, other) =>
      other.seen.position.offset - one.seen.position.offset || other.priority - one.priority || byServer(one, other),
  )[0];
}

/** No other one is in sync before it has been seen to follow. */
const founded = ({ server, seen: { incarnation, position } }: FirstSeen, epoch: number): Founding => ({
  choice: { candidate: { server, incarnation }, offset: position.offset, inSync: [], loss: null },
  epoch,
});

function firstAmong(context: ManagerContext, all: readonly FirstSeen[]): FirstSeen | Founding {
  const { primary } = context.plan;
  const named = all.find(({ server }) => server === primary);
  if (named !== undefined) return named;
  const primaries = all.filter(({ seen }) => seen.role === 'primary');
  if (primaries.length > 1) return obstacle('several-primaries', namesOf(primaries));
  const promotable = all.filter(({ server }) => planOf(context, server)?.isPromotable === true);
  return (
    promotable.find((it) => primaries.includes(it)) ??
    farthest(promotable) ??
    obstacle('apart', namesOf(promotable.filter(holdsData)))
  );
}

/** Who is primary first, as far as that can be said. */
export function foundingOf(context: ManagerContext): Founding {
  const { plan } = context;
  const steered = plan.servers.filter(({ server }) => isSteered(context, server));
  const all = steered.flatMap(({ server, priority }): FirstSeen[] => {
    const seen = sightOf(context, server)?.seen ?? null;
    return seen === null ? [] : [{ server, seen, priority }];
  });
  const unseen = steered.filter(({ server }) => all.every((it) => it.server !== server));
  if (unseen.length > 0) return obstacle('not-seen', unseen.map(({ server }) => server).sort());
  const first = firstAmong(context, all);
  if ('choice' in first) return first;
  const others = all.filter((it) => it !== first && !holdsAllOf(first, it));
  if (others.length > 0 && !plan.discardOthers) return obstacle('would-discard', namesOf(others));
  return founded(first, Math.max(0, ...all.map(epochIn)) + 1);
}
