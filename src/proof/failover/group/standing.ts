/** The standing of a group within a model: it changes by the rule of the register, and clients may hear of it. */

import type { Change } from '../../../../statecharts/failover/group/changes.ts';
import { decide as decideTruly, hasPrimary } from '../../../../statecharts/failover/group/decide.ts';
import type { Standing } from '../../../../statecharts/failover/group/standing.ts';
import type { Group, Known } from './state.ts';

/** The group after `change` was asked for; whatever clients knew before, they may still believe. */
export function recorded(group: Group, change: Change, decide = decideTruly): Group {
  const before = group.standing;
  const standing = decide(before, change);
  if (standing === before) return group;
  const isBack = standing.term < before.term || standing.epoch < before.epoch || standing.revision <= before.revision;
  const wrong = isBack ? `'${change.type}' takes the standing back` : null;
  const known = withKnown(group.known, knownOf(standing));
  return { ...group, standing, known, wrong: group.wrong ?? wrong };
}

/** What clients hear of a standing; undefined while it has no primary. */
export function knownOf(standing: Standing): Known | undefined {
  const { primary, epoch, version, inSync, confirmations } = standing;
  if (primary === null || !hasPrimary(standing)) return undefined;
  return {
    primary: primary.server,
    mark: { epoch, version },
    inSync: inSync.map(({ server }) => server),
    confirmations,
  };
}

const orderOf = ({ mark }: Known): number => mark.epoch * 1_000 + mark.version;

function withKnown(all: readonly Known[], one: Known | undefined): readonly Known[] {
  if (one === undefined || all.some((it) => orderOf(it) === orderOf(one))) return all;
  return [...all, one].sort((a, b) => orderOf(a) - orderOf(b));
}
