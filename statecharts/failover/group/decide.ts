/**
 * The rule of the register: the standing after it was asked for a change; the same one if that is refused, or nothing new.
 * Safety does not depend on who asks, only on these rules and on what each change claims of servers being true.
 */

import type { Change, ChangeOf, Wanted } from './changes.ts';
import { isAmong, lastVersion, maxHistories, type Phase, type Standing, sameMembers } from './standing.ts';

type Step<Type extends Change['type']> = (standing: Standing, change: ChangeOf<Type>) => Standing;

/** Phases of an epoch that has a primary. */
const reigning: readonly Phase[] = ['redirecting', 'settling', 'monitoring', 'manual'];
/** Phases in which a primary is looked for. */
const choosing: readonly Phase[] = ['founding', 'fencing', 'degraded'];

/** Whether the group has a primary, and no other one is being looked for. */
export const hasPrimary = ({ phase, primary, candidate }: Standing): boolean =>
  reigning.includes(phase) && primary !== null && candidate === null;

/** Whether a primary is being looked for. */
export const isElecting = ({ phase }: Standing): boolean => choosing.includes(phase);

/** Whether a failover that begins now begins before the last one has settled. */
const isUnsettled = ({ phase }: Standing): boolean =>
  phase === 'promoting' || phase === 'redirecting' || phase === 'settling';

/** Whether someone wants it, and not what happened. */
const isOrdered = ({ reason }: ChangeOf<'elect'>): boolean => reason === 'switchover' || reason === 'operator';

const beginEpoch = (
  standing: Standing,
  { reason, target }: Pick<ChangeOf<'elect'>, 'reason' | 'target'>,
): Standing => ({
  ...standing,
  phase: 'fencing',
  reason,
  target,
  epoch: standing.epoch + 1,
  shrinking: null,
  allowedLoss: null,
});

function elect(standing: Standing, wanted: ChangeOf<'elect'>): Standing {
  const { phase, epoch, flaps, maxFlaps, maintenance } = standing;
  if (wanted.epoch !== epoch + 1 || isElecting(standing)) return standing;
  if (isOrdered(wanted)) return beginEpoch(standing, wanted);
  if (phase === 'manual') return standing;
  if (maintenance) return { ...standing, phase: 'manual', reason: 'maintenance' };
  if (!isUnsettled(standing)) return beginEpoch(standing, wanted);
  if (flaps >= maxFlaps) return { ...standing, phase: 'manual', reason: 'flapping' };
  return beginEpoch({ ...standing, flaps: flaps + 1 }, wanted);
}

const degrade: Step<'degrade'> = (standing, { epoch }) =>
  standing.phase === 'fencing' && epoch === standing.epoch
    ? { ...standing, phase: 'degraded', reason: 'no-candidate' }
    : standing;

/** Vertical Paxos: the candidate and those in sync with it hold what was acknowledged before, so it may be forgotten who did. */
function choose(standing: Standing, { epoch, candidate, offset, inSync, loss }: ChangeOf<'choose'>): Standing {
  // A founding begins above the epochs that servers have heard of.
  const isOfEpoch = standing.phase === 'founding' ? epoch > standing.epoch : epoch === standing.epoch;
  const isApart = inSync.every(({ server }) => server !== candidate.server);
  if (!isElecting(standing) || !isOfEpoch || !isApart) return standing;
  return {
    ...standing,
    phase: 'promoting',
    reason: standing.phase === 'founding' ? 'founded' : 'chosen',
    epoch,
    version: 1,
    primary: null,
    candidate,
    beginsAt: offset,
    inSync: standing.mode === 'durable' ? inSync : [],
    shrinking: null,
    target: null,
    loss: loss ?? standing.loss,
  };
}

function promoted(standing: Standing, { epoch, history }: ChangeOf<'promoted'>): Standing {
  const { phase, candidate, histories, beginsAt: since } = standing;
  if (phase !== 'promoting' || epoch !== standing.epoch || candidate === null) return standing;
  return {
    ...standing,
    phase: 'redirecting',
    reason: 'promoted',
    primary: candidate,
    candidate: null,
    histories: [...histories.filter((it) => it.history !== history), { epoch, history, since }].slice(-maxHistories),
  };
}

const redirected: Step<'redirected'> = (standing, { epoch }) =>
  standing.phase === 'redirecting' && epoch === standing.epoch
    ? { ...standing, phase: 'settling', reason: 'redirected' }
    : standing;

function settled(standing: Standing, { epoch }: ChangeOf<'settled'>): Standing {
  if (standing.phase !== 'settling' || epoch !== standing.epoch) return standing;
  const calm = { ...standing, flaps: 0 };
  return standing.maintenance
    ? { ...calm, phase: 'manual', reason: 'maintenance' }
    : { ...calm, phase: 'monitoring', reason: 'settled' };
}

