/** Nodes that agree, on virtual time: memory network and journals, links that can be cut, nodes that crash and come back. */

import type { Bus } from '../../../src/bus/bus.ts';
import { createMemoryNetwork } from '../../../src/bus/memory.ts';
import type { Environment } from '../../../src/environment/environment.ts';
import { seededIds } from '../../../src/environment/ids.ts';
import { seededRandomness } from '../../../src/environment/random.ts';
import { createNode, type Node, type NodeOptions } from '../../../src/host/node.ts';
import { createMemoryStorage, type MemoryStorage } from '../../../src/journal/memory.ts';
import { agreementDefinitions } from '../../../src/services/agreement.ts';
import { createVirtualClock, type VirtualClock } from '../../../src/simulator/virtual-clock.ts';

export interface Cluster {
  readonly clock: VirtualClock;
  node(id: string): Node;
  isAlive(id: string): boolean;
  crash(id: string): void;
  restart(id: string, limits?: NodeOptions['limits']): Node;
  /** Drops what `from` sends to `to`. */
  cut(from: string, to: string): void;
  heal(): void;
  /** Runs time until `promise` is settled. */
  value<T>(promise: Promise<T>): Promise<T>;
}

/** @param limits of every node, in its first life */
export function createCluster(
  seed = 1,
  ids: readonly string[] = ['n1', 'n2', 'n3'],
  limits: NodeOptions['limits'] = {},
): Cluster {
  const clock = createVirtualClock();
  const randomness = seededRandomness(seed);
  const environment: Environment = { clock, randomness, ids: seededIds(randomness.stream('ids')) };
  const network = createMemoryNetwork({ clock });
  const cuts = new Set<string>();
  const storages = new Map<string, MemoryStorage>();
  const living = new Map<string, Node>();

  const lossy = (bus: Bus): Bus => ({
    ...bus,
    send(envelope) {
      const to = envelope.to.slice(0, envelope.to.indexOf('/'));
      if (!cuts.has(`${bus.node}>${to}`)) bus.send(envelope);
    },
  });
  const start = (id: string, itsLimits = limits): Node => {
    const storage = storages.get(id) ?? createMemoryStorage({ node: id, clock, ids: environment.ids, flushDelayMs: 1 });
    storages.set(id, storage);
    const bus = lossy(network.join(id));
    const node = createNode({
      id,
      bus,
      journal: storage.open(),
      environment,
      definitions: agreementDefinitions,
      development: true,
      limits: itsLimits,
    });
    living.set(id, node);
    return node;
  };
  for (const id of ids) start(id);
  return {
    clock,
    node(id) {
      const node = living.get(id);
      if (node === undefined) throw new Error(`node ${id} is not alive`);
      return node;
    },
    isAlive: (id) => living.has(id),
    crash(id) {
      storages.get(id)?.crash();
      void living.get(id)?.stop();
      living.delete(id);
    },
    restart: start,
    cut: (from, to) => void cuts.add(`${from}>${to}`),
    heal: () => cuts.clear(),
    async value(promise) {
      let isSettled = false;
      const settle = (): void => {
        isSettled = true;
      };
      promise.then(settle, settle);
      const untilMs = clock.nowMs() + 600_000;
      while (clock.nowMs() <= untilMs) {
        for (let link = 0; link < 8; link += 1) await Promise.resolve();
        if (isSettled) return promise;
        if (!clock.runNext()) throw new Error('nothing is pending');
      }
      throw new Error('not settled within 10 virtual minutes');
    },
  };
}
