import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import pc from 'picocolors';
import { beforeAll, describe, expect, test } from 'vitest';
import { commandsFor } from '../../src/cli/commands.ts';
import { incidents } from '../../src/proof/incidents.ts';
import { protocols } from '../../src/proof/protocols.ts';
import { program } from '../fixtures/processes.ts';
import { pageOf, root } from './pages.ts';

const colours = pc.createColors(false);
const terminal = { out() {}, err() {}, outColours: colours, errColours: colours };
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** What the first argument of a command may be. */
const arguments_: Readonly<Record<string, readonly string[]>> = {
  check: protocols.map(({ name }) => name),
  simulate: protocols.map(({ name }) => name),
  incident: ['all', 'NAME', ...incidents.map(({ name }) => name)],
};

/** Commands in code spans and blocks, as words. */
const commandsIn = (text: string): readonly (readonly string[])[] =>
  [...text.matchAll(/(?:^|`)(npx quorate|npm run) ([^`\n]+)/gm)].map(([, how = '', rest = '']) => [
    how,
    ...(rest.match(/'[^']*'|"[^"]*"|\S+/g) ?? []),
  ]);

let commands: readonly Command[] = [];
beforeAll(async () => {
  commands = await commandsFor([], { terminal, program });
});

/** What is wrong with a command that a page names. */
function problemOf([how, name = '', ...args]: readonly string[]): string | undefined {
  if (how === 'npm run') return name in scripts ? undefined : `there is no script '${name}'`;
  const command = commands.find((it) => it.name() === name);
  if (command === undefined) return `there is no command '${name}'`;
  const options = new Set(command.options.flatMap(({ long, short }) => [long, short]));
  const unknown = args.find((it) => it.startsWith('--') && !options.has(it));
  // A check takes the bounds of its protocol as well, which it reads by itself.
  if (unknown !== undefined && command.commands.length === 0 && name !== 'check') return `${name} has no ${unknown}`;
  const [first = ''] = args;
  const known = arguments_[name];
  return known === undefined || first.startsWith('--') || first === '' || known.includes(first)
    ? undefined
    : `${name} knows no '${first}'`;
}

describe.each(['docs/choosing.md', 'docs/concepts.md'])('%s', (path) => {
  test('names only commands that there are', () => {
    const named = commandsIn(pageOf(path).text);
    expect(named.length).toBeGreaterThan(5);
    expect(named.flatMap((it) => problemOf(it) ?? [])).toEqual([]);
  });
});

describe('the concepts', () => {
  const rows = pageOf('docs/concepts.md')
    .text.split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| ---') && !/^\| (?:concept|challenge) /.test(line));

  test('each have a part of the library and a command that shows them', () => {
    expect(rows.length).toBe(9);
    for (const row of rows) {
      expect(row).toMatch(/`(?:src|statecharts)\//);
      expect(row).toMatch(/`npx quorate /);
    }
  });
});

test('the guide to choosing has eight headings, one per question, each with a table and the command that makes it', () => {
  const [, ...sections] = pageOf('docs/choosing.md').text.split(/^## /m);
  expect(sections.map((text) => text.slice(0, text.indexOf('\n')))).toEqual([
    'Which consistency models there are, and what distinguishes them',
    'Two-phase commit, and how it differs from Paxos',
    'Raft, and how it differs from Paxos',
    'Primary-backup, and how it differs from active failover',
    'Standby nodes, and how they differ from primary-backup',
    'The concepts of distributed transactions, and how they relate',
    'How to choose',
    'What practice teaches',
  ]);
  for (const section of sections) {
    expect(section).toMatch(/^\| -/m);
    expect(section).toMatch(/`(?:npx quorate|npm run) /);
  }
});

test('continuous integration proves every protocol, each once', () => {
  const script = readFileSync(join(root, '.ci', 'run'), 'utf8');
  const named = [...script.matchAll(/^(?:logs|others)='([^']*)'$/gm)].flatMap(([, names = '']) => names.split(' '));
  expect(named.toSorted()).toEqual(protocols.map(({ name }) => name).toSorted());
});
