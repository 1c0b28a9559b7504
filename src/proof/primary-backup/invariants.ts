/** What must hold of primary-backup replicas in every run of the simulator, asked after every event. */

import type { Address } from '../../../statecharts/actor.ts';
import type { Configuration, ReplicaContext, ReplicaLog } from '../../../statecharts/primary-backup.ts';
import type { Problem } from '../claim.ts';
import { type LogInvariants, type ServerView, watched } from '../store/servers.ts';
import {
  type Acknowledged,
  acknowledgedOf,
  isHeld,
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

/** The same, of a store that may lose something. */
export const lossGoals = ['acknowledged writes were lost', 'as many were lost as may be'] as const;
type Goal = (typeof primaryBackupGoals)[number] | (typeof lossGoals)[number];

/** Makes the invariants of one run. */
export function createPrimaryBackupInvariants(): LogInvariants<ReplicaContext> {
  const reigns = new Map<number, Reign>();
  /** What is acknowledged at each place, as the first replica that knew had it. */
  const acknowledged = new Map<number, Acknowledged>();
  const seen = new Map<Address, ReplicaSeen>();
  const reached = new Set<Goal>();
  /** The log with which the last primary took office. */
  let latest: { readonly epoch: number; readonly log: ReplicaLog } | undefined;
  let leaders = 0;
  /** The places of what was acknowledged and is lost, by the epoch of the primary that had made and acknowledged it. */
  const losses = new Map<number, Set<number>>();

  const lose = ({ by, index }: Acknowledged, { maxLoss }: Configuration): Problem => {
    const lost = losses.get(by) ?? new Set();
    losses.set(by, lost.add(index));
    reached.add('acknowledged writes were lost');
    if (lost.size === maxLoss) reached.add('as many were lost as may be');
    return lost.size <= maxLoss
      ? undefined
      : `${lost.size} entries that the primary of epoch ${by} acknowledged are lost, and at most ${maxLoss} may be`;
  };
  const checkPrimary = ({ address, context }: ReplicaSeen): Problem => {
    const { configuration, log } = context;
    const reign: Reign = { epoch: configuration.epoch, primary: address };
    const known = reigns.get(reign.epoch);
    if (known !== undefined) return onePrimary(known, reign);
    reached.add(reigns.size === 0 ? 'a replica was primary' : 'another epoch began');
    reigns.set(reign.epoch, reign);
    // One that hears late that it is primary may already have been succeeded.
    if (reign.epoch > (latest?.epoch ?? 0)) {
      latest = { epoch: reign.epoch, log };
      leaders += 1;
    }
    for (const it of acknowledged.values()) {
      const isLost = it.mode === 'async' && reign.epoch > it.by && !isHeld(log, it);
      const problem = isLost ? lose(it, configuration) : survives(log, reign, it);
      if (problem !== undefined) return problem;
      if (isLost) acknowledged.delete(it.index);
    }
    return undefined;
  };
  const checkAcknowledged = ({ commitIndex, configuration, log }: ReplicaContext, seenIndex: number): Problem => {
    for (let index = Math.max(seenIndex, log.baseIndex) + 1; index <= commitIndex; index += 1) {
      const entry = log.entryAt(index);
      if (entry === undefined) return `entry ${index} was acknowledged where the log ends at ${log.lastIndex}`;
      const news = acknowledgedOf(entry, configuration.mode, configuration.epoch);
      // A primary whose time is over acknowledges what the next one lacks.
      if (news.mode === 'async' && latest !== undefined && latest.epoch > news.by && !isHeld(latest.log, news)) {
        const tooMuch = lose(news, configuration);
        if (tooMuch !== undefined) return tooMuch;
        continue;
      }
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

  const watch = watched({ check, note: (before, now) => noteStep(before, now, reached), seen, reached });
  return { ...watch, leaders: () => leaders };
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
