/** What a store makes of everything that can happen to a request in its log. */

import { beforeEach, describe, expect, test } from 'vitest';
import { createMemoryNetwork } from '../../../src/bus/memory.ts';
import { seededIds } from '../../../src/environment/ids.ts';
import { seededRandomness } from '../../../src/environment/random.ts';
import { NodeOverloadedError } from '../../../src/host/errors.ts';
import { createNode, type Node } from '../../../src/host/node.ts';
import { createMemoryStorage } from '../../../src/journal/memory.ts';
import { decode, encode } from '../../../src/services/store/codec.ts';
import {
  IdempotencyKeyReusedError,
  MalformedRequestError,
  NotHappenedError,
  OutcomeUnknownError,
  OverloadedError,
  SessionExpiredError,
  SessionsFullError,
  StoreClosedError,
  UnavailableError,
  ValueLimitError,
} from '../../../src/services/store/errors.ts';
import { readerOf } from '../../../src/services/store/log/memory/parts.ts';
import { createMemoryLog, type MemoryLog, type MemoryServer } from '../../../src/services/store/log/memory.ts';
import {
  type ReplicatedStore,
  type StoreLimits,
  startReplicatedStore,
} from '../../../src/services/store/replicated-store.ts';
import { defaultSessionLimits, encodeEntry } from '../../../src/services/store/sessions/entries.ts';
import { createSessionedMachine } from '../../../src/services/store/sessions/machine.ts';
import type { StateMachine } from '../../../src/services/store/state-machine.ts';
import { slicedOf } from '../../../src/services/store/whole-state.ts';
import { createVirtualClock, type VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { partsOf, restore } from './parts.ts';

/** Adds up what it is given, and answers the sum; 666 makes it throw. */
function createSummer(): StateMachine & { readonly sum: number } {
  let sum = 0;
  return {
    get sum() {
      return sum;
    },
    apply(command) {
      const number = Number(decode(command));
      if (number === 666) throw new Error('666 is no number');
      sum += number;
      return sum;
    },
    query(question) {
      if (question !== 'sum') throw new MalformedRequestError("expected the question 'sum'");
      return sum;
    },
    snapshot: () => encode(sum),
    restore(snapshot) {
      sum = Number(decode(snapshot));
    },
  };
}

/** A promise as seen from outside. */
interface Seen {
  value?: unknown;
  error?: unknown;
}

let clock: VirtualClock;
let log: MemoryLog;
let server: MemoryServer;
let machine: ReturnType<typeof createSummer>;
let node: Node;
let store: ReplicatedStore;

function start(limits: StoreLimits = {}): void {
  clock = createVirtualClock();
  log = createMemoryLog({ nodes: ['n1'] });
  server = log.server('n1');
  machine = createSummer();
  const randomness = seededRandomness(1);
  const environment = { clock, randomness, ids: seededIds(randomness.stream('ids')) };
  const storage = createMemoryStorage({ node: 'n1', clock, ids: environment.ids });
  node = createNode({ id: 'n1', bus: createMemoryNetwork({ clock }).join('n1'), journal: storage.open(), environment });
  store = startReplicatedStore({ node, machine, log: log.start, key: 'sum', environment, limits });
}
beforeEach(() => start());

const watch = (promise: Promise<unknown>): Seen => {
  const seen: Seen = {};
  promise.then(
    (value) => {
      seen.value = value;
    },
    (error: unknown) => {
      seen.error = error;
    },
  );
  return seen;
};
const pass = async (ms = 0): Promise<void> => {
  clock.advance(ms);
  for (let turn = 0; turn < 20; turn += 1) {
    await Promise.resolve();
    clock.advance(0);
  }
};
const placeAndCommit = (): void => {
  server.place();
  log.commit();
};
const lastIndex = (): number => log.committed.length;
const add = (number: number, deadlineMs?: number): Seen =>
  watch(store.execute(encode(number), deadlineMs === undefined ? {} : { deadlineMs }));

/** Gives the store its session. */
async function register(): Promise<void> {
  const first = add(0);
  await pass();
  placeAndCommit();
  await pass();
  placeAndCommit();
  await pass();
  expect(first).toEqual({ value: 0 });
}

describe('a command', () => {
  test('is answered with its result when it commits', async () => {
    await register();
    const seen = add(5);
    await pass();
    placeAndCommit();
    await pass();
    expect(seen).toEqual({ value: 5 });
  });

  test('shares a proposal and an entry with those that wait together', async () => {
    await register();
    const seen = [1, 2, 3].map((number) => add(number));
    await pass();
    expect(server.proposals.map(({ commands }) => commands.length)).toEqual([1]);
    placeAndCommit();
    await pass();
    expect(seen).toEqual([{ value: 1 }, { value: 3 }, { value: 6 }]);
  });

  test('whose entry lost its place to another leader is proposed again, and applied once', async () => {
    await register();
    const seen = add(5);
    await pass();
    server.place();
    log.commitForeign();
    await pass(1_000);
    expect(seen).toEqual({});
    placeAndCommit();
    await pass();
    expect(seen).toEqual({ value: 5 });
    expect(machine.sum).toBe(5);
  });

  test('is never answered with the result of another that committed in its place', async () => {
    await register();
    const seen = add(5);
    await pass();
    server.place();
    log.commitForeign(keyedEntry(70));
    await pass(1_000);
    expect(seen).toEqual({});
    placeAndCommit();
    await pass();
    expect(seen).toEqual({ value: 75 });
  });

  test('frees the results of those that were answered before it', async () => {
    await register();
    for (const number of [1, 2, 3, 4]) {
      add(number);
      await pass();
      placeAndCommit();
      await pass();
    }
    expect(store.status().keptResults).toBe(1);
  });

  test('that is repeated after a loss of leadership is applied once, if both copies commit', async () => {
    await register();
    const seen = add(5);
    await pass();
    server.place();
    server.lead(false);
    await pass();
    server.lead(true);
    // Sooner than a lost answer would be noticed: whoever leads no more says so.
    await pass(300);
    server.place();
    log.commit();
    expect(new Set(log.committed.slice(-2).map(({ token }) => token)).size).toBe(2);
    await pass();
    expect(seen).toEqual({ value: 5 });
    expect(machine.sum).toBe(5);
  });

  test('that was in the log when leadership was lost for good ends as unknown, at its deadline', async () => {
    await register();
    const seen = add(5, 3_000);
    await pass();
    server.place();
    server.lead(false);
    await pass(2_900);
    expect(seen).toEqual({});
    await pass(200);
    expect(seen.error).toBeInstanceOf(OutcomeUnknownError);
  });

  test('that no leader was found for did not happen', async () => {
    await register();
    server.lead(false);
    const seen = add(5, 3_000);
    await pass(3_100);
    expect(seen.error).toBeInstanceOf(UnavailableError);
    expect(seen.error).toBeInstanceOf(NotHappenedError);
    expect(server.proposals).toEqual([]);
  });

  test('that a snapshot covers is found out by repeating it', async () => {
    await register();
    const seen = add(5);
    await pass();
    const entries = server.place();
    const elsewhere = createSessionedMachine(slicedOf(createSummer()));
    for (const { command, index } of [...log.committed, ...entries]) {
      if (command !== undefined) elsewhere.apply(command, index);
    }
    const index = lastIndex() + entries.length;
    server.tell({ type: 'snapshotInstalled', index, snapshot: readerOf(partsOf(elsewhere), clock) });
    await pass(1_000);
    expect(seen).toEqual({});
    placeAndCommit();
    await pass();
    expect(seen).toEqual({ value: 5 });
    expect(machine.sum).toBe(5);
  });

  test('that the log refuses as too much did not happen', async () => {
    await register();
    const seen = add(5);
    await pass();
    server.refuse('overloaded');
    await pass();
    expect(seen.error).toBeInstanceOf(OverloadedError);
  });

  test('that its own node is too busy for did not happen', async () => {
    await register();
    server.failNext(new NodeOverloadedError('the disk is slow'));
    const seen = add(5);
    await pass();
    expect(seen.error).toBeInstanceOf(OverloadedError);
    expect(String(seen.error)).toContain('the disk is slow');
  });

  test('beyond the limit of waiting requests did not happen', async () => {
    start({ server: { waitingRequests: 2 } });
    await register();
    const seen = [1, 2, 3].map((number) => add(number));
    await pass();
    expect(seen.map(({ error }) => error instanceof OverloadedError)).toEqual([false, false, true]);
    placeAndCommit();
    await pass();
    expect(seen.slice(0, 2)).toEqual([{ value: 1 }, { value: 3 }]);
  });

  test('beyond the limit of requests under way did not happen', async () => {
    start({ router: { inFlight: 2 } });
    await register();
    const seen = [add(1), add(2), add(3)];
    await pass();
    expect(seen[2]?.error).toBeInstanceOf(OverloadedError);
  });

  test('that is too long, or has no time, is refused at once', async () => {
    start({ commandBytes: 4 });
    expect(await store.execute(new Uint8Array(5)).catch((error: unknown) => error)).toBeInstanceOf(ValueLimitError);
    expect(await store.execute(encode(1), { deadlineMs: 0 }).catch((error: unknown) => error)).toBeInstanceOf(
      MalformedRequestError,
    );
    expect(await store.execute(encode(1), { idempotencyKey: '' }).catch((error: unknown) => error)).toBeInstanceOf(
      MalformedRequestError,
    );
  });

  test('of a session that has expired meanwhile ends as unknown; the next one has a new session', async () => {
    start({ sessions: { sessions: 2 } });
    await register();
    log.commitForeign(encodeEntry([{ type: 'register' }], { ...defaultSessionLimits, sessions: 1, idleMs: 1 }, 1));
    const seen = add(5);
    await pass();
    placeAndCommit();
    await pass();
    expect(seen.error).toBeInstanceOf(SessionExpiredError);
    expect(seen.error).toBeInstanceOf(OutcomeUnknownError);
    expect(machine.sum).toBe(0);
    const next = add(7);
    await pass();
    placeAndCommit();
    await pass();
    placeAndCommit();
    await pass();
    expect(next).toEqual({ value: 7 });
  });
});

describe('a full table of sessions', () => {
  test('refuses a new one by name, at once, and to those who wait for it alone', async () => {
    start({ sessions: { sessions: 1 } });
    log.commitForeign(encodeEntry([{ type: 'register' }], { ...defaultSessionLimits, sessions: 1 }));
    const refused = [add(1), add(2)];
    await pass();
    placeAndCommit();
    await pass(50);
    for (const { error } of refused) expect(error).toBeInstanceOf(SessionsFullError);
    const keyed = watch(store.execute(encode(5), { idempotencyKey: 'a' }));
    await pass();
    placeAndCommit();
    await pass();
    expect(keyed).toEqual({ value: 5 });
  });

  test('has room again once its leader has measured that one is idle', async () => {
    start({ sessions: { sessions: 1, idleMs: 60_000 } });
    log.commitForeign(encodeEntry([{ type: 'register' }], { ...defaultSessionLimits, sessions: 1, idleMs: 60_000 }));
    const early = add(1);
    await pass();
    placeAndCommit();
    await pass(1_000);
    expect(early.error).toBeInstanceOf(SessionsFullError);
    const late = add(2);
    await pass();
    placeAndCommit();
    await pass();
    placeAndCommit();
    await pass();
    expect(late).toEqual({ value: 2 });
  });
});

describe('an idempotency key', () => {
  const named = (number: number, idempotencyKey: string): Seen =>
    watch(store.execute(encode(number), { idempotencyKey }));

  test('makes a repeated command answer as the first time', async () => {
    const seen = [named(5, 'a'), named(5, 'a')];
    await pass();
    placeAndCommit();
    await pass();
    expect(seen).toEqual([{ value: 5 }, { value: 5 }]);
    expect(machine.sum).toBe(5);
  });

  test('is refused by name with another command', async () => {
    const seen = [named(5, 'a'), named(6, 'a')];
    await pass();
    placeAndCommit();
    await pass();
    expect(seen[1]?.error).toBeInstanceOf(IdempotencyKeyReusedError);
    expect(machine.sum).toBe(5);
  });
});

describe('a question', () => {
  test('is answered once everything up to its index is applied', async () => {
    await register();
    const write = add(5);
    await pass();
    server.place();
    const seen = watch(store.query('sum'));
    await pass();
    server.tell({ type: 'readable', id: server.reads[0] ?? 0, index: lastIndex() + 1 });
    await pass();
    expect(seen).toEqual({});
    log.commit();
    await pass();
    expect([seen, write]).toEqual([{ value: 5 }, { value: 5 }]);
  });

  test('shares its round with those that wait together', async () => {
    const seen = [watch(store.query('sum')), watch(store.query('sum'))];
    await pass();
    expect(server.reads).toHaveLength(1);
    server.answerRead();
    await pass();
    expect(seen).toEqual([{ value: 0 }, { value: 0 }]);
  });

  test('is asked again while the leader is not ready', async () => {
    const seen = watch(store.query('sum'));
    await pass();
    server.refuse('not-ready');
    await pass(500);
    expect(server.reads).toHaveLength(1);
    server.answerRead();
    await pass();
    expect(seen).toEqual({ value: 0 });
  });

  test('is answered at once from what is here, when that may be stale', async () => {
    log.commitForeign();
    server.lead(false);
    const seen = watch(store.query('sum', { consistency: 'stale' }));
    await pass();
    expect(seen).toEqual({ value: 0 });
    expect(server.reads).toEqual([]);
  });

  test('that the state machine does not understand is refused', async () => {
    log.commitForeign();
    const seen = watch(store.query('product', { consistency: 'stale' }));
    await pass();
    expect(seen.error).toBeInstanceOf(MalformedRequestError);
    expect(String(seen.error)).toContain("expected the question 'sum'");
  });

  test('without a leader ends at its deadline, and never as unknown', async () => {
    const seen = watch(store.query('sum', { deadlineMs: 1_000 }));
    await pass(1_100);
    expect(seen.error).toBeInstanceOf(UnavailableError);
  });
});

describe('a log that asks for a snapshot', () => {
  test('gets the state as of what is applied', async () => {
    await register();
    server.tell({ type: 'snapshotDue', logSizeBytes: 0 });
    const index = lastIndex();
    await pass();
    expect(server.snapshots.map((it) => it.index)).toEqual([index]);
    const copy = createSessionedMachine(slicedOf(createSummer()));
    restore(copy, server.snapshots[0]?.parts ?? []);
    expect(copy.sessions).toBe(1);
  });

  test('gets it later when the node is too busy', async () => {
    await register();
    server.failNext(new NodeOverloadedError('the disk is slow'));
    server.tell({ type: 'snapshotDue', logSizeBytes: 0 });
    await pass();
    expect(server.snapshots).toEqual([]);
    const seen = add(3);
    await pass();
    placeAndCommit();
    await pass();
    expect(seen).toEqual({ value: 3 });
    expect(server.snapshots).toHaveLength(1);
  });
});

describe('a store', () => {
  test('skips entries that it has applied', async () => {
    await register();
    const seen = add(5);
    await pass();
    const entries = server.place();
    log.commit();
    server.tell({ type: 'committed', entries });
    await pass();
    expect(seen).toEqual({ value: 5 });
    expect(machine.sum).toBe(5);
    expect(store.status()).toMatchObject({ appliedIndex: lastIndex(), waiting: 0, inFlight: 0 });
  });

  test.each<[string, () => void]>([
    ['whose state machine throws', () => void log.commitForeign(keyedEntry(666))],
    ['whose log has an entry that is none', () => void log.commitForeign(new Uint8Array([7]))],
    [
      'whose log has a gap',
      () => server.tell({ type: 'committed', entries: [{ index: 9, token: 1, command: undefined }] }),
    ],
  ])('%s fails, and stops its node', async (_name, happen) => {
    const failures: unknown[] = [];
    store.failure.subscribe((error) => failures.push(error));
    const seen = add(5);
    happen();
    await pass();
    expect(failures).toHaveLength(1);
    expect(node.isRunning).toBe(false);
    expect(seen.error).toBe(failures[0]);
    await expect(store.execute(encode(1))).rejects.toBe(failures[0]);
  });

  test('that is closed ends what is under way, and takes no more', async () => {
    await register();
    const sent = add(1);
    await pass();
    const unsent = add(2);
    store.close();
    await pass();
    expect(sent.error).toBeInstanceOf(OutcomeUnknownError);
    expect(unsent.error).toBeInstanceOf(StoreClosedError);
    await expect(store.query('sum')).rejects.toBeInstanceOf(StoreClosedError);
  });

  test('refuses limits that make no sense', () => {
    expect(() => start({ sessions: { sessions: 0 } })).toThrow(/limit 'sessions'/);
  });
});

const keyedEntry = (number: number): Uint8Array =>
  encodeEntry([{ type: 'keyed', key: 'k', command: encode(number) }], defaultSessionLimits);
