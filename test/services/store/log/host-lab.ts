/** The labs of logs that a protocol keeps: whole nodes on a network in memory. */

import type { Bus } from '../../../../src/bus/bus.ts';
import { createMemoryNetwork } from '../../../../src/bus/memory.ts';
import { seededIds } from '../../../../src/environment/ids.ts';
import { seededRandomness } from '../../../../src/environment/random.ts';
import { createNode, type Node } from '../../../../src/host/node.ts';
import { createMemoryStorage } from '../../../../src/journal/memory.ts';
import { paxos } from '../../../../src/services/store/log/paxos.ts';
import { primaryBackup } from '../../../../src/services/store/log/primary-backup.ts';
import { raft } from '../../../../src/services/store/log/raft.ts';
import type { LogStarter } from '../../../../src/services/store/log/replicated-log.ts';
import { createVirtualClock } from '../../../../src/simulator/virtual-clock.ts';
import type { LogLab, MakeLab } from './lab.ts';

const nodes = ['n1', 'n2', 'n3'];
const limits = { compactBeyondBytes: 400, retainBytes: 100 };

export const raftLab = labOf(raft({ voters: nodes, limits }));
export const paxosLab = labOf(paxos({ voters: nodes, limits }));
export const primaryBackupLab = labOf(primaryBackup({ voters: nodes, limits }));
export const primaryBackupQuorumLab = labOf(primaryBackup({ voters: nodes, mode: 'quorum', limits }));
export const primaryBackupAsyncLab = labOf(primaryBackup({ voters: nodes, mode: 'async', maxLoss: 3, limits }), 3);

function labOf(log: LogStarter, maxLoss?: number): MakeLab {
  const bound = maxLoss === undefined ? {} : { maxLoss };
  return (seed, wrap = (starter) => starter) => ({ ...startLab(seed, wrap(log)), ...bound });
}

function startLab(seed: number, log: LogStarter): LogLab {
  const clock = createVirtualClock();
  const randomness = seededRandomness(seed);
  const environment = { clock, randomness, ids: seededIds(randomness.stream('ids')) };
  const network = createMemoryNetwork({ clock });
  const storages = new Map(
    nodes.map((id) => [id, createMemoryStorage({ node: id, clock, ids: environment.ids, flushDelayMs: 1 })]),
  );
  const living = new Map<string, Node>();
  let cut: readonly string[] = [];
  const lossy = (bus: Bus): Bus => ({
    ...bus,
    send(envelope) {
      const to = envelope.to.slice(0, envelope.to.indexOf('/'));
      if (!cut.includes(bus.node) && !cut.includes(to)) bus.send(envelope);
    },
  });
  return {
    clock,
    nodes,
    start(id, listen) {
      const storage = storages.get(id);
      if (storage === undefined) throw new Error(`there is no node ${id}`);
      const node = createNode({
        id,
        bus: lossy(network.join(id)),
        journal: storage.open(),
        environment,
        development: true,
      });
      living.set(id, node);
      listen(log({ node, key: 'log', environment }));
    },
    crash(id) {
      storages.get(id)?.crash();
      void living.get(id)?.stop();
      living.delete(id);
    },
    isolate(ids) {
      cut = ids;
    },
    async close() {
      for (const node of living.values()) void node.stop();
    },
  };
}
