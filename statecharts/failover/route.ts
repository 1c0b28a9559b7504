/**
 * The way of clients to a group, at one proxy: there is none, it leads to the primary, or it has just ended and the
 * connections that went it are being cut, before another one opens. Only later news of the group are taken, and a route that
 * hears none for too long says so: what it knows may be history. Safety does not rest on it (the standbys are fenced); it
 * makes clients leave a former primary at once instead of waiting there for answers that never come.
 */

import { given } from '../actor/given.ts';
import { type Birth, defineActor, message } from '../actor.ts';
import { routeName } from './addresses.ts';
import { type RouteBegin, routeContext } from './route/context.ts';
import { routeRequests } from './route/messages.ts';
import { type RouteRules, routeRules } from './route/rules.ts';
import { bindRoute, routeDelays, routing } from './route/vocabulary.ts';

const taken = {
  guard: { type: 'isLater', params: message },
  actions: { type: 'take', params: message },
  meta: { rule: 'only later news are taken' },
} as const;
const measured = {
  guard: { type: 'isAsOfNow', params: message },
  actions: { type: 'measure', params: message },
} as const;
const isNoHistory = { type: 'isNoHistory', params: message } as const;

/** The chart of a route. */
export const routeChart = routing.createMachine({
  id: 'route',
  context: given,
  type: 'parallel',
  states: {
    way: {
      initial: 'routeless',
      states: {
        routeless: {
          tags: 'routeless',
          entry: 'sayRouteless',
          on: {
            topology: [
              { ...taken, guard: { type: 'leadsToPrimary', params: message }, target: 'routed' },
              taken,
              measured,
            ],
            performed: {},
          },
        },
        routed: {
          tags: 'routed',
          entry: 'route',
          on: {
            topology: [
              {
                ...taken,
                guard: { type: 'leadsElsewhere', params: message },
                target: 'cutting',
                meta: { rule: 'connections belong to one primary in one epoch' },
              },
              taken,
              measured,
            ],
            performed: {},
          },
        },
        cutting: {
          tags: 'cutting',
          entry: 'cut',
          on: {
            topology: [taken, measured],
            performed: [
              {
                guard: { type: 'isCutForPrimary', params: message },
                target: 'routed',
                meta: { rule: 'the next way opens when the last one is closed' },
              },
              { guard: { type: 'isCut', params: message }, target: 'routeless' },
              { guard: { type: 'isOfThisCut', params: message }, target: 'cutting', reenter: true },
              {},
            ],
          },
        },
      },
    },
    news: {
      initial: 'heard',
      // What is earlier than what is known shows nothing of whether news come.
      on: { topology: {} },
      states: {
        heard: {
          on: { topology: { guard: isNoHistory, target: 'heard', reenter: true } },
          after: { newsTimeout: { target: 'unheard', actions: 'sayUnheard' } },
        },
        unheard: { on: { topology: { guard: isNoHistory, target: 'heard', actions: 'sayHeard' } } },
      },
    },
  },
});

/** Defines the actor. Other rules than the true ones are for tests that a fault would be found. */
export const defineRoute = (rules: RouteRules = routeRules) =>
  defineActor({
    name: routeName,
    chart: routeChart.provide(bindRoute(rules)),
    roles: ['routeless', 'routed', 'cutting'],
    requests: routeRequests,
    performs: true,
    delays: routeDelays,
    input: (_recovered: undefined, birth: Birth<RouteBegin>) => routeContext(birth),
    view: ({ context: { known, via } }) => ({ known, via }),
  });

/** The way of clients to a group; its key is the group's name. */
export const route = defineRoute();
