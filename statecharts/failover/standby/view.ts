/** What services may know of a standby. */

import type { ServerStatus } from '../servers.ts';
import type { StandbyContext } from './context.ts';
import { type Order, type StandbyRole, standbyRoles } from './messages.ts';

export interface StandbyView {
  readonly server: string;
  readonly role: StandbyRole | undefined;
  readonly term: number;
  readonly order: Order['type'];
  /** Where the server stood at the last operation; null where that is not known. */
  readonly status: ServerStatus | null;
  /** Operations in a row that it has not done. */
  readonly misses: number;
}

export const standbyView = (snapshot: {
  readonly context: StandbyContext;
  hasTag(tag: StandbyRole): boolean;
}): StandbyView => {
  const { server, term, order, status, misses } = snapshot.context;
  const role = standbyRoles.find((it) => snapshot.hasTag(it));
  return { server, role, term, order: order.type, status, misses };
};
