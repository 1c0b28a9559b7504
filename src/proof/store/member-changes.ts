/**
 * Changes of single members in a run: what clients ask for, and what must hold of the members that the servers of a log
 * know, whatever its protocol.
 */

import { integerBelow, pick, type Random } from '../../environment/random.ts';
import type { LogMembers, MemberStep } from '../../services/store/log/members.ts';
import type { ReplicatedStore } from '../../services/store/replicated-store.ts';
import type { PlannedOperation } from '../../simulator/schedule.ts';
import type { Problem } from '../claim.ts';
import type { KeyOperation } from './operation.ts';

/** What must happen in some run in which members change. */
export const memberGoals = [
  'a learner was added',
  'a learner was promoted',
  'a learner was removed',
  'a voter was removed',
  'a leader was removed',
  'a member was moved',
] as const;
type Goal = (typeof memberGoals)[number];

/** How often a run asks for each kind, and in which part of its time. */
const asked = [
  { kind: 'add', times: 3, from: 0, to: 0.5 },
  { kind: 'promote', times: 4, from: 0.1, to: 0.8 },
  { kind: 'move', times: 2, from: 0, to: 1 },
  { kind: 'remove', times: 4, from: 0.2, to: 1 },
  // By then somebody may have left, who must not come back.
  { kind: 'add', times: 2, from: 0.6, to: 1 },
] as const;

/** Those who ask have numbers of their own, beyond all clients: none waits for another. */
const firstAsker = 100;

/**
 * Asks for changes of members, at whichever machine. The last one joins, which is added and given a vote; whichever is
 * moved, or removed, and whichever of those may be added again.
 */
export function withMemberChanges(
  operations: readonly PlannedOperation[],
  machines: readonly string[],
  durationMs: number,
  random: Random,
): readonly PlannedOperation[] {
  const joining = machines.at(-1) ?? '';
  const changes = asked.flatMap(({ kind, times, from, to }) =>
    Array.from({ length: times }, () => {
      const isForNewcomer = kind === 'promote' || (kind === 'add' && from === 0);
      const node = isForNewcomer ? joining : (pick(random, machines) ?? joining);
      const port = kind === 'move' ? 2 + integerBelow(random, 2) : 1;
      const atMs = Math.round(durationMs * (from + (to - from) * random.next()));
      const operation = { f: 'member', key: `${kind} ${node}`, value: port } satisfies KeyOperation;
      return { atMs, node: pick(random, machines) ?? '', operation };
    }),
  );
  return [...operations, ...changes.map((change, index) => ({ ...change, client: firstAsker + index }))].sort(
    (a, b) => a.atMs - b.atMs,
  );
}

/** The change that an operation asks for. */
export function stepOf({ key, value }: Pick<KeyOperation, 'key' | 'value'>): MemberStep {
  const [kind, node = ''] = key.split(' ');
  const place = `${node}:${value}`;
  if (kind === 'add' || kind === 'move') return { kind, node, place };
  return { kind: kind === 'promote' ? kind : 'remove', node };
}

/** Watches the members in one run. */
export interface MemberWatch {
  /** Looks at what the store of a machine that is up knows of them. @returns what is wrong with it, in words */
  look(machine: string, store: ReplicatedStore): Problem;
  readonly reached: ReadonlySet<string>;
}

/** Makes the watch of one run. */
export function createMemberWatch(): MemberWatch {
  const reached = new Set<Goal>();
  /** What each machine knew when it was last looked at: the same object until that changes. */
  const looked = new Map<string, unknown>();
  /** The members that entries say, as far as they are committed. */
  const settled = new Map<number, LogMembers>();
  let latest: LogMembers | undefined;

  /** The machines that led when they were last looked at, in the middle of a change. */
  const leading = new Set<string>();

  /** `isLeader` says of a node that left whether it led until then. */
  const note = (members: LogMembers, isLeader: (node: string) => boolean): void => {
    if (latest === undefined) latest = members;
    if (members.index <= latest.index) return;
    for (const goal of goalsBetween(latest, members, isLeader)) reached.add(goal);
    latest = members;
  };
  return {
    look(machine, { membership, status }) {
      const known = membership.reachable();
      if (looked.get(machine) === known) return undefined;
      looked.set(machine, known);
      const members = membership.members();
      const { role, leader } = status();
      const hasLed = leading.delete(machine);
      if (!members.isSettled && role === 'leader') leading.add(machine);
      if (!members.isSettled || members.voters.length === 0) return undefined;
      const problem =
        staysAway(members, latest) ??
        sayTheSame(settled.get(members.index), members, machine) ??
        (membership.hasLeft && role === 'leader' ? `${machine} has left the cluster, and leads it` : undefined);
      settled.set(members.index, members);
      // Who hears from a leader that it is removed takes it for the leader still.
      note(members, (node) => node === leader || (node === machine && hasLed));
      return problem;
    },
    reached,
  };
}

/** What has become of members from one settled configuration to a later one. */
function goalsBetween(before: LogMembers, after: LogMembers, isLeader: (node: string) => boolean): readonly Goal[] {
  const goals: Goal[] = [];
  const isNew = (node: string): boolean => !before.voters.includes(node) && !before.learners.includes(node);
  if (after.learners.some(isNew)) goals.push('a learner was added');
  if (after.voters.some((node) => before.learners.includes(node))) goals.push('a learner was promoted');
  const left = after.retired.filter((node) => !before.retired.includes(node));
  if (left.some((node) => before.learners.includes(node))) goals.push('a learner was removed');
  if (left.some((node) => before.voters.includes(node))) goals.push('a voter was removed');
  if (left.some(isLeader)) goals.push('a leader was removed');
  const isMoved = ([node, place]: readonly [string, string]): boolean =>
    before.places[node] !== undefined && before.places[node] !== place;
  if (Object.entries(after.places).some(isMoved)) goals.push('a member was moved');
  return goals;
}

/** Who has left takes no part any more, and is not forgotten. */
function staysAway({ voters, learners, retired, index }: LogMembers, latest: LogMembers | undefined): Problem {
  const back = [...voters, ...learners].find((node) => retired.includes(node));
  if (back !== undefined) return `${back} has left the cluster, and takes part again from entry ${index} on`;
  if (latest === undefined || latest.index > index) return undefined;
  const forgotten = latest.retired.find((node) => !retired.includes(node));
  return forgotten === undefined ? undefined : `entry ${index} has forgotten that ${forgotten} has left`;
}

/** A committed entry says the same everywhere. A snapshot says it at its own, later one, and is compared with its like. */
function sayTheSame(one: LogMembers | undefined, other: LogMembers, machine: string): Problem {
  if (one === undefined || JSON.stringify(one) === JSON.stringify(other)) return undefined;
  return `${machine} knows other members of entry ${other.index} than were settled there: ${JSON.stringify(other)} instead of ${JSON.stringify(one)}`;
}
