import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatSchedule, parseSchedule, type Schedule } from '../../src/simulator/schedule.ts';
import { run } from '../fixtures/processes.ts';
import { quorate } from './commands.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quorate-simulate-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const schedule: Schedule = {
  version: 1,
  scenario: 'raft',
  seed: 1,
  nodes: 1,
  faultyMs: 2_000,
  recoveryMs: 5_000,
  quorum: ['n1'],
  faults: [{ kind: 'crash', atMs: 1_200, untilMs: 1_500, node: 'n1' }],
  operations: [{ client: 0, atMs: 1_000, node: 'n1', operation: { f: 'put', key: 'a', value: 1 } }],
  links: {},
  delayMs: 1,
};

describe('quorate simulate', () => {
  test('tells how many runs reached which goal', async () => {
    const simulated = run(['simulate', 'raft', '--runs', '3', '--faults', 'crash', '--seed', '9']);
    expect(await simulated.end()).toBe(0);
    expect(simulated.stdout).toMatch(/^3 runs \(.*\d+ faults, 180 operations$/m);
    expect(simulated.stdout).toMatch(/^ +3 {2}a leader was elected$/m);
  });

  test('simulates transactions, each run twice, and replays a schedule of them', async () => {
    const simulated = run(['simulate', '2pc', '--runs', '2', '--seed', '3', '--check-determinism']);
    expect(await simulated.end()).toBe(0);
    expect(simulated.stdout).toMatch(/^2 runs \(/m);
    expect(simulated.stdout).toMatch(/^ +2 {2}a transaction committed$/m);
    const file = join(directory, 'transactions.json');
    const legs = [
      { at: 'checking', account: 'a', amount: -10 },
      { at: 'savings', account: 'b', amount: 10 },
    ];
    const transactions: Schedule = {
      ...schedule,
      scenario: '2pc',
      faults: [{ kind: 'outage', atMs: 1_200, untilMs: 1_500, server: 'savings' }],
      operations: [{ client: 0, atMs: 1_000, node: 'n1', operation: { f: 'transfer', note: 't1', legs, thinkMs: 0 } }],
    };
    await writeFile(file, formatSchedule(transactions));
    const replayed = run(['simulate', '2pc', '--replay', file]);
    expect(await replayed.end()).toBe(0);
    expect(replayed.stdout).toMatch(/COMMITTED savings/);
    expect(replayed.stdout).toMatch(/^1 nodes, 1 faults, 1 operations, seed 1$/m);
    const other = run(['simulate', '2pc-register', '--replay', file]);
    expect(await other.end()).toBe(2);
    expect(other.stderr).toMatch(/a schedule of '2pc-register', got one of '2pc'/);
  });

  test('replays a schedule, and tells what happens', async () => {
    const file = join(directory, 'schedule.json');
    await writeFile(file, formatSchedule(schedule));
    const simulated = run(['simulate', 'raft', '--replay', file]);
    expect(await simulated.end()).toBe(0);
    expect(simulated.stdout).toMatch(/^no violation/);
    expect(simulated.stdout).toMatch(/FAULT \{"atMs":1200,"kind":"crash"/);
    expect(parseSchedule(await readFile(file, 'utf8'))).toEqual(schedule);
  });

  test('finds every broken twin, or names the means that does', { timeout: 600_000 }, async () => {
    const simulated = run(['simulate', '2pc', '--broken', 'all', '--json']);
    expect(await simulated.end(120_000)).toBe(0);
    const { protocol, means, ok, twins } = JSON.parse(simulated.stdout);
    expect([protocol, means, ok]).toEqual(['2pc', 'simulate', true]);
    const missing = twins.filter(({ verdict }: { verdict: string }) => verdict !== 'found');
    expect(missing).toEqual([
      expect.objectContaining({
        verdict: 'out-of-reach',
        foundBy: expect.stringMatching(/^quorate check 2pc --broken '/),
      }),
    ]);
  });

  test('shows how a broken twin is found, in a schedule that shows it again', async () => {
    const file = join(directory, 'broken.json');
    const broken = ['--broken', 'a coordinator does not wait for all votes'];
    const simulated = run(['simulate', '2pc', ...broken, '--schedule', file]);
    expect(await simulated.end(60_000)).toBe(1);
    expect(simulated.stderr).toMatch(/^Seed 1: a client was told that .* committed, and it is not so/m);
    const replayed = run(['simulate', '2pc', ...broken, '--replay', file]);
    expect(await replayed.end()).toBe(1);
    const sound = run(['simulate', '2pc', '--replay', file]);
    expect(await sound.end()).toBe(0);
  });

  const isLinux = process.platform === 'linux';
  test.skipIf(!isLinux)('tells a violation also where its schedule cannot be kept', async () => {
    const twin = ['--broken', 'a coordinator does not wait for all votes'];
    const broken = await quorate('simulate', '2pc', ...twin, '--schedule', '/dev/full');
    expect(broken.stderr).toMatch(/FILE: cannot write the schedule to '\/dev\/full'.*\nSeed \d+: /s);
    expect(broken.stdout).toMatch(/\nReplay it: quorate simulate 2pc --broken .* --nodes 3 --seed \d+ --runs 1\n/);
    expect(broken.code).toBe(1);
  });

  test.each([
    ['a twin that is none', ['--broken', 'nothing'], /UNKNOWN_TWIN: .*got 'nothing'/],
    ['a fault that is none', ['--faults', 'quake'], /There is no fault 'quake'/],
    ['a fault that Raft does not claim to survive', ['--faults', 'wipe'], /There is no fault 'wipe'/],
    ['no node', ['--nodes', '0'], /whole number from 1 to 9/],
    ['a schedule that cannot be written', ['--schedule', '/nowhere/x.json'], /cannot write the schedule to '\/nowhere/],
    ['a schedule without an end', ['--replay', '/dev/zero'], /it is longer than/],
    ['a schedule that is not there', ['--replay', '/nowhere/schedule.json'], /cannot read '\/nowhere\/schedule\.json'/],
  ])('refuses %s', async (_what, args, problem) => {
    const { code, stderr } = await quorate('simulate', 'raft', ...args);
    expect(stderr).toMatch(problem);
    expect(code).toBe(2);
  });
});
