/**
 * What fault detectors claim of every run, said once, for the checker, the simulator and the tests: a fold over what they
 * tell, and over who was up, which keeps the first claim that was broken.
 */

import { nodeOf } from '../../../statecharts/actor.ts';
import type { DetectorSettings, OpinionChange } from '../../../statecharts/failover.ts';
import { majoritySize } from '../../../statecharts/quorum.ts';

/** What is known of one detector of the watched node. */
export interface Judge {
  readonly node: string;
  readonly suspects: boolean;
  /** Of those who have suspected the node at some moment since this one does, the nodes; sorted. */
  readonly suspecting: readonly string[];
  /** Whether it took the node for dead when it was, and the node has not started since. */
  readonly isRight: boolean;
  /** The latest life of the node that it has told of. */
  readonly life: number;
}

/** What was seen of the detectors of one node. */
export interface Watching {
  readonly watched: string;
  /** Sorted by node. */
  readonly judges: readonly Judge[];
  readonly isUp: boolean;
  /** The first claim that was broken, and how. */
  readonly broken: { readonly claim: Claim; readonly how: string } | null;
}

/** The claims, as properties name them. */
export const claims = {
  quorum: 'a quorum confirms',
  recovery: 'only a node that lives recovers',
  lives: 'an earlier life is not heard after a later one',
  stall: 'a stall is no silence',
} as const;
export type Claim = (typeof claims)[keyof typeof claims];

const unbiased = (node: string): Judge => ({ node, suspects: false, suspecting: [], isRight: false, life: 0 });

/** Before anything has happened. */
export const watchingOf = (watched: string, detectors: readonly string[], isUp = true): Watching => ({
  watched,
  judges: [...detectors].sort().map(unbiased),
  isUp,
  broken: null,
});

/** A detector has told of another opinion. */
export function noteChange(
  watching: Watching,
  change: OpinionChange,
  settings: Pick<DetectorSettings, 'probeTimeoutMs' | 'maxHealth' | 'stallMs'>,
): Watching {
  const node = nodeOf(change.by);
  const judge = watching.judges.find((it) => it.node === node);
  if (judge === undefined) return watching;
  const suspects = change.opinion === 'suspected' || change.opinion === 'confirmed';
  const begins = suspects && !judge.suspects;
  const suspecting = begins
    ? watching.judges.filter((it) => it.suspects || it === judge).map((it) => it.node)
    : suspects
      ? judge.suspecting
      : [];
  const judges = watching.judges.map((it): Judge => {
    if (it !== judge) {
      const isNew = begins && it.suspects && !it.suspecting.includes(node);
      return isNew ? { ...it, suspecting: [...it.suspecting, node].sort() } : it;
    }
    const isRight = change.opinion === 'confirmed' && !watching.isUp;
    return { ...judge, suspects, suspecting, isRight, life: Math.max(judge.life, change.life) };
  });
  return { ...watching, judges, broken: watching.broken ?? brokenBy(watching, judge, change, settings) };
}

/** A node has crashed, or stopped. */
export const noteDown = (watching: Watching, node: string): Watching =>
  node === watching.watched
    ? { ...watching, isUp: false }
    : { ...watching, judges: watching.judges.map((it) => (it.node === node ? unbiased(node) : it)) };

/** A node has started again. */
export const noteUp = (watching: Watching, node: string): Watching =>
  node === watching.watched
    ? { ...watching, isUp: true, judges: watching.judges.map((it) => ({ ...it, isRight: false })) }
    : watching;

function brokenBy(
  { watched, judges }: Watching,
  judge: Judge,
  { opinion, atMs, life, why }: OpinionChange,
  { probeTimeoutMs, maxHealth, stallMs }: Pick<DetectorSettings, 'probeTimeoutMs' | 'maxHealth' | 'stallMs'>,
): Watching['broken'] {
  const { node, suspecting, isRight } = judge;
  if (opinion === 'confirmed' && suspecting.length < majoritySize(judges.length)) {
    return {
      claim: claims.quorum,
      how: `${node} took ${watched} for dead, which only ${suspecting.join(', ')} of ${judges.length} had suspected since it did`,
    };
  }
  if (opinion === 'recovered' && isRight) {
    return { claim: claims.recovery, how: `${node} says that ${watched} has recovered, which has not started again` };
  }
  if (life < judge.life) {
    return { claim: claims.lives, how: `${node} heard life ${life} of ${watched} after life ${judge.life}` };
  }
  // Silence and probe may each be noticed a little late, and no later.
  const longestMs = probeTimeoutMs * (1 + maxHealth) + 2 * stallMs;
  if (why.type === 'silent' && atMs - why.sinceMs > longestMs) {
    return {
      claim: claims.stall,
      how: `${node} suspected ${watched} after ${atMs - why.sinceMs} ms in which it was not there itself`,
    };
  }
  return null;
}
