/** What the chart of a standby is written in: its types, its delays and the names of its rules. */

import { setup } from 'xstate';
import { fixed, named, rulesOf } from '../../actor.ts';
import type { StandbyContext, StandbyEffect, StandbyEvent } from './context.ts';
import type { StandbyRole } from './messages.ts';
import { standbyRules } from './rules.ts';

export const standbyDelays = {
  lookInterval: ({ settings }: StandbyContext) => fixed(settings.lookIntervalMs),
  retryInterval: ({ settings }: StandbyContext) => fixed(settings.retryIntervalMs),
};

/** Binds the rules of a standby to the names by which its chart calls them. */
export const { bind: bindStandby } = rulesOf<StandbyContext, StandbyEvent, StandbyEffect>();

/** What the states of a standby are made with. */
export const steered = setup({
  types: {
    context: {} as StandbyContext,
    events: {} as StandbyEvent,
    emitted: {} as StandbyEffect,
    input: {} as StandbyContext,
    tags: {} as StandbyRole,
    transitionMeta: {} as { rule: string },
  },
  delays: named(standbyDelays),
  ...bindStandby(standbyRules),
});
