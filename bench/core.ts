/**
 * The core alone: three Raft servers in one thread, on the bus and the journal in memory, no disk and no sockets. How
 * many commits a second, one by one and in batches.
 */

import { createMemoryNetwork } from '../src/bus/memory.ts';
import { systemEnvironment } from '../src/environment/environment.ts';
import type { ActorHandle } from '../src/host/handle.ts';
import { createNode } from '../src/host/node.ts';
import { createMemoryStorage } from '../src/journal/memory.ts';
import { addressOf } from '../statecharts/actor.ts';
import { type RaftRequest, raftServer, type serverChart } from '../statecharts/raft.ts';
import { median, printTable } from './table.ts';

const environment = systemEnvironment();
const { clock } = environment;
const ids = ['n1', 'n2', 'n3'];
const network = createMemoryNetwork({ clock });
const voters = ids.map((id) => addressOf(id, raftServer.name, 'bench'));
const nodes = ids.map((id) => {
  const journal = createMemoryStorage({ node: id, clock, ids: environment.ids }).open();
  return createNode({ id, bus: network.join(id), journal, environment });
});
const servers = nodes.map((node) => node.start(raftServer, { key: 'bench', input: { voters } }));

const leader = await new Promise<ActorHandle<typeof serverChart, RaftRequest>>((resolve) => {
  for (const server of servers) {
    server.subscribe((snapshot) => {
      if (snapshot.hasTag('leader')) resolve(server);
    });
  }
});

let onCommit = (_commands: number): void => {};
leader.on('*', (output) => {
  if (output.type === 'committed' && 'entries' in output && Array.isArray(output.entries)) {
    const commands = output.entries.filter(({ kind }) => kind === 'command').length;
    if (commands > 0) onCommit(commands);
  }
});
for (const server of servers) {
  server.on('*', (output) => {
    // Logs must not grow without bound, here neither.
    if (output.type === 'compactionDue' && 'index' in output && typeof output.index === 'number') {
      server.send({
        type: 'compact',
        index: output.index,
        file: { name: 'raft.server/bench/0', sizeBytes: 0, checksum: 0 },
      });
    }
  });
}

/** Proposes `count` commands of 256 bytes, `size` at a time, each batch when the one before is committed. */
function commitsPerSecond(count: number, size: number): Promise<number> {
  const commands = Array.from({ length: size }, () => new Uint8Array(256));
  return new Promise((resolve) => {
    const startedMs = clock.nowMs();
    let done = 0;
    const propose = (): void => leader.send({ type: 'propose', id: done, commands });
    onCommit = (entries) => {
      done += entries;
      if (done >= count) resolve((done * 1_000) / (clock.nowMs() - startedMs));
      else if (done % size === 0) propose();
    };
    propose();
  });
}

const sizes = [
  { name: 'one by one', size: 1, count: 4_000 },
  { name: 'in batches of 64', size: 64, count: 64_000 },
];
for (const { size, count } of sizes) await commitsPerSecond(count / 4, size);
const figures = new Map<string, number[]>(sizes.map(({ name }) => [name, []]));
for (let round = 0; round < 5; round += 1) {
  for (const { name, size, count } of sizes) figures.get(name)?.push(await commitsPerSecond(count, size));
}
printTable(
  ['three servers in one thread', 'commits/s, median of 5', 'least', 'most'],
  [...figures].map(([name, rates]) => [name, median(rates), Math.min(...rates), Math.max(...rates)]),
);
await Promise.all(nodes.map((node) => node.stop()));
