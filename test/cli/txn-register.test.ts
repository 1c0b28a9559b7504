/** `quorate txn` without a running manager, where decisions are kept in a register that other nodes replicate, too. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createMemoryNetwork } from '../../src/bus/memory.ts';
import { systemEnvironment } from '../../src/environment/environment.ts';
import { createNode } from '../../src/host/node.ts';
import { openFileJournal } from '../../src/journal/file-journal.ts';
import { createKeyValueMachine } from '../../src/services/store/key-value/machine.ts';
import { keyValueStore } from '../../src/services/store/key-value/store.ts';
import { raft } from '../../src/services/store/log/raft.ts';
import { startReplicatedStore } from '../../src/services/store/replicated-store.ts';
import { freePort } from '../fixtures/ports.ts';
import { until } from '../fixtures/until.ts';
import type { Ended } from './commands.ts';
import { createRegisterLab } from './register-lab.ts';
import { configure, temporary, txn } from './txn-command.ts';

const environment = systemEnvironment();
const { clock, ids } = environment;
const resources = { orders: { type: 'embedded' }, stock: { type: 'embedded' } };
const refusal = (code: string, text: RegExp): object => ({
  stderr: expect.stringMatching(new RegExp(`^${code}: .*${text.source}`, 's')),
  code: 2,
});

describe('quorate txn, when the manager of a register is dead', () => {
  test.each([
    ['raft', 'that introduce themselves by their journals', true],
    ['raft', 'that do not', false],
    ['paxos', 'that introduce themselves by their journals', true],
  ] as const)(
    'resolves what it left by what the register says, replicated by %s among nodes %s',
    {},
    async (protocol, _which, how) => {
      const lab = await createRegisterLab(how, protocol);
      const halfFinished = await lab.leaveAt('half-finished', 'c');
      const unheard = await lab.leaveAt('unheard', 'b');
      const undecided = await lab.leaveAt('undecided', 'a');
      await lab.stop('n1');

      // At first, the manager is looked for where it would answer if it lived.
      const config = configure(lab.directory, { ...lab.config, address: lab.textOf('n1') });
      const resolved = await txn('resolve', '--config', config);
      expect(resolved).toMatchObject({ stdout: expect.stringMatching(/Nothing is left in doubt/), code: 0 });
      expect(resolved.stderr).toMatch(/the decision register of n1, n2, n3/);
      expect(await lab.decided('n2', undecided)).toMatchObject({ outcome: 'aborted' });
      for (const transaction of [unheard, halfFinished])
        expect(await lab.decided('n3', transaction)).toMatchObject({ outcome: 'committed' });
      expect(await lab.member('n2').register.openOf('n1', 60_000)).toEqual([]);

      configure(lab.directory, lab.config);
      expect(await txn('resolve', undecided, '--config', config)).toMatchObject({
        stdout: expect.stringMatching(`${undecided}: aborted`),
        code: 0,
      });
      expect(await txn('resolve', unheard, '--config', config)).toMatchObject({
        stdout: expect.stringMatching(`${unheard}: committed`),
        code: 0,
      });
      expect(await txn('list', '--config', config)).toMatchObject({
        stdout: expect.stringMatching(/No transaction is open/),
        code: 0,
      });

      // The node comes back, is taken in again, and finds nothing half done and nothing locked.
      const { manager, orders, stock } = await lab.start('n1');
      for (const store of [orders, stock]) {
        expect({ a: store.peek('a'), b: store.peek('b'), c: store.peek('c') }).toEqual({ a: undefined, b: 1, c: 1 });
        expect(await store.prepared('n1', { timeoutMs: 60_000 })).toEqual([]);
      }
      await manager.transact(async (work) => {
        for (const key of ['a', 'b', 'c']) {
          await work.orders.put(key, 2);
          await work.stock.put(key, 2);
        }
      });
    },
  );

  test('says within its time that no majority answers, and decides nothing', { timeout: 600_000 }, async () => {
    const lab = await createRegisterLab(true);
    const unheard = await lab.leaveAt('unheard', 'b');
    const undecided = await lab.leaveAt('undecided', 'a');
    for (const id of ['n1', 'n2', 'n3']) await lab.stop(id);

    const timeoutMs = 1_500;
    const impatient = { ...lab.config, register: { ...lab.config.register, timeoutMs } };
    const within = async (...args: string[]): Promise<Ended> => {
      const startedMs = performance.now();
      const said = await txn(...args, '--config', configure(lab.directory, impatient));
      const tookMs = performance.now() - startedMs;
      expect(tookMs).toBeGreaterThan(timeoutMs * 0.9);
      expect(tookMs).toBeLessThan(timeoutMs + 60_000);
      return said;
    };
    for (const command of ['list', 'resolve']) {
      const said = await within(command);
      expect(said).toMatchObject({ stdout: '', code: 1 });
      expect(said.stderr).toMatch(
        /^REGISTER_UNREACHABLE: no majority of n1, n2, n3, .* within 1\.5 s \(n2 at 127\.0\.0\.1:\d+ is disconnected: .*; n3 at .*\)\. Without one nothing is decided/,
      );
    }
    // Nor is anything decided without the register.
    const { register, ...without } = lab.config;
    const unnamed = await txn('resolve', '--wait', '0.2', '--config', configure(lab.directory, without));
    expect(unnamed).toMatchObject({ stdout: expect.stringMatching(/name it to the manager/), code: 1 });

    await lab.start('n2');
    const strangers = { ...lab.config, cluster: 'other', register: { ...register, timeoutMs } };
    await until('it to be told that it is refused', async () =>
      /n2 at .* is refused: .*cluster 'other'/.test(
        (await txn('resolve', '--config', configure(lab.directory, strangers))).stderr,
      ),
    );
    // With the node itself, one other is a majority of three.
    const config = configure(lab.directory, lab.config);
    expect(await txn('resolve', '--config', config)).toMatchObject({ code: 0 });
    expect(await txn('resolve', unheard, '--config', config)).toMatchObject({
      stdout: expect.stringMatching(`${unheard}: committed`),
    });
    expect(await txn('resolve', undecided, '--config', config)).toMatchObject({
      stdout: expect.stringMatching(`${undecided}: aborted`),
    });
  });

  test('has a register by primary-backup led anew, in the mode that its journal says', {}, async () => {
    const lab = await createRegisterLab(true, 'primary-backup');
    const unheard = await lab.leaveAt('unheard', 'b');
    await lab.stop('n1');
    const others = ['n2', 'n3'];
    const isPrimary = (id: string): boolean => lab.member(id).store.status().role === 'leader';
    await until('another primary', () => others.some(isPrimary));
    const backup = others.find((id) => !isPrimary(id)) ?? '';
    for (const id of others) await lab.stop(id);
    // Without the last primary there is another only once both nodes that are left agree on it.
    await lab.start(backup);
    const config = configure(lab.directory, lab.config);
    expect(await txn('resolve', unheard, '--config', config)).toMatchObject({
      stdout: expect.stringMatching(`${unheard}: committed`),
      code: 0,
    });
  });

  test('refuses a register that is not the one of the journal', async () => {
    const lab = await createRegisterLab(true);
    await lab.stop('n1');
    const { register, ...rest } = lab.config;
    const resolve = (changed: object): Promise<Ended> =>
      txn('resolve', '--config', configure(lab.directory, { ...rest, register: { ...register, ...changed } }));
    expect(await resolve({ key: 'tnx' })).toMatchObject(refusal('REGISTER_MISSING', /'tnx', got the stores 'txn'/));
    expect(await resolve({ peers: { n2: lab.textOf('n2') } })).toMatchObject({
      stderr: expect.stringMatching(/^VOTERS_MISMATCH: expected the nodes n1, n2, n3.*got n1, n2;/),
      code: 1,
    });
    const empty = join(lab.directory, 'empty');
    mkdirSync(empty);
    const elsewhere = configure(lab.directory, { ...lab.config, dataDirectory: empty });
    expect(await txn('resolve', '--config', elsewhere)).toMatchObject(
      refusal('REGISTER_MISSING', /got no replicated store/),
    );
    const nowhere = configure(lab.directory, { ...lab.config, dataDirectory: join(lab.directory, 'nowhere') });
    expect(await txn('resolve', '--config', nowhere)).toMatchObject(refusal('FILE', /there is no such directory/));
  });

  test('does not take the log of another store for that of a register', async () => {
    const dataDirectory = join(temporary(), 'data');
    const journal = await openFileJournal({ directory: dataDirectory, node: 'n1', clock, ids });
    const node = createNode({ id: 'n1', bus: createMemoryNetwork({ clock }).join('n1'), journal, environment });
    const store = startReplicatedStore({
      node,
      machine: createKeyValueMachine(),
      log: raft({ voters: ['n1'] }),
      environment,
    });
    await keyValueStore(store).put('greeting', new TextEncoder().encode('hello'), { deadlineMs: 60_000 });
    await node.stop();
    const listen = `127.0.0.1:${await freePort()}`;
    const config = configure(temporary(), { dataDirectory, register: { key: 'kv', peers: {}, listen }, resources });
    expect(await txn('resolve', '--config', config)).toMatchObject(
      refusal('REGISTER_MISSING', /the store 'kv' is not that of a decision register/),
    );
  });
});

describe('the configuration of a register', () => {
  const register = { key: 'txn', peers: { n2: '127.0.0.1:5702' } };
  test.each([
    ['is no object', { register: 'decisions' }, /malformed at register: /],
    ['has no key', { register: { peers: {} } }, /malformed at register\.key: /],
    ['has an empty key', { register: { ...register, key: '' } }, /malformed at register\.key: expected the key/],
    ['has no peers', { register: { key: 'txn' } }, /malformed at register\.peers: /],
    [
      'has a peer without a port',
      { register: { key: 'txn', peers: { n2: '10.0.0.2' } } },
      /malformed at register\.peers\.n2: expected HOST:PORT/,
    ],
    [
      'has a peer of an impossible name',
      { register: { key: 'txn', peers: { 'n/2': '127.0.0.1:1' } } },
      /malformed at register\.peers\.n\/2: expected a node id/,
    ],
    [
      'names the node itself as a peer',
      { register: { key: 'txn', peers: { n1: '127.0.0.1:1' } } },
      /malformed at register: expected the other nodes, got 'n1' itself/,
    ],
    ['has no time', { register: { ...register, timeoutMs: 0 } }, /malformed at register\.timeoutMs: expected a number/],
    ['has what nobody knows', { register: { ...register, voters: [] } }, /malformed at register\.voters: /],
    [
      'comes with a last resource',
      { register, last: 'orders' },
      /malformed at register: .*either 'last' or 'register'/,
    ],
    ['does not say where to listen', { register, address: undefined }, /malformed at register: expected 'listen'/],
  ])('is refused when it %s', async (_what, changed, message) => {
    const directory = temporary();
    const config = { address: '127.0.0.1:5701', dataDirectory: join(directory, 'data'), resources, ...changed };
    expect(await txn('list', '--config', configure(directory, config))).toMatchObject(refusal('FILE', message));
  });
});
