/** Commands that ask nodes which let in nothing but tokens: by a file, or by a variable, and what becomes of those refused. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Grant } from '../../src/services/kv-node.ts';
import { testSecret } from '../fixtures/secret.ts';
import { until } from '../fixtures/until.ts';
import { createNodeLab } from '../services/kv-nodes.ts';
import { type Ended, quorate } from './commands.ts';

const tokens: readonly Grant[] = [
  { name: 'operator', role: 'admin' },
  { name: 'reader', role: 'read' },
];
const variable = 'QUORATE_TOKEN';

beforeEach(() => {
  vi.stubEnv(variable, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

/** A node that asks all clients for a token, and files of some tokens. */
async function guarded() {
  const lab = await createNodeLab(['n1']);
  const { httpUrl = '' } = await lab.start('n1', { tokens });
  await lab.leader();
  const file = (name: string, text: string): string => {
    const path = join(lab.directory, name);
    writeFileSync(path, `${text}\n`);
    return path;
  };
  const node = ['--node', httpUrl.slice('http://'.length)];
  return {
    file,
    tokenFile: (name: string) => ['--token-file', file(name, testSecret.token(name))],
    ask: (command: readonly string[], ...options: readonly string[]): Promise<Ended> =>
      quorate(...command, ...node, ...options),
    path: (name: string) => join(lab.directory, name),
  };
}

describe('a command that asks nodes', () => {
  test('shows the token of a file, or that of a variable', async () => {
    const { ask, tokenFile, path } = await guarded();
    const commands = (way: string): readonly (readonly string[])[] => [
      ['agree', 'owner', 'n1'],
      ['backup', path(way)],
      ['doctor', '--seconds', '1', '--json'],
      ['member', 'list'],
      ['namespace', 'set', 'tenant-a'],
      ['status'],
    ];
    const pass = async (command: readonly string[], ...options: readonly string[]): Promise<void> => {
      await until(`${command.join(' ')} to pass`, async () => {
        const { code, stdout } = await ask(command, ...options);
        // What is wrong with this machine is for the doctor to say.
        return command[0] === 'doctor' ? !/NODE_UNREACHABLE|TOKEN_REQUIRED/.test(stdout) : code === 0;
      });
    };
    for (const command of commands('by-file')) await pass(command, ...tokenFile('operator'));
    vi.stubEnv(variable, ` ${testSecret.token('operator')}\n`);
    for (const command of commands('by-variable')) await pass(command);
  });

  test('ends with 1 when its token is refused, or may not, and says what to do', async () => {
    const { ask, tokenFile, path } = await guarded();
    const stranger = tokenFile('stranger');
    for (const command of [
      ['agree', 'k', 'v'],
      ['backup', path('b')],
      ['member', 'list'],
      ['namespace', 'list'],
    ]) {
      for (const options of [stranger, []]) {
        const { code, stderr } = await ask(command, ...options);
        expect([command[0], code, stderr]).toEqual([
          command[0],
          1,
          expect.stringMatching(/^TOKEN_REQUIRED: .*name a token that the nodes list with --token-file/),
        ]);
      }
    }
    for (const command of [
      ['status'],
      ['doctor', '--seconds', '1'],
      ['rolling-restart', '--allow-outage', '--patience-s', '1'],
    ]) {
      // They wait for five seconds, in which a machine with other work may not answer.
      await until(`${command[0]} to be refused`, async () => {
        const { code, stdout, stderr } = await ask(command, ...stranger);
        expect(code).toBe(1);
        return `${stdout}${stderr}`.includes('expected the token of clients from 127.0.0.1, got another one');
      });
    }
    const reader = await ask(['member', 'transfer'], ...tokenFile('reader'));
    expect([reader.code, reader.stderr]).toEqual([
      1,
      expect.stringMatching(/^FORBIDDEN: .*name another token with --token-file/),
    ]);
  });

  test('takes the file before the variable, and the secret before that', async () => {
    const { ask, file, tokenFile } = await guarded();
    const operator = tokenFile('operator');
    const secret = ['--secret-file', file('secret', testSecret.text())];
    vi.stubEnv(variable, testSecret.token('stranger'));
    expect((await ask(['member', 'list'])).code).toBe(1);
    expect((await ask(['member', 'list'], ...operator)).code).toBe(0);
    expect((await ask(['member', 'list'], ...operator, ...secret)).code).toBe(2);
  });

  test('sends nothing that is no token, and repeats nothing of it', async () => {
    const { ask, file } = await guarded();
    const good = testSecret.token('operator');
    for (const text of [
      '',
      testSecret.text(),
      testSecret.client().text(),
      `${good}x`,
      `${good}\n${good}`,
      'a\u0000b',
    ]) {
      const { code, stderr } = await ask(['status'], '--token-file', file('wrong', text));
      expect([code, stderr]).toEqual([2, expect.stringMatching(/^TOKEN: expected a token in '.*wrong', got /)]);
      if (text.length > 8) expect(stderr).not.toContain(text);
    }
    vi.stubEnv(variable, testSecret.text());
    const { code, stderr } = await ask(['member', 'list']);
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/^TOKEN: expected a token in QUORATE_TOKEN, got something/),
    ]);
    expect((await ask(['status'], '--token-file', '/no/such/file')).code).toBe(2);
  });
});
