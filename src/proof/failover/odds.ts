/**
 * The odds of a failover, in its two readings. Active failover asks first whether the detectors are right and in time, and then
 * whether the failover completes. Standby nodes ask first whether a standby is ready when the primary dies, and lacks no more than it
 * may, and then whether it takes over. The charts, and the course of events, are the same.
 */

import { availability } from '../../odds.ts';
import { usualFaults } from '../odds/parameters.ts';
import { type FormulaAnswers, formulaOf, notGiven } from '../odds/quantities.ts';
import { defineOdds } from '../odds.ts';
import { detectedOf, readyOf, takeoverFormulas } from './odds/formulas.ts';
import { type FailoverOddsParameters, groupSystem, isDetected, isStandbyReady } from './odds/group.ts';

/** The formulas of two factors that are independent of each other. */
function factored(
  parameters: FailoverOddsParameters,
  { prepare, commitIfPrepared, able }: Readonly<Record<'prepare' | 'commitIfPrepared' | 'able', number>>,
): FormulaAnswers {
  return {
    prepare: formulaOf(prepare),
    commitIfPrepared: prepare > 0 ? formulaOf(commitIfPrepared) : notGiven('no run is ever prepared'),
    commit: formulaOf(prepare * commitIfPrepared),
    ...takeoverFormulas(parameters, able),
  };
}

/** The odds of a failover of a group whose standby is in sync. */
export const failoverOdds = defineOdds({
  name: 'failover',
  about: 'a failover that detectors on two machines begin, to a standby that holds all that was acknowledged',
  factors: {
    prepare: 'both detectors agree in time that the primary is dead, and it is',
    commit: 'the standby runs, so that it is fenced, chosen and promoted in time',
  },
  remark:
    'A primary that one detector does not hear is not dead: one opinion is no detection, and without a quorum of them a lost message is a failover. ' +
    'And a standby that is promoted is no failover yet: the old primary must be without acknowledgements first.',
  defaults: usualFaults,
  verified: { loss: 0.1 },
  formulas(parameters) {
    const able = availability(parameters);
    return factored(parameters, { prepare: detectedOf(parameters.loss), commitIfPrepared: able, able });
  },
  system: (parameters) =>
    groupSystem(parameters, { mode: 'durable', isPrepared: ({ history }) => isDetected(history) }),
});

/** The odds that a standby takes over which copies what its primary writes with a lag. */
export const standbyOdds = defineOdds({
  name: 'standby',
  about: 'a standby that copies its primary with a lag, and takes over when that dies and it lacks nothing',
  factors: {
    prepare: 'the standby runs, and lacks nothing, when the primary dies',
    commit: 'the detectors agree in time that the primary is dead, and the standby is promoted',
  },
  remark:
    'A standby that runs is not one that is ready: what it lacks at the moment of the failure decides, and it is not chosen if that is more than it may ' +
    'lack (here nothing). How far it lagged on average says nothing of that moment.',
  defaults: usualFaults,
  verified: { loss: 0.1 },
  formulas(parameters) {
    const able = readyOf(parameters);
    return factored(parameters, { prepare: able, commitIfPrepared: detectedOf(parameters.loss), able });
  },
  system: (parameters) => groupSystem(parameters, { mode: 'pass-through', isPrepared: isStandbyReady }),
});
