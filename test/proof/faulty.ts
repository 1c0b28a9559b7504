/** How tests play the scenarios of protocols: under all faults, as `quorate simulate` does. */

import { systemClock } from '../../src/environment/clock.ts';
import { allFaults } from '../../src/simulator/plan.ts';
import type { SuiteOptions } from '../../src/simulator/suite.ts';

export const faulty = { faults: allFaults, isNetworkFaulty: true, clock: systemClock() } as const;

/** Which runs, and what is otherwise. */
export type Runs = Pick<SuiteOptions, 'seed' | 'runs' | 'nodes'> & Partial<SuiteOptions>;
