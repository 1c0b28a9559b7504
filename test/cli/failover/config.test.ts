import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { FileError } from '../../../src/cli/errors.ts';
import { readFailoverConfig } from '../../../src/cli/failover/config/read.ts';

const examples = join(import.meta.dirname, '../../../examples');
const directory = mkdtempSync(join(tmpdir(), 'quorate-config-'));
afterAll(() => rmSync(directory, { recursive: true }));

const managers = Object.fromEntries(
  [1, 2, 3].map((at) => [`m${at}`, { listen: `127.0.0.1:710${at}`, http: `127.0.0.1:720${at}`, data: `./m${at}` }]),
);
const servers = Object.fromEntries([1, 2, 3].map((at) => [`r${at}`, { address: `127.0.0.1:630${at}` }]));
const good = { group: 'orders', kind: 'redis', managers, secretFile: './secret', servers };

function read(content: unknown) {
  const path = join(directory, 'group.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return readFailoverConfig(path);
}
function problemOf(content: unknown): string {
  try {
    read(content);
  } catch (error) {
    if (error instanceof FileError) return error.message;
    throw error;
  }
  throw new Error('expected it to be refused');
}

describe('a configuration of a group', () => {
  test('has defaults, and names files from its own directory on', () => {
    const { config, locate } = read(good);
    expect(config).toMatchObject({ mode: 'durable', servers: { r1: { address: { host: '127.0.0.1', port: 6301 } } } });
    expect(locate(config.managers.m1?.data ?? '')).toBe(join(directory, 'm1'));
    expect(locate('/etc/secret')).toBe('/etc/secret');
  });

  test.each(readdirSync(examples).filter((file) => file.endsWith('-failover.json')))(
    'is %s of the examples',
    (file) => {
      expect(() => readFailoverConfig(join(examples, file))).not.toThrow();
    },
  );

  test('takes all that there is', () => {
    const all = {
      ...good,
      mode: 'durable',
      confirmations: 1,
      primary: 'r1',
      discardOthers: true,
      standbys: 2,
      failback: 'automatic',
      maxFlaps: 2,
      login: { username: 'manager', passwordFile: './password', tls: { caFile: './ca.pem', serverName: 'redis' } },
      detector: { estimator: { kind: 'fixed', timeoutMs: 500 }, intervalMs: 100 },
      timing: { lookIntervalMs: 100 },
      hooks: [
        { on: ['degraded'], command: ['page', 'me'] },
        { url: 'http://127.0.0.1:9/hook', timeoutMs: 100 },
      ],
      proxy: { listen: '127.0.0.1:6400', reads: '127.0.0.1:6401', maxReadLagBytes: 1_000, tokenFile: './token' },
      servers: {
        ...servers,
        r4: {
          address: '[::1]:6304',
          priority: -1,
          standby: 'cold',
          zone: 'north',
          promotable: false,
          maxLagBytes: 0,
          start: ['x'],
          stop: ['y'],
        },
      },
    };
    expect(read(all).config.servers.r4).toMatchObject({ standby: 'cold', promotable: false });
  });

  test.each([
    ['a misspelt key', { ...good, managres: {} }, "managres: there is no such key; did you mean 'managers'?"],
    ['a key of two swapped letters', { ...good, mdoe: 'durable' }, "mdoe: there is no such key; did you mean 'mode'?"],
    ['a key far from any', { ...good, zzzzzzzz: 1 }, "zzzzzzzz: there is no such key; there are 'kind', 'group'"],
    [
      'a key of a server',
      { ...good, servers: { ...servers, r3: { adress: '127.0.0.1:1' } } },
      "servers.r3.adress: there is no such key; did you mean 'address'?",
    ],
    ['what is missing', { ...good, servers: { ...servers, r3: {} } }, 'servers.r3.address: it is missing'],
    [
      'a wrong kind',
      { ...good, kind: 'postgre' },
      `kind: expected 'redis', 'postgres' or 'script', got "postgre"; did you mean 'postgres'?`,
    ],
    ['no object', [], 'expected a JSON object'],
    [
      'a name of a group that is too long',
      { ...good, group: 'g'.repeat(41) },
      "group: expected 1 to 40 letters, digits, '.', '-' or '_' as the name of a group, got 41 of them",
    ],
    [
      'names of PostgreSQL servers that it takes for the same',
      { ...good, kind: 'postgres', login: { username: 'postgres' }, servers: { ...servers, R1: { address: 'h:1' } } },
      'servers.R1: expected a name that differs from the others in more than its case',
    ],
    ['a name of a group with spaces', { ...good, group: 'my group' }, 'group: expected 1 to 40 letters'],
    [
      'a wrong address',
      { ...good, servers: { ...servers, r3: { address: '6379' } } },
      'servers.r3.address: expected HOST:PORT',
    ],
    ['a wrong phase', { ...good, hooks: [{ on: ['degrade'], url: 'http://a' }] }, "hooks.0.on.0: expected 'founding'"],
    [
      'a hook of both ways',
      { ...good, hooks: [{ url: 'http://a', command: ['a'] }] },
      "hooks.0: expected either 'command' or 'url'",
    ],
    [
      'an even number of managers',
      { ...good, managers: { m1: managers.m1, m2: managers.m2 } },
      'managers: expected 1, 3, 5 or 7, got 2',
    ],
    [
      'a certificate without its key',
      { ...good, login: { tls: { certFile: './cert.pem' } } },
      "login.tls: expected 'certFile' and 'keyFile', or none of them",
    ],
    ['a misspelt key of TLS', { ...good, login: { tls: { caFlie: 'x' } } }, 'login.tls.caFlie: there is no such key'],
    [
      'a misspelt key of the proxy',
      { ...good, proxy: { listen: 'h:1', token: 'x' } },
      'proxy.token: there is no such key',
    ],
    ['managers without a secret', { ...good, secretFile: undefined }, 'quorate secret new --secret-file'],
    [
      'a primary that is none of them',
      { ...good, primary: 'r9' },
      "primary: expected one of 'r1', 'r2' or 'r3', got 'r9'",
    ],
    [
      'a primary that may not be',
      { ...good, primary: 'r1', servers: { ...servers, r1: { address: '127.0.0.1:1', promotable: false } } },
      "primary: expected one of 'r2' or 'r3'",
    ],
    [
      'data to be discarded without a primary whose data stay',
      { ...good, discardOthers: true },
      "discardOthers: expected 'primary' beside it",
    ],
    [
      'none that may be primary',
      { ...good, servers: { r1: { address: '127.0.0.1:1', promotable: false } } },
      'servers: expected one or more',
    ],
    [
      'more confirmations than can come',
      { ...good, confirmations: 3 },
      'confirmations: expected more than 3 hot servers',
    ],
    [
      'confirmations that nothing waits for',
      { ...good, mode: 'pass-through', confirmations: 1 },
      "confirmations: in mode 'pass-through'",
    ],
    ['more standbys than servers', { ...good, standbys: 3 }, 'standbys: expected fewer'],
    [
      'an address of two',
      { ...good, servers: { ...servers, r3: { address: '127.0.0.1:7101' } } },
      'servers.r3.address: expected an address of its own, got 127.0.0.1:7101, which is managers.m1.listen',
    ],
    ['no JSON', '{', 'expected a JSON file'],
  ])('refuses %s, and says where it is', (_what, content, words) => {
    expect(problemOf(content)).toContain(words);
  });

  test('lists what is wrong, and how much more there is', () => {
    const wrong = Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`r${at}`, {}]));
    const problem = problemOf({ ...good, servers: wrong });
    expect(problem.split('\n')).toHaveLength(12);
    expect(problem).toContain('and 2 more');
  });
});
