/** Large values over a cluster: whole or not at all, whatever becomes of those who write them. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encode } from '../../../src/services/store/codec.ts';
import {
  KeyLimitError,
  LargeValueReplacedError,
  LeaseEndedError,
  MalformedRequestError,
  MalformedValueError,
  OutcomeUnknownError,
  PreconditionFailedError,
  RevisionForgottenError,
  UnavailableError,
  ValueLimitError,
} from '../../../src/services/store/errors.ts';
import type { KeyValueStore } from '../../../src/services/store/key-value/contract.ts';
import type { LargeValues } from '../../../src/services/store/large-values/contract.ts';
import { largeValues } from '../../../src/services/store/large-values/large-values.ts';
import { type Cluster, createCluster } from './cluster.ts';

const prefix = 'files/';
const ttlMs = 2_000;
const partBytes = 8;

interface Lab {
  readonly cluster: Cluster;
  readonly store: KeyValueStore;
  readonly files: LargeValues;
  filesOver(store: KeyValueStore): LargeValues;
  keys(): Promise<readonly string[]>;
  sleep(ms: number): Promise<void>;
}

function started(): Lab {
  const cluster = createCluster();
  cluster.elect();
  const store = cluster.client();
  const filesOver = (over: KeyValueStore): LargeValues =>
    largeValues(over, { prefix, partBytes, ttlMs, limitBytes: 1_000, clock: cluster.clock });
  return {
    cluster,
    store,
    files: filesOver(store),
    filesOver,
    keys: async () => (await cluster.value(store.range({ prefix }, { limit: 1_000 }))).entries.map(({ key }) => key),
    async sleep(ms) {
      const untilMs = cluster.clock.nowMs() + ms;
      await cluster.until(() => cluster.clock.nowMs() >= untilMs);
    },
  };
}

const filled = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);

/** A source that gives its pieces, and then waits for `go` before it ends. */
function gated(...pieces: readonly Uint8Array[]) {
  let go = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    go = resolve;
  });
  const state = { isWaiting: false };
  async function* source(): AsyncGenerator<Uint8Array> {
    yield* pieces;
    state.isWaiting = true;
    await opened;
  }
  return { source: source(), go: () => go(), state };
}

describe('a large value', () => {
  test('comes back as it was put, whatever pieces it came in, in parts and under no other keys', async () => {
    const { cluster, files, keys } = started();
    const pieces = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(pieces, async (given) => {
        const whole = Buffer.concat(given);
        const { version } = await cluster.value(files.put('a', given));
        const found = await cluster.value(files.get('a'));
        expect(found?.version).toBe(version);
        expect(Buffer.from(found?.value ?? []).equals(whole)).toBe(true);
        expect((await cluster.value(files.open('a')))?.sizeBytes).toBe(whole.length);
        expect((await keys()).length).toBe(1 + Math.ceil(whole.length / partBytes));
      }),
      { numRuns: 30 },
    );
    await cluster.value(files.delete('a'));
    expect(await keys()).toEqual([]);
    expect(await cluster.value(files.get('a'))).toBeUndefined();
    expect(await cluster.value(files.delete('a'))).toEqual({ version: undefined });
  });

  test('is written under a condition of its version, which a write that fails leaves as it was', async () => {
    const { cluster, files, keys } = started();
    const { version } = await cluster.value(files.put('a', filled(20, 1), { condition: { type: 'absent' } }));
    const before = await keys();
    for (const condition of [{ type: 'absent' }, { type: 'version', version: version - 1 }] as const) {
      const failure = await cluster.failure(files.put('a', filled(30, 2), { condition }));
      expect(failure).toBeInstanceOf(PreconditionFailedError);
      expect(failure).toMatchObject({ actualVersion: version });
      expect(await cluster.failure(files.delete('a', { condition }))).toBeInstanceOf(PreconditionFailedError);
    }
    expect(await cluster.failure(files.put('b', filled(3, 2), { condition: { type: 'present' } }))).toMatchObject({
      actualVersion: undefined,
    });
    expect(await keys()).toEqual(before);
    const next = await cluster.value(files.put('a', filled(9, 3), { condition: { type: 'version', version } }));
    expect(await cluster.value(files.delete('a', { condition: { type: 'version', version: next.version } }))).toEqual(
      next,
    );
  });

  test('that another writer replaces meanwhile fails a condition at its end, and its parts are removed', async () => {
    const { cluster, files, keys } = started();
    const { source, go, state } = gated(filled(20, 1));
    const slow = cluster.settled(files.put('a', source, { condition: { type: 'absent' } }));
    await cluster.until(() => state.isWaiting);
    await cluster.value(files.put('a', filled(5, 2)));
    go();
    expect(await slow).toMatchObject({ status: 'rejected', reason: expect.any(PreconditionFailedError) });
    expect((await cluster.value(files.get('a')))?.value).toEqual(filled(5, 2));
    expect(await keys()).toHaveLength(2);
  });

  test('is the last of those that were put at once, without a condition', async () => {
    const { cluster, files, keys } = started();
    const puts = [1, 2, 3].map((byte) => files.put('a', filled(10 + byte, byte)));
    const versions = (await cluster.value(Promise.all(puts))).map(({ version }) => version);
    const found = await cluster.value(files.get('a'));
    expect(found?.version).toBe(Math.max(...versions));
    const byte = versions.indexOf(found?.version ?? 0) + 1;
    expect(found?.value).toEqual(filled(10 + byte, byte));
    expect(await keys()).toHaveLength(3);
  });
});

