/**
 * Partial partitions: single links are cut, so that nodes which cannot reach each other still reach some others (Alfatafta
 * et al., Toward a Generic Fault Tolerance Technique for Partial Network Partitioning, OSDI 2020). Three shapes of them make
 * leaders impossible to elect, or to keep, for many protocols (Ng et al., Omni-Paxos, EuroSys 2023, §2): quorum loss,
 * constrained election, chained.
 */

import { integerBelow, type Random } from '../environment/random.ts';
import type { Fault } from './schedule.ts';
import { shuffled } from './shuffled.ts';

type PartialPartition = Extract<Fault, { kind: 'partial-partition' }>;

/** From when until when, in virtual milliseconds. */
export type Interval = Pick<PartialPartition, 'atMs' | 'untilMs'>;

/** Both directions between two nodes. */
export const bothWays = (one: string, other: string): readonly string[] => [`${one}>${other}`, `${other}>${one}`];

/** Both directions of every link for which `isCut` holds, asked once for each pair. */
const linksWhere = (nodes: readonly string[], isCut: (one: string, other: string) => boolean): readonly string[] =>
  nodes.flatMap((one, at) => nodes.slice(at + 1).flatMap((other) => (isCut(one, other) ? bothWays(one, other) : [])));

/** Every node sees `hub`, and nothing else: the leader lost its quorum, and the hub alone has one. */
export const quorumLoss = (nodes: readonly string[], hub: string, during: Interval): readonly PartialPartition[] => [
  { kind: 'partial-partition', ...during, cut: linksWhere(nodes, (one, other) => one !== hub && other !== hub) },
];

/**
 * First `hub` and `leader` lose sight of each other, so that the hub's log grows stale; from `cutAtMs` on the leader sees no
 * node, and the others see the hub alone: the one server that a quorum sees is one that many would not elect.
 */
export const constrainedElection = (
  nodes: readonly string[],
  hub: string,
  leader: string,
  { atMs, untilMs }: Interval,
  cutAtMs: number,
): readonly PartialPartition[] => [
  { kind: 'partial-partition', atMs, untilMs: cutAtMs, cut: bothWays(hub, leader) },
  {
    kind: 'partial-partition',
    atMs: cutAtMs,
    untilMs,
    cut: linksWhere(nodes, (one, other) => [one, other].includes(leader) || ![one, other].includes(hub)),
  },
];

/** Each node sees its neighbours in `chain` alone. */
export const chained = (chain: readonly string[], during: Interval): readonly PartialPartition[] => [
  {
    kind: 'partial-partition',
    ...during,
    cut: linksWhere(chain, (one, other) => Math.abs(chain.indexOf(one) - chain.indexOf(other)) > 1),
  },
];

/** Draws one: a link, one of the three shapes, or any set of directed links. Of one node there is none. */
export function drawPartialPartition(
  nodes: readonly string[],
  during: Interval,
  random: Random,
): readonly PartialPartition[] {
  const mixed = shuffled(nodes, random);
  const [first, second] = mixed;
  if (first === undefined || second === undefined) return [];
  const { atMs, untilMs } = during;
  const cutAtMs = atMs + Math.round(random.next() * (untilMs - atMs));
  const drawn = [
    [{ kind: 'partial-partition', ...during, cut: bothWays(first, second) } as const],
    quorumLoss(nodes, first, during),
    constrainedElection(nodes, first, second, during, cutAtMs),
    chained(mixed, during),
    [{ kind: 'partial-partition', ...during, cut: someLinks(nodes, random) } as const],
  ];
  return (drawn[integerBelow(random, drawn.length)] ?? []).filter(({ cut }) => cut.length > 0);
}

/** Each direction of each link with the same probability, which is drawn first. */
function someLinks(nodes: readonly string[], random: Random): readonly string[] {
  const probability = random.next();
  return linksWhere(nodes, () => true).filter(() => random.next() < probability);
}
