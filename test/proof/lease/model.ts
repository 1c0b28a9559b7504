/** Leases for the checker. */

import { actorOf, defineModel, type Model, type Observation, request } from '../../../src/checker.ts';
import { type BoundsOf, boundsOf, budget, count, type GivenBounds, systemNameOf } from '../../../src/proof/bounds.ts';
import { type Holding, oneHolderPerEpoch } from './claims.ts';
import { defineGrantor, type GrantorRules, grantorRules } from './grantor.ts';
import { holder } from './holder.ts';

export const leaseBounds = {
  holders: count({ about: 'who wants the lease', unit: ['holder', 'holders'], least: 1, most: 4, default: 2 }),
  crashes: count({ about: 'crashes of the grantor', unit: ['crash', 'crashes'], default: 0 }),
  losses: budget({ about: 'messages that are lost', unit: ['loss', 'losses'], default: 0 }),
  expiries: count({ about: 'leases that end', unit: ['expiry', 'expiries'], default: { sumOf: ['holders'] } }),
};
export type LeaseBounds = BoundsOf<typeof leaseBounds>;

type Holdings = readonly Holding[];
const observe = (holdings: Holdings, it: Observation): Holdings =>
  it.type === 'delivered' && 'epoch' in it.output
    ? [...holdings, { holder: it.actor, epoch: Number(it.output.epoch) }]
    : holdings;

export function leaseModel(
  given: GivenBounds<typeof leaseBounds> = {},
  broken: Partial<GrantorRules> = {},
): Model<Holdings> {
  const { holders, crashes, losses, expiries } = boundsOf(leaseBounds, given);
  const grantor = actorOf(defineGrantor({ ...grantorRules, ...broken }), 'g', { input: undefined });
  const all = Array.from({ length: holders }, (_, at) =>
    actorOf(holder, `h${at + 1}`, { input: { grantor: grantor.address } }),
  );
  const start: Holdings = [];
  return defineModel<Holdings>({
    name: `leases of ${systemNameOf(leaseBounds, given)}`,
    actors: [grantor, ...all],
    requests: all.map((it) => request(it, { type: 'acquire' }, { times: 1 })),
    network: { losses },
    timers: { leaseTime: expiries, retryInterval: 1 },
    deliveries: 'changing',
    crashes: { times: crashes, nodes: ['g'] },
    history: { start, observe },
    always: { 'one holder per epoch': ({ history }) => oneHolderPerEpoch(history) === undefined },
    sometimes: {
      'a lease is held': ({ history }) => history.length > 0,
      ...(holders < 2 ? {} : { 'two have held it': ({ history }) => new Set(history.map((it) => it.holder)).size > 1 }),
    },
  });
}
