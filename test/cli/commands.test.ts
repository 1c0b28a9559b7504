import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import pc from 'picocolors';
import { describe, expect, test } from 'vitest';
import { commandsFor } from '../../src/cli/commands.ts';
import { leftText, progressLine } from '../../src/cli/simulate/suite.ts';
import { program } from '../fixtures/processes.ts';
import { quorate } from './commands.ts';

const colours = pc.createColors(false);
const terminal = { out() {}, err() {}, outColours: colours, errColours: colours };
const namesFor = async (...args: readonly string[]): Promise<readonly string[]> =>
  (await commandsFor(args, { terminal, program })).map((command) => command.name());

describe('the commands of quorate', () => {
  test('are all there for help, and for what is misspelt', async () => {
    const all = [
      'up',
      'node',
      'agree',
      'member',
      'namespace',
      'status',
      'rolling-restart',
      'doctor',
      'backup',
      'restore',
      'recover',
      'secret',
      'certs',
      'history',
      'simulate',
      'compare',
      'check',
      'open',
      'chart',
      'choose',
      'incident',
      'prove',
      'odds',
      'failover',
      'proxy',
      'txn',
      'completion',
    ];
    for (const args of [[], ['--help'], ['help', 'node'], ['nod']]) expect(await namesFor(...args)).toEqual(all);
  });

  test('each say in words, and once, what an option is by default', async () => {
    const strange = (command: Command): readonly string[] => [
      ...command.commands.flatMap(strange),
      ...command.options.flatMap(({ long, description, defaultValue, defaultValueDescription }) => {
        const isToldByItself = defaultValue !== undefined && defaultValue !== false;
        const isInWords = typeof defaultValue !== 'object' || defaultValueDescription !== undefined;
        return isToldByItself && (!isInWords || description.includes('(default')) ? [`${command.name()} ${long}`] : [];
      }),
    ];
    expect((await commandsFor([], { terminal, program })).flatMap(strange)).toEqual([]);
  });

  test('each tell JSON where that is asked for', async () => {
    // What is printed is for a shell, or a log of JSON lines already.
    const others = ['completion', 'proxy', 'failover'];
    const leaves = (command: Command, path: string): readonly string[] => {
      const below = command.commands.flatMap((it) => leaves(it, `${path} ${it.name()}`));
      // What has no action of its own only holds others.
      const isHolder =
        command.commands.length > 0 && command.registeredArguments.length === 0 && command.options.length === 0;
      return isHolder || command.options.some(({ long }) => long === '--json') ? below : [path, ...below];
    };
    const all = await commandsFor([], { terminal, program });
    expect(all.flatMap((command) => leaves(command, command.name()))).toEqual(expect.arrayContaining(others));
    expect(all.flatMap((command) => leaves(command, command.name())).filter((it) => !others.includes(it))).toEqual([]);
  });

  test('are loaded alone when they are asked for, under their own names', async () => {
    for (const name of await namesFor()) expect(await namesFor(name, '--help')).toEqual([name]);
  });
});

describe('quorate', () => {
  test('prints its version, that of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(await quorate('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('completes commands and their options in bash, as bash finds', async () => {
    const { code, stdout } = await quorate('completion', 'bash');
    expect(code).toBe(0);
    const complete = (...line: readonly string[]): string[] => {
      const words = line.map((it) => `'${it}'`).join(' ');
      const script = `${stdout}\nCOMP_WORDS=(${words}); COMP_CWORD=${line.length - 1}; _quorate; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trimEnd().split('\n');
    };
    expect(complete('quorate', 'si')).toEqual(['simulate']);
    expect(complete('quorate', 'failover', 'sw')).toEqual(['switchover']);
    expect(complete('quorate', 'simulate', 'raft', '--se')).toEqual(['']);
    expect(complete('quorate', 'simulate', '--se')).toEqual(['--seed']);
    expect(complete('quorate', 'node', '--election')).toEqual(['--election-timeout-ms']);
  });

  test.each(['zsh', 'fish'])('prints what %s completes by', async (shell) => {
    const { code, stdout } = await quorate('completion', shell);
    expect([code, stdout.includes('switchover')]).toEqual([0, true]);
  });

  test('lists the protocols with all their twins', async () => {
    const { stdout } = await quorate('simulate', '--list');
    expect(stdout).toContain("'one vote less than a majority elects'");
  });

  test('tells JSON on one line, which a pipe can take', async () => {
    const { stdout, stderr } = await quorate('simulate', 'raft', '--runs', '2', '--json');
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({ protocol: 'raft', runs: 2, ok: true });
    expect(stderr).toMatch(/^2 runs/m);
  });
});

test('what is under way says how much there is, and how long it will take', () => {
  const progress = {
    runs: 25,
    virtualMs: 1_000,
    realMs: 10_000,
    events: 1,
    faults: 2,
    operations: 3,
    goals: new Map(),
  };
  expect(progressLine(progress, 100)).toMatch(/^25 of 100 runs/);
  expect(leftText(progress, 100)).toBe(', about 30 s left');
  expect(leftText(progress, 100_000)).toBe(', about 11 h 7 min left');
  expect(leftText(progress, 100, 15)).toBe(', about 5 s left');
  expect(leftText({ ...progress, runs: 0 }, 100)).toBe('');
});
