/**
 * What a commit costs under the assumptions that Gray & Lamport, Consensus on Transaction Commit (2006), §3.2 and §4.3,
 * state for their comparison of two-phase commit and Paxos Commit, and what it costs here: measured, with the formulas.
 *
 * Their assumptions: N resource managers, each on a node of its own, one of which begins: it prepares by itself and tells
 * the coordinator. Nothing fails. Messages within a node cost nothing; where an acceptor is beside the leader, the first
 * vote for it and what tells the leader to begin are one message. It is counted until all resource managers have heard of the commit: acknowledgements, and what
 * lets others forget, come later. Of 2F + 1 acceptors, F + 1 are used.
 */

import { numbered } from '../../nodes.ts';
import { type Deployment, type Measured, measureCommit } from './measure.ts';

/** How much is needed to commit, in messages between nodes, message delays, and writes that are waited for. */
export interface Cost {
  readonly messages: number;
  readonly delays: number;
  readonly stableWrites: number;
}

/**
 * What shares a node: nothing; the coordinator and an acceptor; or the coordinator and the first resource manager, and each
 * acceptor that is used and some resource manager.
 */
export type Placement = 'apart' | 'leader-with-acceptor' | 'together';

/** `faults`: F; undefined for two-phase commit. */
export interface Case {
  readonly participants: number;
  readonly faults: number | undefined;
  readonly placement: Placement;
}

/** What the paper's formulas say; undefined where they do not apply. */
export function formulaOf({ participants: n, faults: f, placement }: Case): Cost | undefined {
  if (f === undefined) {
    if (placement === 'leader-with-acceptor') return undefined;
    const isTogether = placement === 'together';
    return { messages: 3 * n - (isTogether ? 3 : 1), delays: isTogether ? 3 : 4, stableWrites: n + 1 };
  }
  const stableWrites = n + f + 1;
  // With F = 0 the one acceptor is where the leader is, and tells it in no time.
  const told = f === 0 && placement !== 'apart' ? 0 : 1;
  switch (placement) {
    case 'apart':
      return { messages: (n + 1) * (f + 3) - 2, delays: 5, stableWrites };
    case 'leader-with-acceptor':
      return { messages: (n + 1) * (f + 3) - 4, delays: 4 + told, stableWrites };
    case 'together':
      return n < f + 1 ? undefined : { messages: n * (f + 3) - 3, delays: 3 + told, stableWrites };
  }
}

function deploymentOf({ participants: n, faults: f, placement }: Case): Omit<Deployment, 'initiator'> {
  const participants = numbered('r', n);
  const count = f === undefined ? 0 : 2 * f + 1;
  switch (placement) {
    case 'apart':
      return { participants, coordinator: 'c', acceptors: numbered('a', count) };
    case 'leader-with-acceptor':
      return { participants, coordinator: 'c', acceptors: ['c', ...numbered('a', count)].slice(0, count) };
    case 'together':
      return { participants, coordinator: 'r1', acceptors: [...participants, ...numbered('a', count)].slice(0, count) };
  }
}

/** What is no part of the protocol as the paper counts it. */
const later: ReadonlySet<string> = new Set(['acknowledgement', 'end']);

/** Measures a commit as the paper counts it. */
export function measuredAsInPaper(it: Case): Cost {
  const initiator = it.placement === 'together' ? 'application' : 'resource-manager';
  const { sent, delays, stableWrites } = measureCommit({ ...deploymentOf(it), initiator });
  const counted = sent.filter(({ type }) => !later.has(type));
  if (it.placement !== 'leader-with-acceptor') return { messages: counted.length, delays, stableWrites };
  // BeginCommit travels with the vote for the acceptor beside the leader.
  const apart = new Set(counted.map(({ atDelay, from, to }) => `${atDelay} ${from} ${to}`));
  return { messages: apart.size, delays, stableWrites };
}

const costOf = ({ sent, delays, stableWrites }: Measured): Cost => ({ messages: sent.length, delays, stableWrites });

/** Measures a commit as it is, with everything that is said, until nothing more is; the application asks the coordinator. */
export const measuredAsItIs = (it: Case): Cost =>
  costOf(measureCommit({ ...deploymentOf(it), initiator: 'application' }));

/** Measures a commit as transaction managers run it: participants live with their coordinator and one of the acceptors. */
export function measuredAsManaged({ participants: n, faults: f }: Omit<Case, 'placement'>): Cost {
  const count = f === undefined ? 0 : 2 * f + 1;
  const acceptors = ['c', ...numbered('a', count)].slice(0, count);
  const participants = Array.from({ length: n }, () => 'c');
  return costOf(measureCommit({ participants, coordinator: 'c', acceptors, initiator: 'application' }));
}

/** How many take part in the tables, and how many faults acceptors survive; undefined is two-phase commit. */
export const participantCounts = [2, 3, 4, 5] as const;
export const faultCounts = [undefined, 0, 1, 2] as const;
const nameOf = (faults: number | undefined): string =>
  faults === undefined ? 'two-phase commit' : `Paxos Commit, F = ${faults}`;

const table = (heads: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [heads, heads.map((_, index) => (index === 0 ? '---' : '--:')), ...rows]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');

/** The paper's comparison, as measured. */
export function paperTable(): string {
  const rows = faultCounts.flatMap((faults) =>
    participantCounts.map((participants) => {
      const cells = (['apart', 'leader-with-acceptor', 'together'] as const).map((placement) => {
        const asked = { participants, faults, placement };
        if (formulaOf(asked) === undefined) return '';
        const { messages, delays } = measuredAsInPaper(asked);
        return `${messages} in ${delays}`;
      });
      const { stableWrites } = measuredAsInPaper({ participants, faults, placement: 'apart' });
      return [nameOf(faults), participants, ...cells, stableWrites];
    }),
  );
  return table(['protocol', 'N', 'apart', 'leader with an acceptor', 'together', 'stable writes'], rows);
}

/** What is said here, all of it. */
export function ownTable(): string {
  const rows = faultCounts.flatMap((faults) =>
    participantCounts.map((participants) => {
      const placement = faults === undefined ? ('apart' as const) : ('leader-with-acceptor' as const);
      const spread = measuredAsItIs({ participants, faults, placement });
      const managed = measuredAsManaged({ participants, faults });
      const text = ({ messages, delays }: Cost): string => `${messages} in ${delays}`;
      return [nameOf(faults), participants, text(spread), text(managed), managed.stableWrites];
    }),
  );
  return table(['protocol', 'N', 'each on its node', 'as managers run it', 'stable writes'], rows);
}