const isOfReign = (standing: Standing, { epoch, version }: ChangeOf<'grow' | 'shrink'>): boolean =>
  standing.mode === 'durable' &&
  hasPrimary(standing) &&
  epoch === standing.epoch &&
  version === lastVersion(standing) + 1;

/** Recorded before the primary is told: an election asks the larger set already while the primary waits for the smaller. */
function grow(standing: Standing, wanted: ChangeOf<'grow'>): Standing {
  const { inSync, primary, shrinking } = standing;
  const { version, members } = wanted;
  const keepsAll = inSync.every((it) => isAmong(members, it));
  const isNew = shrinking !== null || members.length > inSync.length;
  if (!isOfReign(standing, wanted) || !keepsAll || !isNew) return standing;
  if (members.some(({ server }) => server === primary?.server)) return standing;
  return { ...standing, version, inSync: members, shrinking: null };
}

/** Who goes, and who stays in another incarnation: until the primary has said that these suffice, elections ask the old set. */
function shrink(standing: Standing, wanted: ChangeOf<'shrink'>): Standing {
  const { inSync, shrinking, confirmations } = standing;
  const { version, members } = wanted;
  const isWithin = members.every(({ server }) => inSync.some((it) => it.server === server));
  const isNew = !sameMembers(members, shrinking?.members ?? inSync);
  if (!isOfReign(standing, wanted) || !isWithin || !isNew || members.length < confirmations) return standing;
  return { ...standing, shrinking: { version, members } };
}

function shrunk(standing: Standing, { epoch, version }: ChangeOf<'shrunk'>): Standing {
  const { shrinking } = standing;
  if (!hasPrimary(standing) || epoch !== standing.epoch || shrinking?.version !== version) return standing;
  return { ...standing, version, inSync: shrinking.members, shrinking: null };
}

/** Back to where failovers begin by themselves; a promotion that was given up is made up for by another epoch. */
function leaveManual(standing: Standing): Standing {
  if (standing.phase !== 'manual') return standing;
  return hasPrimary(standing)
    ? { ...standing, phase: 'monitoring', reason: 'operator' }
    : beginEpoch(standing, { reason: 'operator', target: null });
}

function maintain(standing: Standing, { isOn }: ChangeOf<'maintain'>): Standing {
  const { phase, reason, maintenance } = standing;
  if (maintenance === isOn) return standing;
  const next = { ...standing, maintenance: isOn };
  if (isOn) return phase === 'monitoring' ? { ...next, phase: 'manual', reason: 'maintenance' } : next;
  return reason === 'maintenance' ? leaveManual(next) : next;
}

const resume: Step<'resume'> = (standing) =>
  standing.phase === 'manual' ? leaveManual({ ...standing, maintenance: false, flaps: 0 }) : standing;

const allowLoss: Step<'allowLoss'> = (standing, { epoch }) =>
  isElecting(standing) && epoch === standing.epoch && standing.allowedLoss !== epoch
    ? { ...standing, allowedLoss: epoch }
    : standing;

function takeOffice(standing: Standing, { term, node }: ChangeOf<'takeOffice'>): Standing {
  return term === standing.term + 1 ? { ...standing, term, manager: node } : standing;
}

function changed(standing: Standing, change: Change): Standing {
  switch (change.type) {
    case 'takeOffice':
      return takeOffice(standing, change);
    case 'elect':
      return elect(standing, change);
    case 'degrade':
      return degrade(standing, change);
    case 'choose':
      return choose(standing, change);
    case 'promoted':
      return promoted(standing, change);
    case 'redirected':
      return redirected(standing, change);
    case 'settled':
      return settled(standing, change);
    case 'grow':
      return grow(standing, change);
    case 'shrink':
      return shrink(standing, change);
    case 'shrunk':
      return shrunk(standing, change);
    case 'maintain':
      return maintain(standing, change);
    case 'resume':
      return resume(standing, change);
    case 'allowLoss':
      return allowLoss(standing, change);
  }
}

/**
 * The standing after `change` was asked for: the same object if it is refused, because it follows another revision, is of
 * another term than that in office, or is not possible there.
 */
export function decide(standing: Standing, change: Change): Standing {
  const isOfTerm = change.type === 'takeOffice' || change.term === standing.term;
  if (change.expected !== standing.revision || !isOfTerm) return standing;
  const next = changed(standing, change);
  return next === standing ? standing : { ...next, revision: standing.revision + 1 };
}

/** What is wanted, as a change that follows `standing` in its term. */
export function changeOf(standing: Standing, wanted: Wanted): Change {
  const { term, revision: expected } = standing;
  return { ...wanted, term, expected };
}

/** Whether `wanted` would change the standing in its own term. */
export const isWanting = (standing: Standing, wanted: Wanted): boolean =>
  decide(standing, changeOf(standing, wanted)) !== standing;
