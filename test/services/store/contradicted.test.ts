import { expect, test } from 'vitest';
import { createMemoryNetwork } from '../../../src/bus/memory.ts';
import { seededIds } from '../../../src/environment/ids.ts';
import { seededRandomness } from '../../../src/environment/random.ts';
import { createNode } from '../../../src/host/node.ts';
import { createMemoryJournal } from '../../../src/journal/memory.ts';
import { createKeyValueMachine, raft, startReplicatedStore } from '../../../src/services/store.ts';
import { createVirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { noop } from '../../statecharts/raft/bench.ts';

test('a node that is told to give up an entry which it knows to be committed stops', () => {
  const clock = createVirtualClock();
  const randomness = seededRandomness(1);
  const environment = { clock, randomness, ids: seededIds(randomness.stream('ids')) };
  const network = createMemoryNetwork({ clock });
  const journal = createMemoryJournal({ node: 'n1', clock, ids: environment.ids });
  const node = createNode({ id: 'n1', bus: network.join('n1'), journal, environment });
  const voters = ['n1', 'n2', 'n3'];
  const store = startReplicatedStore({ node, machine: createKeyValueMachine(), log: raft({ voters }), environment });
  const failures: string[] = [];
  store.failure.subscribe(({ message }) => failures.push(message));
  const n2 = network.join('n2');
  const lead = (term: number): void => {
    const entries = [noop(2, term)];
    const message = { type: 'append', term, previousIndex: 1, previousTerm: 0, entries, commitIndex: 2, round: 1 };
    n2.send({ from: 'n2/raft.server/kv', to: 'n1/raft.server/kv', message });
    clock.advance(10);
  };
  lead(1);
  expect(store.status().appliedIndex).toBe(2);
  expect(node.isRunning).toBe(true);
  lead(2);
  expect(failures.join()).toMatch(/contradicts entry 2, though all up to 2 are committed/);
  expect(node.isRunning).toBe(false);
});
