/** What the chart of a fault detector is written in: its types, its delays and the names of its rules. */

import { setup } from 'xstate';
import { fixed, named, rulesOf } from '../../actor.ts';
import type { FaultDetectorContext, FaultDetectorEffect, FaultDetectorEvent } from './context.ts';
import type { Opinion } from './messages.ts';
import { faultDetectorRules } from './rules.ts';

export const { bind } = rulesOf<FaultDetectorContext, FaultDetectorEvent, FaultDetectorEffect>();

/** The delays of the chart; all follow from what the detector knows. */
export const faultDetectorDelays = {
  nextPing: ({ pingInMs }: FaultDetectorContext) => fixed(pingInMs),
  silence: ({ freshForMs }: FaultDetectorContext) => fixed(freshForMs),
  probeTimeout: ({ settings, health }: FaultDetectorContext) => fixed(settings.probeTimeoutMs * (1 + health)),
  suspicionTimeout: ({ refutableForMs }: FaultDetectorContext) => fixed(refutableForMs),
  /** Nothing but the others is waited for where the node was refused, and they find out within an interval. */
  askAgain: ({ settings, isRefused }: FaultDetectorContext) => fixed(settings.intervalMs / (isRefused ? 5 : 1)),
};

/** What the states of a detector are made with. */
export const detecting = setup({
  types: {
    context: {} as FaultDetectorContext,
    events: {} as FaultDetectorEvent,
    emitted: {} as FaultDetectorEffect,
    input: {} as FaultDetectorContext,
    tags: {} as Opinion,
    transitionMeta: {} as { rule: string },
  },
  delays: named(faultDetectorDelays),
  ...bind(faultDetectorRules),
});
