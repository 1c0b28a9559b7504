/** Namespaces: what they count, and what their quotas refuse. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  KeyLimitError,
  MalformedRequestError,
  NamespaceLimitError,
  QuotaExceededError,
} from '../../../src/services/store/errors.ts';
import {
  encodeCommand,
  type KeyValueCommand,
  type TransactionOperation,
} from '../../../src/services/store/key-value/commands.ts';
import { createKeyValueMachine } from '../../../src/services/store/key-value/machine.ts';
import {
  type Namespace,
  namespaceBeginLimit,
  namespacesLimit,
  type Quota,
} from '../../../src/services/store/key-value/namespaces.ts';
import { logProtocolNames } from '../../../src/services/store/log/protocol-names.ts';
import { createCluster } from './cluster.ts';
import { partsOf, restore } from './parts.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function createRun() {
  const machine = createKeyValueMachine();
  const run = {
    machine,
    revision: 0,
    timeMs: 0,
    apply(command: KeyValueCommand) {
      run.revision += 1;
      return machine.apply(encodeCommand(command), { revision: run.revision, timeMs: run.timeMs });
    },
    put: (key: string, value = '', lease?: number) =>
      run.apply({ type: 'put', key, value: bytes(value), ...(lease === undefined ? {} : { lease }) }),
    transact: (...success: readonly TransactionOperation[]) =>
      run.apply({ type: 'transaction', compare: [], success, failure: [] }),
    namespace: (name: string, quota: Quota = {}) => run.apply({ type: 'namespace', name, quota }),
    all(): readonly Namespace[] {
      const answer = machine.query({ type: 'namespaces' });
      if (answer === null || !('type' in answer) || answer.type !== 'namespaces') throw new TypeError('expected some');
      return answer.namespaces;
    },
  };
  return run;
}
type Run = ReturnType<typeof createRun>;

const refusedFor = (reason: string) => ({ type: 'refused', reason });

describe('a namespace', () => {
  test('counts its keys and bytes, those that it had before, too, and none of others', () => {
    const run = createRun();
    run.put('a/1', 'four');
    run.put('a', 'none of it');
    run.put('ab/1', 'none of it');
    expect(run.namespace('a')).toEqual({
      type: 'namespaced',
      namespace: { name: 'a', quota: {}, keys: 1, bytes: 7 },
    });
    run.put('a/ü', 'x');
    run.put('a/1', 'longer');
    expect(run.all()).toEqual([{ name: 'a', quota: {}, keys: 2, bytes: 3 + 6 + 4 + 1 }]);
    run.apply({ type: 'delete', key: 'a/1' });
    run.apply({ type: 'delete', key: 'a/1' });
    expect(run.all()).toMatchObject([{ keys: 1, bytes: 5 }]);
  });

  test('refuses a key too many, and takes it when another one is gone', () => {
    const run = createRun();
    run.namespace('a', { keys: 2 });
    run.put('a/1');
    run.put('a/2');
    expect(run.put('a/3')).toEqual(refusedFor('quota-keys'));
    expect(run.machine.query({ type: 'get', key: 'a/3' })).toBeNull();
    expect(run.put('a/2', 'again')).toMatchObject({ type: 'stored' });
    expect(run.put('b/3')).toMatchObject({ type: 'stored' });
    run.apply({ type: 'delete', key: 'a/1' });
    expect(run.put('a/3')).toMatchObject({ type: 'stored' });
  });

  test('refuses bytes too many, of keys and of values', () => {
    const run = createRun();
    run.namespace('a', { bytes: 10 });
    expect(run.put('a/1', '1234567')).toMatchObject({ type: 'stored' });
    expect(run.put('a/1', '12345678')).toEqual(refusedFor('quota-bytes'));
    expect(run.put('a/1', '1234')).toMatchObject({ type: 'stored' });
    expect(run.put('a/2', '')).toMatchObject({ type: 'stored' });
    expect(run.put('a/3', '')).toEqual(refusedFor('quota-bytes'));
  });

  test('takes a transaction by what it comes to, or does nothing of it', () => {
    const run = createRun();
    run.namespace('a', { keys: 2 });
    run.put('a/1');
    run.put('a/2');
    const put = (key: string) => ({ type: 'put', key, value: bytes('') }) as const;
    expect(run.transact({ type: 'delete', key: 'a/1' }, put('a/3'), put('b/1'))).toMatchObject({ succeeded: true });
    expect(run.transact({ type: 'delete', key: 'a/1' }, put('a/4'), put('b/2'))).toEqual(refusedFor('quota-keys'));
    expect(run.machine.query({ type: 'get', key: 'b/2' })).toBeNull();
    expect(run.all()).toMatchObject([{ keys: 2 }]);
  });

  test('that has more than its new quota keeps it, and may only have less', () => {
    const run = createRun();
    run.namespace('a');
    for (const key of ['a/1', 'a/2', 'a/3']) run.put(key, 'value');
    run.namespace('a', { keys: 1, bytes: 8 });
    expect(run.all()).toMatchObject([{ keys: 3, bytes: 24, quota: { keys: 1, bytes: 8 } }]);
    expect(run.put('a/1', 'longer')).toEqual(refusedFor('quota-bytes'));
    expect(run.put('a/1', 'less')).toMatchObject({ type: 'stored' });
    expect(run.apply({ type: 'delete', key: 'a/2' })).toMatchObject({ type: 'deleted' });
  });

  test('has room again for keys that end with their lease', () => {
    const run = createRun();
    run.namespace('a', { keys: 1 });
    run.apply({ type: 'grant', ttlMs: 1_000 });
    run.put('a/1', 'value', run.revision);
    run.timeMs = 1_000;
    run.revision += 1;
    run.machine.tick?.({ index: 1, revision: run.revision, timeMs: run.timeMs });
    expect(run.all()).toMatchObject([{ keys: 0, bytes: 0 }]);
    expect(run.put('a/2')).toMatchObject({ type: 'stored' });
  });

  test('that ends leaves its keys, and counts them anew when it begins again', () => {
    const run = createRun();
    run.namespace('a', { keys: 1 });
    run.put('a/1');
    expect(run.apply({ type: 'end-namespace', name: 'a' })).toMatchObject({ namespace: { keys: 1 } });
    expect(run.apply({ type: 'end-namespace', name: 'a' })).toEqual({ type: 'namespaced' });
    run.put('a/2');
    expect(run.all()).toEqual([]);
    expect(run.namespace('a')).toMatchObject({ namespace: { keys: 2, bytes: 6 } });
  });

  test('is refused where there are too many, or too many keys before it', () => {
    const run = createRun();
    for (let key = 0; key <= namespaceBeginLimit; key += 1) run.put(`large/${key}`);
    expect(run.namespace('large')).toEqual(refusedFor('namespace-large'));
    for (let it = 0; it < namespacesLimit; it += 1) run.namespace(`n${it}`);
    expect(run.namespace('one-more')).toEqual(refusedFor('namespaces-limit'));
    expect(run.namespace('n7', { keys: 1 })).toMatchObject({ type: 'namespaced' });
  });
});

/** What there is of a namespace, counted key by key. */
function counted({ machine }: Run, name: string): { readonly keys: number; readonly bytes: number } {
  const page = machine.query({ type: 'range', selection: { prefix: `${name}/` }, limit: 1_000, tells: 'entries' });
  if (page === null || !('type' in page) || page.type !== 'page') throw new TypeError('expected a page');
  const sizes = page.entries.map(({ key, value }) => bytes(key).length + (value?.length ?? 0));
  return { keys: page.count, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

test('whatever is written, each namespace knows what it has, also after a snapshot, and has no more than its quota', () => {
  const key = fc
    .tuple(fc.constantFrom('a', 'b', 'ü'), fc.constantFrom('', '/', '/1', '/2', '/3/4'))
    .map((parts) => parts.join(''));
  const value = fc.string({ maxLength: 12 });
  const operation: fc.Arbitrary<TransactionOperation> = fc.oneof(
    fc.record({ type: fc.constant('put' as const), key, value: value.map(bytes) }),
    fc.record({ type: fc.constant('delete' as const), key }),
  );
  const transaction = fc
    .uniqueArray(operation, { maxLength: 4, selector: (it) => it.key })
    .map((success): KeyValueCommand => ({ type: 'transaction', compare: [], success, failure: [] }));
  const quota: fc.Arbitrary<Quota> = fc.record({ keys: fc.nat({ max: 4 }), bytes: fc.nat({ max: 40 }) });
  const naming = fc.record({ type: fc.constant('namespace' as const), name: fc.constantFrom('a', 'ü'), quota });
  const ending = fc.record({ type: fc.constant('end-namespace' as const), name: fc.constantFrom('a', 'ü') });
  const step = fc.oneof({ arbitrary: transaction, weight: 12 }, { arbitrary: naming, weight: 2 }, ending);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.nat({ max: 60 }), (steps, restoredAt) => {
      let run = createRun();
      for (const [at, command] of steps.entries()) {
        if (at === restoredAt) {
          const restored = createRun();
          restore(restored.machine, partsOf(run.machine));
          restored.revision = run.revision;
          expect(restored.all()).toEqual(run.all());
          run = restored;
        }
        const before = new Map(run.all().map((it) => [it.name, it]));
        run.apply(command);
        for (const { name, quota: most, ...usage } of run.all()) {
          expect(usage).toEqual(counted(run, name));
          const was = before.get(name) ?? usage;
          expect(usage.keys).toBeLessThanOrEqual(Math.max(most.keys ?? usage.keys, was.keys));
          expect(usage.bytes).toBeLessThanOrEqual(Math.max(most.bytes ?? usage.bytes, was.bytes));
        }
      }
    }),
  );
});

