/** The lab of the log in memory: it elects another leader some time after the last one is gone. */

import { createMemoryNetwork } from '../../../../src/bus/memory.ts';
import { seededIds } from '../../../../src/environment/ids.ts';
import { integerBelow, seededRandomness } from '../../../../src/environment/random.ts';
import { createNode } from '../../../../src/host/node.ts';
import { createMemoryStorage } from '../../../../src/journal/memory.ts';
import { createMemoryLog } from '../../../../src/services/store/log/memory.ts';
import { createVirtualClock } from '../../../../src/simulator/virtual-clock.ts';
import type { MakeLab } from './lab.ts';

const nodes = ['n1', 'n2', 'n3'];

export const memoryLab: MakeLab = (seed, wrap = (starter) => starter) => {
  const clock = createVirtualClock();
  const randomness = seededRandomness(seed);
  const random = randomness.stream('elections');
  const environment = { clock, randomness, ids: seededIds(randomness.stream('ids')) };
  const log = createMemoryLog({ nodes, clock, compactBeyondEntries: 8 });
  const network = createMemoryNetwork({ clock });
  const living = new Set<string>();
  let cut: readonly string[] = [];
  const hosts = new Map(
    nodes.map((id) => {
      const storage = createMemoryStorage({ node: id, clock, ids: environment.ids });
      return [id, createNode({ id, bus: network.join(id), journal: storage.open(), environment })] as const;
    }),
  );
  const electLater = (): void => {
    clock.setTimeout(() => {
      const able = nodes.filter((it) => living.has(it) && !cut.includes(it));
      const next = able[integerBelow(random, Math.max(1, able.length))];
      if (next !== undefined && able.length > nodes.length / 2) log.elect(next, integerBelow(random, 3));
    }, 200);
  };
  return {
    clock,
    nodes,
    start(id, listen) {
      const node = hosts.get(id);
      if (node === undefined) throw new Error(`there is no node ${id}`);
      living.add(id);
      listen(wrap(log.start)({ node, key: 'log', environment }));
      electLater();
    },
    crash(id) {
      living.delete(id);
      log.crash(id);
      electLater();
    },
    isolate(ids) {
      cut = ids;
      log.isolate(...ids);
      electLater();
    },
    async close() {
      for (const node of hosts.values()) void node.stop();
    },
  };
};
