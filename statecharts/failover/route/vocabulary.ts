/** What the chart of a route is written in: its types, its delay and the names of its rules. */

import { setup } from 'xstate';
import { fixed, named, rulesOf } from '../../actor.ts';
import type { RouteContext, RouteEffect, RouteEvent } from './context.ts';
import { routeRules } from './rules.ts';

export const routeDelays = { newsTimeout: ({ unheardAfterMs }: RouteContext) => fixed(unheardAfterMs) };

/** Binds the rules of a route to the names by which its chart calls them. */
export const { bind: bindRoute } = rulesOf<RouteContext, RouteEvent, RouteEffect>();

/** What the states of a route are made with. */
export const routing = setup({
  types: {
    context: {} as RouteContext,
    events: {} as RouteEvent,
    emitted: {} as RouteEffect,
    input: {} as RouteContext,
    tags: {} as 'routeless' | 'routed' | 'cutting',
    transitionMeta: {} as { rule: string },
  },
  delays: named(routeDelays),
  ...bindRoute(routeRules),
});
