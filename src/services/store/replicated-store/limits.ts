/** The limits of a store, each as it was told or as it is by default. */

import { MalformedRequestError } from '../errors.ts';
import { defaultRouterLimits, type RouterLimits } from '../requests/router.ts';
import { defaultRoomLimits, type RoomLimits } from '../requests/sinks.ts';
import { defaultServerLimits, type ServerLimits } from '../server/limits.ts';
import { defaultSessionLimits, type SessionLimits } from '../sessions/entries.ts';
import type { StoreLimits } from './contract.ts';

const defaultCommandBytes = 1_024 * 1_024 + 8 * 1_024;

/** All limits. @throws MalformedRequestError for one below 1 */
export const limitsOf = ({ commandBytes = defaultCommandBytes, ...limits }: StoreLimits) => ({
  commandBytes,
  sessions: checked({ ...defaultSessionLimits, ...limits.sessions }),
  server: checked({ ...defaultServerLimits, ...limits.server }),
  router: checked({ ...defaultRouterLimits, ...limits.router }),
  room: checked({ ...defaultRoomLimits, ...limits.room }),
});

function checked<L extends SessionLimits | ServerLimits | RouterLimits | RoomLimits>(limits: L): L {
  for (const [name, limit] of Object.entries(limits)) {
    if (Number.isSafeInteger(limit) && Number(limit) >= 1) continue;
    throw new MalformedRequestError(`expected limit '${name}' to be an integer of 1 or more, got ${String(limit)}`);
  }
  return limits;
}
