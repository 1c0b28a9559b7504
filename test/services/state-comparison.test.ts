/** Nodes whose state is not what it should be are named; those whose states agree are left alone, whatever happens to them. */

import * as v from 'valibot';
import { describe, expect, onTestFinished, test } from 'vitest';
import { compareStates, type StateComparison } from '../../src/services/state-comparison.ts';
import { encodeCommand } from '../../src/services/store/key-value/commands.ts';
import { createKeyValueMachine } from '../../src/services/store/key-value/machine.ts';
import { logProtocolNames } from '../../src/services/store/log/protocol-names.ts';
import type { SlicedStateMachine } from '../../src/services/store/state-machine.ts';
import { addressOf } from '../../statecharts/actor.ts';
import { type Cluster, type ClusterOptions, createCluster } from './store/cluster.ts';

const intervalMs = 1_000;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A machine that puts another value than the others, once, when key `fault` is written. */
function faulty(machine: SlicedStateMachine): SlicedStateMachine {
  const told = new TextDecoder();
  return {
    apply: (command, at) =>
      machine.apply(
        told.decode(command).includes('fault')
          ? encodeCommand({ type: 'put', key: 'fault', value: bytes('other') })
          : command,
        at,
      ),
    query: (question) => machine.query?.(question),
    view: () => machine.view(),
    restoring: () => machine.restoring(),
    get stateHash() {
      return machine.stateHash ?? 0;
    },
  };
}

function compared(options: ClusterOptions = {}, ids: readonly string[] = ['n1', 'n2', 'n3']) {
  const cluster = createCluster({ nodes: ids, ...options });
  const comparisons = new Map<string, StateComparison>();
  const notices = new Map<string, string[]>();
  const begin = (id: string): void => {
    const { node, store } = cluster.member(id);
    const comparison = compareStates({ node, store, key: 'kv', clock: cluster.clock, intervalMs });
    comparisons.set(id, comparison);
    comparison.notices.subscribe(({ code }) => notices.set(id, [...(notices.get(id) ?? []), code]));
  };
  for (const id of ids) begin(id);
  onTestFinished(() => {
    for (const it of comparisons.values()) it.close();
  });
  const statusOf = (id: string) => comparisons.get(id)?.status();
  const put = (key: string, value = 'value') => cluster.value(cluster.leader().keys.put(key, bytes(value)));
  return { cluster, begin, comparisons, statusOf, notices, put };
}

/** Runs time until each of `ids` has compared the state after `index`, or a later one. */
const untilCompared = (
  cluster: Cluster,
  statusOf: (id: string) => { readonly comparedIndex: number } | undefined,
  ids: readonly string[],
  index: number,
) => cluster.until(() => ids.every((id) => (statusOf(id)?.comparedIndex ?? 0) >= index), 60_000);

describe.each(logProtocolNames)('over %s', (protocol) => {
  const all = ['n1', 'n2', 'n3'];

  test('states that are the same are found to be, also under writes and another leader', async () => {
    const { cluster, statusOf, notices, put } = compared({ protocol });
    cluster.elect();
    for (let round = 0; round < 20; round += 1) await put(`k${round % 7}`, `v${round}`);
    await untilCompared(cluster, statusOf, all, cluster.leader().store.status().appliedIndex);
    const first = cluster.leader().id;
    const next = cluster.follower().id;
    await cluster.value(cluster.leader().store.handOver(next));
    cluster.elect();
    expect(cluster.leader().id).not.toBe(first);
    await put('after', 'the hand-over');
    await untilCompared(cluster, statusOf, all, cluster.leader().store.status().appliedIndex);
    expect(all.map((id) => statusOf(id)?.differing)).toEqual([[], [], []]);
    expect(notices.size).toBe(0);
  });

  test('a node that has applied an entry otherwise is named by all', async () => {
    let made = 0;
    const machine = (): SlicedStateMachine => {
      made += 1;
      const sound = createKeyValueMachine();
      return made === 3 ? faulty(sound) : sound;
    };
    const { cluster, statusOf, notices, put } = compared({ protocol, machine });
    cluster.elect();
    await put('sound');
    await untilCompared(cluster, statusOf, all, cluster.leader().store.status().appliedIndex);
    expect(notices.size).toBe(0);
    await put('fault');
    await put('later');
    await cluster.until(() => all.every((id) => statusOf(id)?.suspect === 'n3'), 60_000);
    expect(all.map((id) => statusOf(id)?.differing)).toEqual([['n3'], ['n3'], ['n1', 'n2']]);
    expect(notices.get('n1')).toEqual(['STATE_DIFFERS']);
    await put('fault', 'mended by no write but one that all apply alike');
    expect(statusOf('n1')?.suspect).toBe('n3');
  });
});

test('what was after another entry, or is not known any more, is not compared', async () => {
  const { cluster, comparisons, statusOf, put } = compared({}, ['n1', 'n2']);
  cluster.elect();
  await put('known');
  comparisons.get('n2')?.close();
  const natural = v.number();
  const state = { index: natural, token: natural, revision: natural, hash: natural };
  const speaker = cluster
    .member('n2')
    .node.open('state-comparison', 'kv', { state: v.object(state) }, { senders: 'peer' });
  const { samples } = cluster.member('n1').store;
  const known = samples.at(samples.lastIndex);
  if (known === undefined) throw new Error('expected a sample');
  const tell = (changed: object): void => {
    const message = { type: 'state', ...known, hash: 1, ...changed };
    speaker.send(addressOf('n1', 'state-comparison', 'kv'), message);
  };
  tell({ token: 77 });
  tell({ index: 0 });
  await cluster.until(() => true, 1);
  cluster.clock.advance(100);
  expect(statusOf('n1')).toMatchObject({ differing: [], comparedIndex: 0 });
  tell({});
  cluster.clock.advance(100);
  expect(statusOf('n1')).toMatchObject({ differing: ['n2'], comparedIndex: known.index });
  tell({ hash: known.hash });
  cluster.clock.advance(100);
  expect(statusOf('n1')?.differing).toEqual([]);
});

test('of two nodes it is not known which is wrong', async () => {
  let made = 0;
  const machine = (): SlicedStateMachine => {
    made += 1;
    return made === 2 ? faulty(createKeyValueMachine()) : createKeyValueMachine();
  };
  const { cluster, statusOf, put } = compared({ machine }, ['n1', 'n2']);
  cluster.elect();
  await put('fault');
  await cluster.until(() => ['n1', 'n2'].every((id) => statusOf(id)?.differing.length === 1), 60_000);
  expect(statusOf('n1')).toEqual({ comparedIndex: expect.any(Number), differing: ['n2'] });
});

test('a node that starts again from a snapshot agrees with the others', async () => {
  const { cluster, begin, comparisons, statusOf, put } = compared({
    logLimits: { compactBeyondBytes: 4_000, retainBytes: 500 },
  });
  cluster.elect();
  const behind = cluster.follower().id;
  comparisons.get(behind)?.close();
  cluster.crash(behind);
  for (let round = 0; round < 100; round += 1) await put(`k${round % 30}`, 'x'.repeat(200));
  cluster.restart(behind);
  begin(behind);
  cluster.elect();
  await put('once more');
  await untilCompared(cluster, statusOf, [behind], cluster.leader().store.status().appliedIndex);
  expect(statusOf(behind)?.differing).toEqual([]);
});
