/** Three PostgreSQL servers under three managers, each a process of its own; clients follow the topology. */

import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecretFile } from '../../../src/bus/tcp/secret/file.ts';
import { followTopology } from '../../../src/services/failover/topology/follow.ts';
import type { Topology } from '../../../statecharts/failover.ts';
import { freePort } from '../../../test/fixtures/ports.ts';
import { startPostgresGroup } from '../../../test/fixtures/postgres-group.ts';
import { until } from '../../../test/fixtures/until.ts';
import { endAll } from '../../processes.ts';
import { Client } from './client.ts';
import type { BenchGroup } from './group.ts';
import type { ManagerOfBench } from './manager.ts';
import { nowMs } from './now.ts';
import { type Moment, Phases } from './phases.ts';

const names = ['p1', 'p2', 'p3'];
const ids = ['m1', 'm2', 'm3'];
const host = '127.0.0.1';

export async function startManaged(isInMemory: boolean): Promise<BenchGroup> {
  const group = await startPostgresGroup(names, {}, { isInMemory });
  const directory = mkdtempSync(join(tmpdir(), 'quorate-bench-'));
  const secretFile = join(directory, 'secret');
  createSecretFile(secretFile);
  const placesOf = async () =>
    Object.fromEntries(await Promise.all(ids.map(async (id) => [id, { host, port: await freePort() }])));
  const [managers, https] = [await placesOf(), await placesOf()];
  const servers = Object.fromEntries(
    names.map((name) => {
      const url = group.urls[name] ?? '';
      return [name, { url, address: { host, port: Number(new URL(url).port) }, data: group.dataOf(name) }];
    }),
  );
  const phases = new Phases();
  const started = await Promise.all(
    ids.map((id) =>
      startManager(phases, {
        ...{ id, managers, http: https[id], directory: join(directory, id) },
        ...{ secretFile, binaries: group.binaries, servers },
      }),
    ),
  );
  let topology: Topology | undefined;
  const urls = ids.map((id) => `http://${host}:${https[id].port}`);
  const following = followTopology({ managers: urls }).subscribe((next) => {
    topology = next;
    if (next.primary !== null) phases.hear({ what: 'told', atMs: nowMs() });
  });
  const isWhole = (): boolean => topology?.primary !== null && topology?.inSync.length === names.length - 1;
  const primary = (): string => topology?.primary?.server ?? '';
  await until('the group to be founded', isWhole);
  await group.query(primary(), 'create table written (value bigint primary key)');
  return {
    about: `PostgreSQL, data ${isInMemory ? 'in memory' : 'on disk'}: three managers, one of two standbys in sync confirms`,
    connect: () => new Client(() => group.urls[primary()] ?? ''),
    phases,
    crashPrimary() {
      phases.begin();
      return group.crash(primary());
    },
    recover: () => until('all standbys to be in sync', () => isWhole() || undefined).then(() => undefined),
    async contents() {
      const rows = await group.query(primary(), 'select value from written');
      return new Set(rows.map(({ value }) => Number(value)));
    },
    async close() {
      following.unsubscribe();
      await endAll(started);
      await group.remove();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function startManager(phases: Phases, given: ManagerOfBench): Promise<ChildProcess> {
  const child = fork(new URL('./manager.js', import.meta.url), [JSON.stringify(given)]);
  return new Promise((resolve, reject) => {
    child.on('message', (message: 'started' | Moment) => {
      if (message === 'started') resolve(child);
      else phases.hear(message);
    });
    child.once('exit', (code) => reject(new Error(`the manager '${given.id}' ended with ${code}`)));
  });
}
