/** The rules of a failover manager, by the names under which its charts call them. */

import { electingRules } from './rules/electing.ts';
import { keepingRules } from './rules/keeping.ts';
import { officeRules } from './rules/office.ts';
import { operatorRules } from './rules/operator.ts';
import { seeingRules } from './rules/seeing.ts';

export const managerRules = { ...officeRules, ...seeingRules, ...electingRules, ...keepingRules, ...operatorRules };

/** The rules of a failover manager; a proof replaces one of them to show that it would be missed. */
export type ManagerRules = typeof managerRules;
