/** What services may know of a failover manager. */

import type { Standing } from '../group/standing.ts';
import type { ManagerContext, Sight } from './context.ts';
import { type FoundingObstacle, foundingOf } from './founding.ts';
import { type Alarm, type ManagerRole, managerRoles } from './messages.ts';

export interface ManagerView {
  readonly role: ManagerRole | undefined;
  /** The latest that it was told. */
  readonly standing: Standing;
  /** What it knows of each server; of one that is not in office, only the opinion of its detector. */
  readonly sights: readonly Sight[];
  readonly alarms: readonly Alarm[];
  /** What the founding waits for that is under way; null where there is none, or nothing. */
  readonly obstacle: FoundingObstacle | null;
}

export const managerView = (snapshot: {
  readonly context: ManagerContext;
  hasTag(tag: ManagerRole): boolean;
}): ManagerView => {
  const { standing, sights, raised } = snapshot.context;
  const role = managerRoles.find((it) => snapshot.hasTag(it));
  const founding = role === 'founding' ? foundingOf(snapshot.context) : undefined;
  const obstacle = founding?.choice === null ? founding.obstacle : null;
  return { role, standing, sights, alarms: raised, obstacle };
};