describe('a reader', () => {
  test('that has begun reads the old value to its end, though it was replaced', async () => {
    const { cluster, files } = started();
    await cluster.value(files.put('a', filled(30, 1)));
    const old = await cluster.value(files.open('a'));
    const parts = old?.parts[Symbol.asyncIterator]();
    const read: Uint8Array[] = [];
    for (;;) {
      const next = await cluster.value(parts?.next() ?? Promise.reject(new Error('expected a value')));
      if (next.done === true) break;
      read.push(next.value);
      await cluster.value(files.put('a', filled(40, 2)));
    }
    expect(Buffer.concat(read).equals(filled(30, 1))).toBe(true);
    expect((await cluster.value(files.get('a')))?.value).toEqual(filled(40, 2));
  });

  test('is told where the store has forgotten the old parts, and reads the new value where it wants the whole', async () => {
    const { cluster, store, files, filesOver } = started();
    await cluster.value(files.put('a', filled(20, 1)));
    let replacing = 1;
    const forgetful: KeyValueStore = {
      ...store,
      async get(key, options = {}) {
        if (options.revision !== undefined) throw new RevisionForgottenError('forgotten', options.revision + 1);
        const found = await store.get(key, options);
        if (key.includes('/value/') && replacing > 0) {
          replacing -= 1;
          await files.put('a', filled(25, 2));
        }
        return found;
      },
    };
    expect((await cluster.value(filesOver(forgetful).get('a')))?.value).toEqual(filled(25, 2));
    replacing = 1;
    const opened = await cluster.value(filesOver(forgetful).open('a'));
    const first = opened?.parts[Symbol.asyncIterator]().next();
    expect(await cluster.failure(first ?? Promise.resolve())).toBeInstanceOf(LargeValueReplacedError);
    replacing = Number.MAX_SAFE_INTEGER;
    expect(await cluster.failure(filesOver(forgetful).get('a'))).toBeInstanceOf(LargeValueReplacedError);
  });
});

