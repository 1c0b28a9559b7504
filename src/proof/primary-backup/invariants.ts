/** What must hold of primary-backup replicas in every run of the simulator, asked after every event. */

import type { Address } from '../../../statecharts/actor.ts';
import type { ReplicaContext, ReplicaLog } from '../../../statecharts/primary-backup.ts';
import type { Problem } from '../claim.ts';
import { type LogInvariants, type ServerView, watched } from '../store/servers.ts';
import {
  type Acknowledged,
  acknowledgedOf,
  logMatching,
  oneAcknowledged,
  onePrimary,
  type Reign,
  survives,
} from './claims.ts';

/** A replica, as an observer from above sees it. */
export type ReplicaSeen = ServerView<ReplicaContext>;

/** What may happen in a run, and must in some: otherwise the invariants held because nothing happened. */
export const primaryBackupGoals = [
  'a replica was primary',
  'another epoch began',
  'a primary fenced itself',
  'the in-sync set shrank',
  'the in-sync set grew',
  'a replica discarded what was never acknowledged',
  'a snapshot was installed',
  'a log was compacted',
] as const;
type Goal = (typeof primaryBackupGoals)[number];

/** Makes the invariants of one run. */
export function createPrimaryBackupInvariants(): LogInvariants<ReplicaContext> {
  const reigns = new Map<number, Reign>();
  /** What is acknowledged at each place, as the first replica that knew had it. */
  const acknowledged = new Map<number, Acknowledged>();
  const seen = new Map<Address, ReplicaSeen>();
  const reached = new Set<Goal>();

  const checkPrimary = ({ address, context }: ReplicaSeen): Problem => {
    const { configuration, log } = context;
    const reign: Reign = { epoch: configuration.epoch, primary: address };
    const known = reigns.get(reign.epoch);
    if (known !== undefined) return onePrimary(known, reign);
    reached.add(reigns.size === 0 ? 'a replica was primary' : 'another epoch began');
    reigns.set(reign.epoch, reign);
    for (const it of acknowledged.values()) {
      const problem = survives(log, reign, it);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
  const checkAcknowledged = ({ commitIndex, configuration, log }: ReplicaContext, seenIndex: number): Problem => {
    for (let index = Math.max(seenIndex, log.baseIndex) + 1; index <= commitIndex; index += 1) {
      const entry = log.entryAt(index);
      if (entry === undefined) return `entry ${index} was acknowledged where the log ends at ${log.lastIndex}`;
      const news = acknowledgedOf(entry, configuration.mode, configuration.epoch);
      const known = acknowledged.get(index);
      const problem = known === undefined ? undefined : oneAcknowledged(known, news);
      if (problem !== undefined) return problem;
      if (known === undefined) acknowledged.set(index, news);
    }
    return undefined;
  };
  const checkLog = (address: Address, log: ReplicaLog): Problem => {
    for (const other of seen.values()) {
      const problem = other.address === address ? undefined : logMatching(log, other.context.log);
      if (problem !== undefined) return `${problem} (${address}, ${other.address})`;
    }
    return undefined;
  };
  const check = (now: ReplicaSeen, before: ReplicaSeen | undefined): Problem =>
    (now.context.log === before?.context.log ? undefined : checkLog(now.address, now.context.log)) ??
    checkAcknowledged(now.context, before?.context.commitIndex ?? 0) ??
    (now.role === 'primary' ? checkPrimary(now) : undefined);

  return watched({ check, note: (before, now) => noteStep(before, now, reached), seen, reached });
}

function noteStep(before: ReplicaSeen, now: ReplicaSeen, reached: Set<Goal>): void {
  const earlier = before.context;
  const { configuration, log, snapshot } = now.context;
  const change = configuration.inSync.length - earlier.configuration.inSync.length;
  if (change < 0) reached.add('the in-sync set shrank');
  if (change > 0) reached.add('the in-sync set grew');
  if (isCut(earlier.log, log)) {
    reached.add('a replica discarded what was never acknowledged');
  }
  if (snapshot !== null && snapshot !== earlier.snapshot) {
    reached.add(earlier.commitIndex < snapshot.index ? 'a snapshot was installed' : 'a log was compacted');
  }
  const isSameEpoch = configuration.epoch === earlier.configuration.epoch;
  if (before.role === 'primary' && now.role === 'fenced' && isSameEpoch) reached.add('a primary fenced itself');
}

/** Whether the last entry of `before` gave way to one of another epoch. */
const isCut = (before: ReplicaLog, now: ReplicaLog): boolean =>
  before.lastIndex > now.baseIndex && now.epochAt(before.lastIndex) !== before.lastEpoch;
