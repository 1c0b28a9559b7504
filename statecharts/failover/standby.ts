/**
 * The standby: steers one server of a group, as the manager of its own node orders while that is in office. It alone performs
 * operations at the server; and its chart says which part the server plays: warming up, ready, fenced, promoting, active,
 * failed, or replaced by another one.
 *
 * Two managers may believe that they are in office, and so two standbys that they steer the same server; who claims last
 * has it alone, and asks whether its term is in office only after that. The register refuses what an earlier term wants.
 */

import { given } from '../actor/given.ts';
import { type Birth, defineActor } from '../actor.ts';
import { standbyName } from './addresses.ts';
import { type StandbyBegin, standbyContext } from './standby/context.ts';
import { standbyMessages, standbyRoles, standbySenders } from './standby/messages.ts';
import { operating } from './standby/operating.ts';
import { type StandbyRules, standbyRules } from './standby/rules.ts';
import { standbyView } from './standby/view.ts';
import { bindStandby, standbyDelays, steered } from './standby/vocabulary.ts';

const letAlone = { guard: 'isLetAlone', target: 'cold' } as const;
const failed = { guard: 'hasFailed', target: 'failed' } as const;
const replaced = { guard: 'isReplaced', target: 'replaced' } as const;
const fenced = { guard: 'isFenced', target: 'fenced', meta: { rule: 'Paxos 1b' } } as const;
const promoting = { guard: 'isPromoting', target: 'promoting' } as const;
const active = { guard: 'isActive', target: 'active' } as const;
const ready = { guard: 'isFollowing', target: 'ready' } as const;
const warming = { guard: 'isWarming', target: 'warming' } as const;

/** The standby's chart. */
export const standbyChart = steered.createMachine({
  id: 'standby',
  context: given,
  type: 'parallel',
  states: {
    operating,
    role: {
      initial: 'cold',
      states: {
        cold: { tags: 'cold', always: { guard: 'isSteered', target: 'warming' } },
        warming: { tags: 'warming', always: [letAlone, replaced, failed, fenced, active, promoting, ready] },
        ready: {
          tags: 'ready',
          entry: 'noteFollowing',
          always: [letAlone, failed, fenced, active, promoting, warming],
        },
        fenced: { tags: 'fenced', always: [letAlone, replaced, failed, active, promoting, ready, warming] },
        promoting: { tags: 'promoting', always: [letAlone, replaced, failed, fenced, active, ready, warming] },
        active: { tags: 'active', entry: 'noteReign', always: [letAlone, replaced, failed, fenced] },
        failed: {
          tags: 'failed',
          always: [letAlone, replaced, { guard: 'isWorking', target: 'warming' }],
        },
        replaced: { tags: 'replaced', always: [letAlone, ready, fenced, active, promoting] },
      },
    },
  },
});

/** Defines the actor. Other rules than the true ones are for proofs that a fault would be found. */
export const defineStandby = (rules: StandbyRules = standbyRules) =>
  defineActor({
    name: standbyName,
    chart: standbyChart.provide(bindStandby(rules)),
    roles: standbyRoles,
    messages: standbyMessages,
    senders: standbySenders,
    performs: true,
    input: (_recovered: undefined, birth: Birth<StandbyBegin>) => standbyContext(birth),
    delays: standbyDelays,
    view: standbyView,
  });

/** The standby; the key of its address is `group.server`. */
export const standby = defineStandby();