describe('a writer', () => {
  test('that is cut off is not alive any more: its parts are removed, and it can put no others', async () => {
    const { cluster, files, filesOver, keys, sleep } = started();
    const { source, go, state } = gated(filled(20, 1));
    const lost = cluster.settled(filesOver(cluster.client()).put('a', source));
    await cluster.until(() => state.isWaiting);
    expect(await cluster.value(files.removeAbandoned())).toBe(0);
    expect((await keys()).length).toBe(4);
    cluster.isolate('client-2');
    await sleep(3 * ttlMs);
    expect(await cluster.value(files.removeAbandoned())).toBe(1);
    expect(await keys()).toEqual([]);
    cluster.heal();
    go();
    expect(await lost).toMatchObject({ status: 'rejected', reason: expect.any(LeaseEndedError) });
    expect(await keys()).toEqual([]);
  });

  test('that believes it is alive, when the store does not, puts neither parts nor a manifest', async () => {
    const { cluster, store, files, filesOver, keys } = started();
    for (const piecesLeft of [[], [filled(8, 2)]]) {
      const { source, go, state } = gated(filled(16, 1));
      let lease = 0;
      const noticing: KeyValueStore = {
        ...store,
        async grantLease(...asked) {
          const leased = await store.grantLease(...asked);
          lease = leased.lease;
          return leased;
        },
        keepLease: async () => ({ lease, ttlMs }),
      };
      async function* all(): AsyncGenerator<Uint8Array> {
        yield* source;
        yield* piecesLeft;
      }
      const put = cluster.settled(filesOver(noticing).put('a', all()));
      await cluster.until(() => state.isWaiting);
      await cluster.value(store.revokeLease(lease));
      expect(await cluster.value(files.removeAbandoned())).toBe(1);
      go();
      expect(await put).toMatchObject({ status: 'rejected', reason: expect.any(LeaseEndedError) });
      expect(await keys()).toEqual([]);
    }
  });

  test('whose source fails, or is too long, or gives no bytes, leaves nothing, and ends the source', async () => {
    const { cluster, files, keys } = started();
    let [pieces, isEnded] = [0, false];
    function* endless(): Generator<Uint8Array> {
      try {
        for (;;) {
          pieces += 1;
          yield filled(100, 1);
        }
      } finally {
        isEnded = true;
      }
    }
    expect(await cluster.failure(files.put('a', endless()))).toBeInstanceOf(ValueLimitError);
    expect({ pieces, isEnded }).toEqual({ pieces: 11, isEnded: true });
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield filled(20, 1);
      throw new RangeError('the disk is gone');
    }
    expect(await cluster.failure(files.put('a', failing()))).toBeInstanceOf(RangeError);
    const texts: Iterable<never> = JSON.parse('["text"]');
    expect(await cluster.failure(files.put('a', texts))).toBeInstanceOf(MalformedRequestError);
    expect(await keys()).toEqual([]);
  });

  test('takes a piece when the store has what it took before', async () => {
    const { cluster, store, filesOver } = started();
    let [taken, stored] = [0, 0];
    const counting: KeyValueStore = {
      ...store,
      async transaction(transaction, options) {
        const done = await store.transaction(transaction, options);
        if (transaction.success.some(({ key }) => key.includes('/part/'))) stored += 1;
        return done;
      },
    };
    function* source(): Generator<Uint8Array> {
      for (; taken < 20; taken += 1) {
        expect(taken - stored).toBeLessThanOrEqual(1);
        yield filled(partBytes, taken);
      }
    }
    await cluster.value(filesOver(counting).put('a', source()));
    expect(stored).toBe(20);
  });

  test.each([true, false])(
    'that does not hear whether its manifest was put removes no parts that have one (%s)',
    async (isDone) => {
      const { cluster, store, filesOver, keys } = started();
      const mute: KeyValueStore = {
        ...store,
        async transaction(transaction, options) {
          if (!transaction.success.some(({ key }) => key.includes('/value/')))
            return store.transaction(transaction, options);
          if (isDone) await store.transaction(transaction, options);
          throw new OutcomeUnknownError('no answer');
        },
      };
      expect(await cluster.failure(filesOver(mute).put('a', filled(20, 1)))).toBeInstanceOf(OutcomeUnknownError);
      expect((await cluster.value(filesOver(store).get('a')))?.value).toEqual(isDone ? filled(20, 1) : undefined);
      expect(await keys()).toHaveLength(isDone ? 4 : 0);
    },
  );

  test('that may still be alive for the store keeps its parts, as its manifest may come late', async () => {
    const { cluster, store, files, filesOver, keys } = started();
    let late = (): Promise<unknown> => Promise.resolve();
    const mute: KeyValueStore = {
      ...store,
      revokeLease: () => Promise.reject(new UnavailableError('no leader')),
      transaction(transaction, options) {
        if (!transaction.success.some(({ key }) => key.includes('/value/')))
          return store.transaction(transaction, options);
        late = () => store.transaction(transaction, options);
        return Promise.reject(new OutcomeUnknownError('no answer'));
      },
    };
    expect(await cluster.failure(filesOver(mute).put('a', filled(20, 1)))).toBeInstanceOf(OutcomeUnknownError);
    await cluster.value(late());
    expect((await cluster.value(files.get('a')))?.value).toEqual(filled(20, 1));
    expect(await keys()).toHaveLength(4);
  });

  test('that does not hear whether it has begun puts nothing, even where its beginning comes late', async () => {
    const { cluster, store, files, filesOver, keys, sleep } = started();
    let late = (): Promise<unknown> => Promise.resolve();
    const mute: KeyValueStore = {
      ...store,
      transaction(transaction, options) {
        late = () => store.transaction(transaction, options);
        return Promise.reject(new OutcomeUnknownError('no answer'));
      },
    };
    expect(await cluster.failure(filesOver(mute).put('a', filled(20, 1)))).toBeInstanceOf(UnavailableError);
    await cluster.settled(late());
    await sleep(2 * ttlMs);
    await cluster.value(files.removeAbandoned());
    expect(await keys()).toEqual([]);
  });

  test('asks again for what the store cannot do for a while', async () => {
    const { cluster, store, filesOver } = started();
    let requests = 0;
    const shaky: KeyValueStore = {
      ...store,
      transaction(transaction, options) {
        requests += 1;
        if (requests % 3 !== 0) return Promise.reject(new UnavailableError('no leader'));
        return store.transaction(transaction, options);
      },
    };
    await cluster.value(filesOver(shaky).put('a', filled(30, 1)));
    expect((await cluster.value(filesOver(store).get('a')))?.value).toEqual(filled(30, 1));
    expect(requests).toBeGreaterThan(15);
  });

  test('removes what others have abandoned before it puts its own', async () => {
    const { cluster, files, filesOver, keys, sleep } = started();
    const ends = [1, 2, 3].map((byte) => {
      const { source, state } = gated(filled(20, byte));
      const client = cluster.client();
      const put = filesOver(client).put(`gone-${byte}`, source);
      put.catch(() => undefined);
      return { state, client };
    });
    await cluster.until(() => ends.every(({ state }) => state.isWaiting));
    cluster.isolate('client-2', 'client-3', 'client-4');
    await sleep(3 * ttlMs);
    await cluster.value(files.put('a', filled(8, 1)));
    expect(await keys()).toHaveLength(2);
  });
});