describe.each(logProtocolNames)('over %s, a namespace', (protocol) => {
  test('has its quota at clients and nodes, also when another node leads', async () => {
    const cluster = createCluster({ protocol });
    cluster.elect();
    const client = cluster.client();
    const patient = { deadlineMs: 30_000 };
    expect(await cluster.value(client.setNamespace('a', { keys: 2 }, patient))).toMatchObject({ keys: 0 });
    await cluster.value(client.put('a/1', bytes('x'), patient));
    await cluster.value(cluster.follower().keys.put('a/2', bytes('x'), patient));
    cluster.crash(cluster.leader().id);
    expect(await cluster.failure(client.put('a/3', bytes('x'), patient))).toBeInstanceOf(QuotaExceededError);
    expect(await cluster.value(client.namespaces(patient))).toEqual([
      { name: 'a', quota: { keys: 2 }, keys: 2, bytes: 8 },
    ]);
    expect(await cluster.value(client.endNamespace('a', patient))).toMatchObject({ keys: 2 });
    expect(await cluster.value(client.endNamespace('a', patient))).toBeUndefined();
    await cluster.value(client.put('a/3', bytes('x'), patient));
  });
});

test('a name that is none, a quota that is none, and one that comes too late are refused by name', async () => {
  const cluster = createCluster();
  cluster.elect();
  const { keys } = cluster.leader();
  for (const name of ['', 'a/b', 'x'.repeat(65), '\ud800']) {
    expect(await cluster.failure(keys.setNamespace(name))).toBeInstanceOf(KeyLimitError);
  }
  expect(await cluster.failure(keys.setNamespace('a', { keys: -1 }))).toBeInstanceOf(MalformedRequestError);
  expect(await cluster.failure(keys.setNamespace('a', { bytes: 1.5 }))).toBeInstanceOf(MalformedRequestError);
  for (let first = 0; first <= namespaceBeginLimit; first += 100) {
    const success = Array.from({ length: 100 }, (_, at) => ({ type: 'put', key: `a/${first + at}` }) as const);
    await cluster.value(keys.transaction({ success: success.map((it) => ({ ...it, value: bytes('') })) }));
  }
  expect(await cluster.failure(keys.setNamespace('a'))).toBeInstanceOf(NamespaceLimitError);
});
