/** Leases under simulation: the grantor on the first machine, a holder on each. */

import { createNode, type Node } from '../../../src/host/node.ts';
import type { Application, Scenario } from '../../../src/simulator/scenario.ts';
import { type Address, addressOf } from '../../../statecharts/actor.ts';
import { type Holding, oneHolderPerEpoch } from './claims.ts';
import { defineGrantor, type GrantorRules, grantorRules } from './grantor.ts';
import { holder } from './holder.ts';

export interface LeaseApplication extends Application {
  readonly node: Node;
  readonly address: Address;
  acquire(done: (epoch: number) => void): void;
}

export function leaseScenario(broken: Partial<GrantorRules> = {}): Scenario<LeaseApplication> {
  const grantor = defineGrantor({ ...grantorRules, ...broken });
  return {
    name: 'lease',
    minNodes: 1,
    heals: 'all',
    goals: ['a lease was held', 'two machines held leases'],
    plan: (machines, durationMs, random) =>
      Array.from({ length: 40 }, (_, index) => ({
        client: index,
        atMs: Math.round(random.next() * durationMs),
        node: machines[index % machines.length] ?? '',
        operation: 'acquire',
      })),
    probe: (machine, atMs) => ({ client: -1, atMs, node: machine, operation: 'acquire' }),
    boot({ id, machines: [first = id], bus, journal, environment }) {
      const node = createNode({ id, bus, journal, environment });
      if (id === first) node.start(grantor, { input: undefined });
      const handle = node.start(holder, { input: { grantor: addressOf(first, grantor.name) } });
      let waiting: ((epoch: number) => void)[] = [];
      handle.on('held', ({ epoch }) => {
        const told = waiting;
        waiting = [];
        for (const done of told) done(epoch);
      });
      return {
        node,
        address: addressOf(id, holder.name),
        acquire(done) {
          waiting.push(done);
          handle.send({ type: 'acquire' });
        },
      };
    },
    perform: (app, _operation, done) => app.acquire((epoch) => done({ type: 'ok', value: epoch })),
    watch() {
      const holdings: Holding[] = [];
      return {
        ended({ node }, outcome) {
          if (outcome.type === 'ok') holdings.push({ holder: node, epoch: Number(outcome.value) });
        },
        check: () => oneHolderPerEpoch(holdings),
        goals: () => [
          ...(holdings.length > 0 ? ['a lease was held'] : []),
          ...(new Set(holdings.map((it) => it.holder)).size > 1 ? ['two machines held leases'] : []),
        ],
      };
    },
  };
}