describe('what is no large value', () => {
  test('is told by name, and is put anew', async () => {
    const { cluster, store, files } = started();
    const part = 'a part';
    const cases: readonly (readonly [string, Uint8Array])[] = [
      ['files/value/a', encode('text')],
      ['files/value/a', Uint8Array.of(0xc1)],
      ['files/value/a', encode([2, 7, 20, 8])],
      ['files/value/a', encode([1, 7, 20, 0])],
      ['files/value/a', encode([1, 7, 20, 8, 9])],
      ['files/value/a', encode([1, 7, -1, 8])],
      ['files/value/a', encode([1, 7, Number.MAX_SAFE_INTEGER, 8])],
      ['files/value/a', encode([1, 7, 20, 1])],
      [part, filled(5, 1)],
    ];
    for (const [key, bytes] of cases) {
      await cluster.value(files.put('a', filled(20, 1)));
      const ofPart = (await cluster.value(store.range({ prefix: 'files/part/' }))).entries.at(-1)?.key ?? '';
      await cluster.value(store.put(key === part ? ofPart : key, bytes));
      expect(await cluster.failure(files.get('a'))).toBeInstanceOf(MalformedValueError);
    }
    await cluster.value(files.put('a', filled(20, 3)));
    expect((await cluster.value(files.get('a')))?.value).toEqual(filled(20, 3));
  });

  test('is refused: names without text, parts without bytes, keys that are strange', async () => {
    const { cluster, store, files } = started();
    for (const name of ['', 'x'.repeat(1_024), '\ud800']) {
      expect(await cluster.failure(files.put(name, filled(1, 1)))).toBeInstanceOf(KeyLimitError);
      expect(await cluster.failure(files.get(name))).toBeInstanceOf(KeyLimitError);
    }
    for (const bytes of [0, -1, 1.5, 2 ** 21]) {
      expect(() => largeValues(store, { prefix, partBytes: bytes })).toThrow(MalformedRequestError);
    }
    for (const limitBytes of [Number.NaN, -1, Number.POSITIVE_INFINITY]) {
      expect(() => largeValues(store, { prefix, limitBytes })).toThrow(MalformedRequestError);
    }
    for (const key of ['files/write/x', 'files/write/1', 'files/write/0000000000000001/alive/x']) {
      await cluster.value(store.put(key, filled(1, 1)));
    }
    expect(await cluster.value(files.removeAbandoned())).toBe(0);
  });
});
