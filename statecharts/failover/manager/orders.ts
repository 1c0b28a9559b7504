/** What each server is ordered: a function of the standing, so that a manager that takes over orders the same. */

import { send } from '../../actor.ts';
import { standbyAddress } from '../addresses.ts';
import { changeOf, decide, hasPrimary } from '../group/decide.ts';
import { lastVersion, type Member, type Standing } from '../group/standing.ts';
import type { Order } from '../standby/messages.ts';
import { type ManagerContext, type ManagerEffect, sightOf } from './context.ts';

/** Of whom the primary is told, and what it is told of them. */
const reignOf = (standing: Standing, { incarnation }: Member) => ({
  incarnation,
  epoch: standing.epoch,
  version: lastVersion(standing),
  inSync: (standing.shrinking?.members ?? standing.inSync).map(({ server }) => server),
  confirmations: standing.confirmations,
});

/**
 * The standing as it will be: fencing begins as an election is asked for, and needs no record; it only keeps servers from
 * taking part. A primary that serves is not stopped before it is recorded that another one is wanted.
 */
function ahead({ standing, wanted }: Pick<ManagerContext, 'standing' | 'wanted'>): Standing {
  return wanted?.type === 'elect' && wanted.target === null ? decide(standing, changeOf(standing, wanted)) : standing;
}

/** Whether a server is steered at all: a cold one is not, unless it is needed or has a part already. */
export function isSteered(context: ManagerContext, server: string): boolean {
  const { plan, recruited, standing } = context;
  const { inSync, primary, candidate, shrinking } = standing;
  const parts = [...inSync, ...(shrinking?.members ?? []), primary, candidate];
  const isCold = plan.servers.some((it) => it.server === server && it.standby === 'cold');
  // Whoever is in sync must be fenced in an election, however it came to run.
  return !isCold || recruited.includes(server) || plan.primary === server || parts.some((it) => it?.server === server);
}

/** Where the primary was when it was fenced in a planned election; null as long as it is not. */
function stoppedAt(context: ManagerContext, { primary, epoch }: Standing): number | null {
  const sight = sightOf(context, primary?.server);
  const isFenced = sight?.done?.type === 'fence' && sight.done.epoch === epoch;
  return isFenced ? (sight.seen?.position.offset ?? null) : null;
}

/** The order of `server` where the group stands so. */
function orderFor(context: ManagerContext, standing: Standing, server: string): Order {
  const { phase, epoch, primary, candidate, target } = standing;
  if (!isSteered(context, server)) return { type: 'rest' };
  if (phase === 'founding') return { type: 'watch', upTo: null };
  if (phase === 'fencing' && target !== null && !context.isGathering && server !== primary?.server) {
    return { type: 'watch', upTo: stoppedAt(context, standing) };
  }
  if (phase === 'promoting' && candidate?.server === server) {
    return { type: 'promote', ...reignOf(standing, candidate) };
  }
  if (primary === null || !hasPrimary(standing)) return { type: 'fence', epoch };
  return server === primary.server
    ? { type: 'reign', ...reignOf(standing, primary) }
    : { type: 'follow', epoch, primary: primary.server };
}

const steer = ({ node, plan, standing }: ManagerContext, server: string, order: Order): ManagerEffect =>
  send(standbyAddress(node, plan.group, server), { type: 'steer', term: standing.term, order });

/** All orders, as the group stands or will stand; what is ordered already is nothing new to a standby. */
export function orders(context: ManagerContext): readonly ManagerEffect[] {
  const standing = ahead(context);
  return context.plan.servers.map(({ server }) => steer(context, server, orderFor(context, standing, server)));
}

/** Every server is let alone. */
export const restAll = (context: ManagerContext): readonly ManagerEffect[] =>
  context.plan.servers.map(({ server }) => steer(context, server, { type: 'rest' }));
