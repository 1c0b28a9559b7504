/** The rules of a standby, by the names under which its chart calls them. */

import { operatingRules } from './rules/operating.ts';
import { roleRules } from './rules/roles.ts';
import { steeringRules } from './rules/steering.ts';

export const standbyRules = { ...steeringRules, ...operatingRules, ...roleRules };

/** The rules of a standby; a proof replaces one of them to show that it would be missed. */
export type StandbyRules = typeof standbyRules;
