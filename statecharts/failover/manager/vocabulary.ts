/** What the chart of a failover manager is written in: its types, its delays, the names of its rules, and what recurs. */

import { setup } from 'xstate';
import { between, fixed, message, named, rulesOf } from '../../actor.ts';
import type { Phase } from '../group/standing.ts';
import type { ManagerContext, ManagerEffect, ManagerEvent } from './context.ts';
import type { ManagerRole } from './messages.ts';
import { managerRules } from './rules.ts';

const settingsOf = ({ plan }: ManagerContext) => plan.settings;

export const managerDelays = {
  retryInterval: (context: ManagerContext) =>
    between(settingsOf(context).retryIntervalMs, settingsOf(context).retryIntervalMs * 1.5),
  gatherTimeout: (context: ManagerContext) => fixed(settingsOf(context).gatherTimeoutMs),
  catchUpTimeout: (context: ManagerContext) => fixed(settingsOf(context).catchUpTimeoutMs),
  promoteTimeout: (context: ManagerContext) => fixed(settingsOf(context).promoteTimeoutMs),
};

/** Binds the rules of a manager to the names by which its chart calls them. */
export const { bind: bindManager } = rulesOf<ManagerContext, ManagerEvent, ManagerEffect>();

/** What the states of a manager are made with. */
export const managing = setup({
  types: {
    context: {} as ManagerContext,
    events: {} as ManagerEvent,
    emitted: {} as ManagerEffect,
    input: {} as ManagerContext,
    tags: {} as ManagerRole,
    transitionMeta: {} as { rule: string },
  },
  delays: named(managerDelays),
  ...bindManager(managerRules),
});

/** The params of the guard that asks whether what is recorded leads to `phase`. */
const recordOf =
  <const Name extends Phase>(phase: Name) =>
  <Event extends object>({ event }: { event: Event }) => ({ ...event, phase });

export const adopt = { type: 'adopt', params: message } as const;
export const see = { type: 'see', params: message } as const;
export const seeFailing = { type: 'seeFailing', params: message } as const;
export const judge = { type: 'judge', params: message } as const;
export const ofTerm = { type: 'isOfTerm', params: message } as const;

/** The recorded phase leads on to `target`. */
export const leadsTo = <const Name extends Phase, const Target extends string, const Rule extends string>(
  phase: Name,
  target: Target,
  rule: Rule,
) =>
  ({
    guard: { type: 'leadsTo', params: recordOf(phase) },
    target,
    actions: adopt,
    meta: { rule },
  }) as const;

/** A candidate is recorded; the application hears whom the group has chosen. */
export const isChosen = <const Target extends string, const Rule extends string>(target: Target, rule: Rule) =>
  ({
    ...leadsTo('promoting', target, rule),
    actions: [{ type: 'tellChoice', params: message }, adopt],
  }) as const;

/** The operator's word that failovers do not, or do again, begin by themselves. */
export const maintain = { actions: { type: 'maintain', params: message } } as const;

/** An election can begin only where a primary serves, and a request of this kind is refused elsewhere. */
export const notNow = { actions: { type: 'refuseNotNow', params: message } } as const;
export const notInOffice = { actions: { type: 'refuseNotInOffice', params: message } } as const;
