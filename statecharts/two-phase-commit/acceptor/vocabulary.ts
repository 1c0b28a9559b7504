/** The vocabulary of the acceptor's chart: every rule under its name, and every delay. */

import { setup } from 'xstate';
import { fixed, named, rulesOf } from '../../actor.ts';
import type { AcceptorContext, AcceptorEffect, AcceptorEvent, AcceptorPhase } from './context.ts';
import { acceptorRules } from './rules.ts';

export const delays = {
  reminderInterval: ({ times }: AcceptorContext) => fixed(times.reminderIntervalMs),
  retention: ({ place }: AcceptorContext) => fixed(place.type === 'acceptors' ? place.retentionMs : 0),
};

/** Binds the rules of an acceptor to the names by which its chart calls them. */
export const { bind: bindAcceptor } = rulesOf<AcceptorContext, AcceptorEvent, AcceptorEffect>();

export const accepting = setup({
  types: {
    context: {} as AcceptorContext,
    events: {} as AcceptorEvent,
    emitted: {} as AcceptorEffect,
    input: {} as AcceptorContext,
    tags: {} as AcceptorPhase,
    transitionMeta: {} as { rule: string },
  },
  delays: named(delays),
  ...bindAcceptor(acceptorRules),
});
