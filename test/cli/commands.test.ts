import pc from 'picocolors';
import { describe, expect, test } from 'vitest';
import { commandsFor } from '../../src/cli/commands.ts';
import { program } from '../fixtures/processes.ts';

const colours = pc.createColors(false);
const terminal = { out() {}, err() {}, outColours: colours, errColours: colours };
const namesFor = async (...args: readonly string[]): Promise<readonly string[]> =>
  (await commandsFor(args, { terminal, program })).map((command) => command.name());

describe('the commands of quorate', () => {
  test('are all there for help, and for what is misspelt', async () => {
    const all = ['up', 'node', 'agree', 'member', 'secret', 'history', 'simulate', 'check', 'prove', 'txn'];
    for (const args of [[], ['--help'], ['help', 'node'], ['nod']]) expect(await namesFor(...args)).toEqual(all);
  });

  test('are loaded alone when they are asked for, under their own names', async () => {
    for (const name of await namesFor()) expect(await namesFor(name, '--help')).toEqual([name]);
  });
});
