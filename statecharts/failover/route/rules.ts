/** The rules of a route: which news it takes, where they lead, and what is done with the connections that went before. */

import { deliver, type Performed, type Ruling } from '../../actor.ts';
import { isLater, type Topology } from '../topology.ts';
import type { RouteContext, RouteEffect, Via } from './context.ts';

type Answer = Ruling<RouteContext, RouteEffect>;
type News = { readonly topology: Topology };

const cutDeadlineMs = 5_000;
const cutId = (cuts: number): string => `cut-${cuts}`;

const viaOf = ({ primary, mark }: Topology): Via | null =>
  primary === null ? null : { ...primary, epoch: mark?.epoch ?? null };

const isSameWay = (a: Via | null, b: Via | null): boolean =>
  a?.server === b?.server && a?.host === b?.host && a?.port === b?.port && a?.epoch === b?.epoch;

const isNews = ({ known }: RouteContext, { topology: next }: News): boolean => isLater(known ?? undefined, next);

const isCut = ({ cuts }: RouteContext, { id, result }: Performed): boolean =>
  id === cutId(cuts) && result.type === 'done';

export const routeRules = {
  isLater: isNews,

  /** How far standbys are behind is measured again and again, and changes nothing of how the group stands. */
  isAsOfNow: ({ known }: RouteContext, { topology: next }: News): boolean =>
    known !== null && next.group === known.group && next.revision === known.revision,

  /** News that are not earlier than what is known: whoever tells them has kept up. */
  isNoHistory: ({ known }: RouteContext, { topology: next }: News): boolean =>
    known === null || (next.group === known.group && !isLater(next, known)),

  leadsToPrimary: (context: RouteContext, news: News): boolean =>
    isNews(context, news) && news.topology.primary !== null,

  leadsElsewhere: (context: RouteContext, news: News): boolean =>
    isNews(context, news) && !isSameWay(context.via, viaOf(news.topology)),

  isOfThisCut: ({ cuts }: RouteContext, { id }: Performed): boolean => id === cutId(cuts),
  isCut,
  isCutForPrimary: (context: RouteContext, performed: Performed): boolean =>
    isCut(context, performed) && context.known !== null && context.known.primary !== null,

  take: (_context: RouteContext, { topology: next }: News): Answer => ({
    context: { known: next },
    effects: [deliver({ type: 'known', topology: next })],
  }),

  measure: ({ known }: RouteContext, { topology: next }: News): Answer => {
    if (known === null) return {};
    const measured = { ...known, standbys: next.standbys };
    return { context: { known: measured }, effects: [deliver({ type: 'known', topology: measured })] };
  },

  route: ({ known }: RouteContext): Answer =>
    known === null ? {} : { context: { via: viaOf(known) }, effects: [deliver({ type: 'routed', topology: known })] },

  sayRouteless: (): Answer => ({ context: { via: null }, effects: [deliver({ type: 'routeless' })] }),

  cut: ({ via, cuts }: RouteContext): Answer => ({
    context: { cuts: cuts + 1 },
    effects: [
      {
        type: 'perform',
        id: cutId(cuts + 1),
        resource: 'connections',
        operation: { type: 'cut', server: via?.server ?? '' },
        deadlineMs: cutDeadlineMs,
      },
    ],
  }),

  sayUnheard: ({ unheardAfterMs }: RouteContext): Answer => ({
    effects: [deliver({ type: 'unheard', forMs: unheardAfterMs })],
  }),

  sayHeard: (): Answer => ({ effects: [deliver({ type: 'heard' })] }),
};

/** The rules of a route; a test replaces one of them to show that it would be missed. */
export type RouteRules = typeof routeRules;
