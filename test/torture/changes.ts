/**
 * What operators do meanwhile: nodes join, vote, move, are replaced and leave, another one is to lead, all are restarted one
 * by one, one of an earlier release is upgraded. Faults stand against each of these for a while, so it is tried until it is
 * done; one that is not done long after the faults are over is a failure.
 */

import type { Clock } from '../../src/environment/clock.ts';
import { integerBelow, pick, type Random } from '../../src/environment/random.ts';
import type { HistoryRecorder } from '../../src/history.ts';
import type { Client } from '../../src/services/store/client.ts';
import { MembersUnchangedError } from '../../src/services/store/errors.ts';
import { type ClusterNode, type ProcessCluster, program } from '../fixtures/processes.ts';
import { until } from '../fixtures/until.ts';
import { waitMs } from './faults.ts';

/** The kinds of changes, in the order in which they are first tried. */
export const changeKinds = ['transfer', 'grow', 'move', 'upgrade', 'remove', 'replace', 'restart'] as const;
export type ChangeKind = (typeof changeKinds)[number];

/** How often each was done. */
export type ChangeCounts = Record<ChangeKind, number>;
export const noChanges = (): ChangeCounts => ({
  transfer: 0,
  grow: 0,
  move: 0,
  upgrade: 0,
  remove: 0,
  replace: 0,
  restart: 0,
});

export interface ChangesOptions {
  readonly cluster: ProcessCluster;
  readonly clock: Clock;
  /** Nodes that run an earlier release; those that were upgraded are taken out. */
  readonly earlier: Set<string>;
}

interface Parts extends ChangesOptions {
  readonly client: Client;
  readonly random: Random;
}

/** So long after faults have ceased, and on a machine that does much else, everything must be done. */
const patienceMs = 180_000;
/** One request; a change that is under way when it ends is waited for by the next one. */
const deadlineMs = 5_000;
const foundersCount = 3;

/** Changes until `isOver`. What was begun is done when it resolves. @throws when it cannot be done */
export async function change(
  options: ChangesOptions,
  { recorder, random }: { readonly recorder: HistoryRecorder; readonly random: Random },
  isOver: () => boolean,
  counts: ChangeCounts,
): Promise<void> {
  const { cluster, clock } = options;
  const client = await cluster.connect([...cluster.nodes, ...cluster.spares], patienceMs);
  const parts: Parts = { ...options, client, random };
  try {
    while (!isOver()) {
      const kind = rarest(counts, changeKinds.filter(isPossible(options)));
      const over = recorder.fault(kind, cluster.nodes.map(({ id }) => id).join(' '));
      await changes[kind](parts);
      over();
      counts[kind] += 1;
      await waitMs(clock, integerBelow(random, 1_500));
    }
  } finally {
    await client.close();
  }
}

/** The first of those that were done least often. */
const rarest = (counts: ChangeCounts, kinds: readonly ChangeKind[]): ChangeKind =>
  kinds.reduce((best, kind) => (counts[kind] < counts[best] ? kind : best), 'transfer');

const isPossible =
  ({ cluster, earlier }: ChangesOptions) =>
  (kind: ChangeKind): boolean => {
    const { nodes, spares } = cluster;
    switch (kind) {
      case 'grow':
        return nodes.length <= foundersCount && spares.length > 0;
      case 'remove':
        return nodes.length > foundersCount;
      case 'move':
      case 'replace':
        return spares.length > 0;
      case 'upgrade':
        return earlier.size > 0;
      case 'transfer':
      case 'restart':
        return true;
    }
  };

