/** The rules of a fault detector, by the names under which its chart calls them. */

import { judgingRules } from './rules/judging.ts';
import { pingingRules } from './rules/pinging.ts';

export const faultDetectorRules = { ...pingingRules, ...judgingRules };

/** The rules of a fault detector; a proof replaces one of them to show that it would be missed. */
export type FaultDetectorRules = typeof faultDetectorRules;
