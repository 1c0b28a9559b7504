/** What an operator asks from the command line, of a manager that steers servers in memory. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import pc from 'picocolors';
import { afterEach, expect, test } from 'vitest';
import { operatorCommands } from '../../../src/cli/failover/operator.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { systemClock } from '../../../src/environment/clock.ts';
import { memoryGroup } from '../../../src/resources/managed/memory.ts';
import { startFailoverManager } from '../../../src/services/failover/manager-node.ts';
import { freePorts } from '../../fixtures/ports.ts';
import { until } from '../../fixtures/until.ts';

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Runs the commands here. */
async function operator(...args: readonly string[]) {
  const written = { out: '', err: '' };
  const colours = pc.createColors(false);
  const terminal = {
    out(text: string) {
      written.out += `${text}\n`;
    },
    err(text: string) {
      written.err += `${text}\n`;
    },
    outColours: colours,
    errColours: colours,
  };
  const command = operatorCommands(terminal).reduce((all, it) => all.addCommand(it), new Command('failover'));
  const before = process.exitCode;
  process.exitCode = undefined;
  await runProgram(['failover', ...args], [command], terminal);
  const code = process.exitCode ?? 0;
  process.exitCode = before;
  return { code, ...written };
}

/** A configuration of one manager and three servers, and what starts the manager. */
async function lab() {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-operator-'));
  ends.push(() => rmSync(directory, { recursive: true, force: true }));
  const [tcp = 0, http = 0, ...places] = await freePorts(5);
  const names = ['r1', 'r2', 'r3'];
  const at = (port: number) => ({ host: '127.0.0.1', port });
  const config = join(directory, 'group.json');
  const servers = Object.fromEntries(names.map((it, place) => [it, { address: `127.0.0.1:${places[place]}` }]));
  const managers = { m1: { listen: `127.0.0.1:${tcp}`, http: `127.0.0.1:${http}`, data: './m1' } };
  writeFileSync(config, JSON.stringify({ group: 'orders', kind: 'redis', managers, servers }));
  const group = memoryGroup({ servers: names, clock: systemClock() });
  const start = async () => {
    const manager = await startFailoverManager({
      id: 'm1',
      managers: { m1: at(tcp) },
      dataDirectory: join(directory, 'm1'),
      http: at(http),
      plan: { group: 'orders', mode: 'durable', servers: names.map((server) => ({ server })) },
      // No server is late where all are in this process, however busy it is.
      estimator: { kind: 'fixed', timeoutMs: 60_000 },
      servers: Object.fromEntries(
        names.map((it, place) => [it, { address: at(places[place] ?? 0), server: group.reach(it, 'm1') }]),
      ),
      pid: 1,
    });
    ends.push(() => manager.stop());
    await until('a primary with both others in sync', () => {
      const { standing, role } = manager.status();
      return role === 'monitoring' && standing.inSync.length === 2;
    });
    return manager;
  };
  return { config, start };
}

test('an operator sees how the group stands, lets another server be primary, and reads what happened', async () => {
  const { config, start } = await lab();
  await start();
  const seen = await operator('status', '--config', config);
  expect(seen).toMatchObject({ code: 0, err: '' });
  expect(seen.out).toMatch(
    /^Group orders: monitoring \(\S+\), r1 is primary of epoch 1; in sync: r2, r3\.\nm1 is in office, term 1\./,
  );
  expect(seen.out).toMatch(/r1 +127\.0\.0\.1:\d+ +primary +trusted/);

  const moved = await operator('switchover', 'r3', '--config', config);
  expect(moved).toMatchObject({ code: 0, err: '' });
  expect(moved.out).toMatch(/^r3 is primary of epoch 2, after \d+ ms\.\n$/);

  const json = JSON.parse((await operator('status', '--config', config, '--json')).out);
  expect(json).toMatchObject({ group: 'orders', latest: { standing: { epoch: 2, primary: { server: 'r3' } } } });
  const { out } = await operator('history', '--config', config);
  expect(out).toMatch(/^revision +term +manager +change/);
  expect(out).toMatch(/elect +fencing +switchover +2/);
});

test('maintenance goes on and off', async () => {
  const { config, start } = await lab();
  const manager = await start();
  expect(await operator('maintenance', 'on', '--config', config)).toMatchObject({ code: 0 });
  await until('maintenance', () => manager.status().standing.phase === 'manual');
  const { out } = await operator('status', '--config', config);
  expect(out).toContain('Maintenance is on: no failover begins by itself.');
  expect(await operator('maintenance', 'off', '--config', config, '--json')).toMatchObject({
    code: 0,
    out: '{"maintenance":false}\n',
  });
  await until('the end of it', () => manager.status().standing.phase === 'monitoring');
});

test('what is refused says why, and ends with 1', async () => {
  const { config, start } = await lab();
  await start();
  const resumed = await operator('resume', '--config', config);
  expect(resumed).toMatchObject({ code: 1, out: '' });
  expect(resumed.err).toMatch(/^NOT_NOW: not while the group is in phase 'monitoring'/);
  expect(await operator('allow-loss', '7', '--config', config)).toMatchObject({ code: 1 });
});

test('managers that do not run are named, and nothing is done', async () => {
  const { config } = await lab();
  const { code, out, err } = await operator('status', '--config', config);
  expect(code).toBe(1);
  expect(out).toMatch(/m1 +does not answer/);
  expect(err).toMatch(/^NO_MANAGER_ANSWERS: /);
  expect(await operator('switchover', '--config', config)).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^NO_MANAGER_IN_OFFICE: /),
  });
});

test('a wrong configuration, or a misspelt word, ends with 2', async () => {
  const { config } = await lab();
  expect(await operator('status', '--config', `${config}.missing`)).toMatchObject({ code: 2 });
  expect(await operator('maintenance', 'maybe', '--config', config)).toMatchObject({ code: 2 });
  expect(await operator('allow-loss', 'x', '--config', config)).toMatchObject({ code: 2 });
});
