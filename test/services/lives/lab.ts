/** Three nodes of a store on virtual time, each with a disk that outlives it, a witness, and a network that can be cut. */

import { partitioned, withFaults } from '../../../src/bus/faults.ts';
import { createMemoryNetwork } from '../../../src/bus/memory.ts';
import { seededIds } from '../../../src/environment/ids.ts';
import { seededRandomness } from '../../../src/environment/random.ts';
import { createNode, type Node } from '../../../src/host/node.ts';
import { openJournalOn } from '../../../src/journal/segmented/open.ts';
import { beginLife } from '../../../src/services/lives/memory.ts';
import { createWitness, type Witness } from '../../../src/services/lives/witness.ts';
import type { LogProtocolName } from '../../../src/services/store/log/protocol-names.ts';
import { logProtocols } from '../../../src/services/store/log/protocols.ts';
import {
  createKeyValueMachine,
  keyValueStore,
  type ReplicatedStore,
  startReplicatedStore,
} from '../../../src/services/store.ts';
import { createSimulatedDisk } from '../../../src/simulator/disk.ts';
import { createVirtualClock } from '../../../src/simulator/virtual-clock.ts';

export const voters = ['n1', 'n2', 'n3'];

export interface Machine {
  readonly node: Node;
  readonly store: ReplicatedStore;
  readonly witness: Witness;
  readonly failures: string[];
}

interface LabOptions {
  readonly isWitnessed?: boolean;
  /** How the store is replicated; by Raft by default. */
  readonly protocol?: LogProtocolName;
}

export function createLab({ isWitnessed = true, protocol = 'raft' }: LabOptions = {}) {
  const clock = createVirtualClock();
  const network = createMemoryNetwork({ clock });
  const randomness = seededRandomness(7);
  const ids = seededIds(randomness.stream('ids'));
  const environment = { clock, ids, randomness };
  const disks = new Map(voters.map((id) => [id, createSimulatedDisk(randomness.stream(`disk/${id}`))]));
  const machines = new Map<string, Machine>();
  let cut: ReadonlySet<string> = new Set();

  const disk = (id: string) => {
    const found = disks.get(id);
    if (found === undefined) throw new Error(`no disk of ${id}`);
    return found;
  };
  const start = (id: string, { isCopy = false } = {}): Machine => {
    const peers = voters.filter((it) => it !== id);
    const journal = openJournalOn(disk(id).attach(clock), { node: id, clock, ids, segmentBytes: 64 * 1024 });
    const raw = withFaults(network.join(id), {
      incoming: partitioned((from, to) => cut.has(from) !== cut.has(to)),
    });
    const memory = beginLife({ journal, clock, ids, isPeer: (it) => peers.includes(it) });
    const witness = createWitness({
      bus: raw,
      clock,
      memory,
      peers: () => peers,
      mustBeVouched: isCopy,
      onCleared: () => {},
    });
    const node = createNode({ id, bus: isWitnessed ? witness.bus : raw, journal, environment });
    const store = startReplicatedStore({
      node,
      machine: createKeyValueMachine(),
      log: logProtocols[protocol].start({ voters }),
      environment,
    });
    const failures: string[] = [];
    witness.standing.failure.subscribe(({ code }) => failures.push(code));
    const machine = { node, store, witness, failures };
    machines.set(id, machine);
    return machine;
  };
  return {
    clock,
    disk,
    start,
    machine(id: string) {
      const found = machines.get(id);
      if (found === undefined) throw new Error(`${id} is down`);
      return found;
    },
    /** Ends a node, with everything durable; its disk stays. */
    async stop(id: string) {
      const stopping = machines.get(id)?.node.stop();
      machines.delete(id);
      clock.advance(50);
      await stopping;
    },
    /** Cuts these nodes off from the others. */
    cut(...nodes: string[]) {
      cut = new Set(nodes);
    },
    run: (ms: number) => clock.advance(ms),
    leader: () => [...machines.values()].find(({ store }) => store.status().role === 'leader')?.node.id,
    /** Puts a value, and says what became of it within some seconds of virtual time. */
    async put(id: string, key: string, value: string) {
      const done = keyValueStore(machines.get(id)?.store ?? never())
        .put(key, new TextEncoder().encode(value), { deadlineMs: 4_000 })
        .then(
          () => 'ok',
          (error: { code?: string }) => error.code ?? String(error),
        );
      return settled(done);
    },
    async get(id: string, key: string) {
      const done = keyValueStore(machines.get(id)?.store ?? never())
        .get(key, { deadlineMs: 4_000 })
        .then(
          (found) => (found === undefined ? undefined : new TextDecoder().decode(found.value)),
          (error: { code?: string }) => error.code ?? String(error),
        );
      return settled(done);
    },
    async close() {
      const stopping = [...machines.values()].map(({ node }) => node.stop());
      clock.advance(1_000);
      await Promise.all(stopping);
    },
  };

  async function settled<T>(promise: Promise<T>): Promise<T> {
    let result: { value: T } | undefined;
    void promise.then((value) => {
      result = { value };
    });
    for (let turn = 0; turn < 1_000 && result === undefined; turn += 1) {
      clock.advance(10);
      await Promise.resolve();
    }
    if (result === undefined) throw new Error('it did not end');
    return result.value;
  }
}

const never = (): never => {
  throw new Error('the node is down');
};