const changes: Readonly<Record<ChangeKind, (parts: Parts) => Promise<void>>> = {
  async grow(parts) {
    const { client, clock, random } = parts;
    const { id: node, tcp: place } = await joined(parts);
    await done(parts, `${node} to be added`, () => client.changeMember({ kind: 'add', node, place }, { deadlineMs }));
    await waitMs(clock, integerBelow(random, 500));
    await done(parts, `${node} to vote`, () => client.changeMember({ kind: 'promote', node }, { deadlineMs }));
  },
  async remove(parts) {
    const { cluster, client } = parts;
    const leaving = stranger(parts);
    const { id: node } = leaving;
    cluster.mayLeave(leaving);
    await done(parts, `${node} to be removed`, () =>
      client.changeMember({ kind: 'remove', node }, { deadlineMs }).catch(async (error: unknown) => {
        if (error instanceof MembersUnchangedError && error.reason === 'leads') {
          await client.handOver(undefined, { deadlineMs });
        }
        throw error;
      }),
    );
    await seeOff(parts, leaving);
  },
  async replace(parts) {
    const { cluster, client } = parts;
    const leaving = stranger(parts);
    const joining = await joined(parts);
    cluster.mayLeave(leaving);
    const asked = { leaving: leaving.id, joining: joining.id, place: joining.tcp };
    await done(parts, `${joining.id} to replace ${leaving.id}`, () => client.replaceMember(asked, { deadlineMs }));
    await seeOff(parts, leaving);
  },
  async move(parts) {
    const { cluster, client, random } = parts;
    const node = present(pick(random, cluster.nodes));
    const place = present(cluster.takePlace());
    await done(parts, `${node.id} to move`, () =>
      client.changeMember({ kind: 'move', node: node.id, place }, { deadlineMs }),
    );
    await stop(node);
    node.moveTo(place);
    node.start();
  },
  async transfer(parts) {
    const { cluster, client, random } = parts;
    // Another one each time, as the one that leads already is refused.
    await done(parts, 'another node to lead', () => client.handOver(pick(random, cluster.nodes)?.id, { deadlineMs }));
  },
  async upgrade({ cluster, earlier }) {
    const node = present(cluster.nodes.find(({ id }) => earlier.has(id)));
    await stop(node);
    node.start(program);
    earlier.delete(node.id);
    await serves(node);
  },
  async restart({ cluster }) {
    for (const node of cluster.nodes) {
      await stop(node);
      node.start();
      await serves(node);
    }
  },
};

/** Asks until it is done. @throws with what is known of the nodes, when it never is */
async function done({ cluster, clock }: Parts, what: string, ask: () => Promise<unknown>): Promise<void> {
  const untilMs = clock.nowMs() + patienceMs;
  for (;;) {
    try {
      await ask();
      return;
    } catch (error) {
      cluster.revive();
      if (clock.nowMs() >= untilMs)
        throw new Error(`waited in vain for ${what}:\n${await told(cluster)}`, { cause: error });
      await waitMs(clock, 50);
    }
  }
}

/** What each node says, and has printed last. */
async function told({ nodes }: ProcessCluster): Promise<string> {
  const lines = nodes.map(async (node) => {
    const { id, run, isDown } = node;
    const status = await node.status().then(JSON.stringify, String);
    const printed = `${run?.stdout}${run?.stderr}`.slice(-2_000);
    return `${id} ${JSON.stringify({ isDown, ended: run?.ended })} ${status}\n${printed}`;
  });
  return (await Promise.all(lines)).join('\n');
}

/** Starts one that is to be taken in, and waits until it runs: who asks too early is told that it did not come, and asks again. */
async function joined({ cluster }: Parts): Promise<ClusterNode> {
  const node = present(cluster.join());
  await until(`${node.id} to answer`, () => node.status(), patienceMs);
  return node;
}

/** One that may leave: what runs the earlier release stays until it is upgraded. */
const stranger = ({ cluster, earlier, random }: Parts): ClusterNode =>
  present(
    pick(
      random,
      cluster.nodes.filter(({ id }) => !earlier.has(id)),
    ),
  );

/** One that has left may disturb the others for a while. */
async function seeOff({ cluster, clock, random }: Parts, left: ClusterNode): Promise<void> {
  await waitMs(clock, integerBelow(random, 1_000));
  await cluster.leave(left);
}

/** Stops a node cleanly, unless a fault ends it first. */
async function stop(node: ClusterNode): Promise<void> {
  const end = await node.stop();
  if (typeof end === 'number' && end !== 0) {
    throw new Error(
      `expected ${node.id} to stop cleanly, got exit code ${end}:\n${node.run?.stdout}${node.run?.stderr}`,
    );
  }
}

const serves = (node: ClusterNode): Promise<unknown> =>
  until(
    `${node.id} to know who leads`,
    async () => ((await node.status()).leader === null ? undefined : true),
    patienceMs,
  );

function present<T>(it: T | undefined): T {
  if (it === undefined) throw new Error('expected a node or a place for what is possible now');
  return it;
}
