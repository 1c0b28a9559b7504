/** Leases, as a protocol that is simulated, checked and broken. */

import type { GivenBounds } from '../../../src/proof/bounds.ts';
import { defineProtocol, type Twin } from '../../../src/proof/protocol.ts';
import { type Effect, send } from '../../../statecharts/actor.ts';
import { type GrantorRules, grantorRules } from './grantor.ts';
import { leaseBounds, leaseModel } from './model.ts';
import { leaseScenario } from './scenario.ts';

type LeaseTwin = Twin<GivenBounds<typeof leaseBounds>, Partial<GrantorRules>>;

const withEffects =
  (change: (effects: readonly Effect[]) => readonly Effect[]): GrantorRules['grant'] =>
  (context, asked) => {
    const { effects, ...result } = grantorRules.grant(context, asked);
    return { ...result, effects: effects.filter((effect) => change(effects).includes(effect)) };
  };

const twins: readonly LeaseTwin[] = [
  {
    name: 'a lease is not written down',
    rule: 'Leases §2',
    broken: { grant: withEffects((effects) => effects.filter(({ type }) => type !== 'persist')) },
    checker: { bounds: { crashes: 1 }, violates: 'one holder per epoch' },
    simulator: {},
  },
  {
    name: 'the next holder gets the lease under the same epoch',
    rule: 'Leases §2: the term is over',
    broken: {
      grant: ({ epoch }, { from }) => ({
        context: { epoch: Math.max(epoch, 1), holder: from },
        effects: [send(from, { type: 'grant', epoch: Math.max(epoch, 1) })],
      }),
    },
    checker: { bounds: {}, violates: 'one holder per epoch' },
  },
];

export const lease = defineProtocol({
  name: 'lease',
  about: 'leases with epochs, from one grantor',
  bounds: leaseBounds,
  model: leaseModel,
  scenario: leaseScenario,
  systems: [{ bounds: { holders: 2, crashes: 1 } }, { bounds: { holders: 2, losses: 1 } }],
  suites: [{ runs: 30, nodes: 3, budgetSeconds: 30 }],
  statesToFind: 100_000,
  runsToFind: { runs: 60, nodes: 3 },
  twins,
  examples: [{ holders: 2, crashes: 1 }],
});
