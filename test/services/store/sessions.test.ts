import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode, encode } from '../../../src/services/store/codec.ts';
import { encodeCommand } from '../../../src/services/store/key-value/commands.ts';
import { createKeyValueMachine } from '../../../src/services/store/key-value/machine.ts';
import {
  defaultSessionLimits,
  encodeEntry,
  type Operation,
  type SessionLimits,
} from '../../../src/services/store/sessions/entries.ts';
import type { Fate } from '../../../src/services/store/sessions/fate.ts';
import { sessionWindow } from '../../../src/services/store/sessions/live.ts';
import { createSessionedMachine, type SessionedMachine } from '../../../src/services/store/sessions/machine.ts';
import { readPart } from '../../../src/services/store/sessions/parts.ts';
import type { StateMachine } from '../../../src/services/store/state-machine.ts';
import { slicedOf } from '../../../src/services/store/whole-state.ts';
import { partsOf, restore } from './parts.ts';

/** Writes down what it is asked to apply, and answers how much that is. */
function createRecorder(): StateMachine & { readonly applied: readonly number[] } {
  let applied: number[] = [];
  return {
    get applied() {
      return applied;
    },
    apply(command) {
      applied.push(Number(decode(command)));
      return { place: applied.length };
    },
    snapshot: () => encode(applied),
    restore(snapshot) {
      const restored: unknown = decode(snapshot);
      if (Array.isArray(restored)) applied = restored.map(Number);
    },
  };
}

/** All that a snapshot holds; sessions and kept results in their order, the machine's entries in that of their keys. */
function contentOf(machine: SessionedMachine): unknown {
  const parts = partsOf(machine).flatMap(readPart);
  const own = parts.flatMap((it) => (it.type === 'machine' ? [decode(it.part)] : []));
  const flat = own.flatMap((it) => (Array.isArray(it) ? it.slice(1) : []));
  const entries = Array.from({ length: flat.length / 3 }, (_, at) => flat.slice(3 * at, 3 * at + 3));
  return {
    head: parts.flatMap((it) => (it.type === 'head' ? [it.head] : [])),
    sessions: parts.flatMap((it) => (it.type === 'sessions' ? it.sessions : [])),
    keyed: parts.flatMap((it) => (it.type === 'keyed' ? it.keyed : [])),
    entries: entries.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
  };
}

/** Applies operations, one per entry. */
function feeding(machine: SessionedMachine, limits: Partial<SessionLimits> = {}) {
  let index = 0;
  const after = (elapsedMs: number, operation: Operation): readonly Fate[] => {
    index += 1;
    return machine.apply(encodeEntry([operation], { ...defaultSessionLimits, ...limits }, elapsedMs), index);
  };
  const feed = (...operations: Operation[]): readonly Fate[] => operations.flatMap((operation) => after(0, operation));
  return Object.assign(feed, { after });
}

const command = (session: number, sequence: number, lowestUnanswered: number, value = sequence): Operation => ({
  type: 'command',
  session,
  sequence,
  lowestUnanswered,
  command: encode(value),
});
const keyed = (key: string, value: number): Operation => ({ type: 'keyed', key, command: encode(value) });
const register: Operation = { type: 'register' };

test('a state machine hears whose request it is, where that has a session', () => {
  const owners: (number | undefined)[] = [];
  const machine = createSessionedMachine(
    slicedOf({ ...createRecorder(), apply: (_command, { session }) => owners.push(session) }),
  );
  feeding(machine)(register, command(1, 1, 1), keyed('a', 1), register, command(4, 1, 1));
  expect(owners).toEqual([1, undefined, 4]);
});

describe('a session', () => {
  test('gives a repeated request its first result, and applies it once', () => {
    const recorder = createRecorder();
    const feed = feeding(createSessionedMachine(slicedOf(recorder)));
    feed(register);
    const [first] = feed(command(1, 1, 1));
    feed(command(1, 2, 1));
    expect(feed(command(1, 1, 1))).toEqual([first]);
    expect(first).toEqual({ type: 'applied', result: { place: 1 } });
    expect(recorder.applied).toEqual([1, 2]);
  });

  test('frees the results that its client says it has, and applies no straggler of them', () => {
    const recorder = createRecorder();
    const machine = createSessionedMachine(slicedOf(recorder));
    const feed = feeding(machine);
    feed(register, command(1, 1, 1), command(1, 2, 1), command(1, 3, 1));
    expect(machine.keptResults).toBe(3);
    feed(command(1, 4, 4));
    expect(machine.keptResults).toBe(1);
    expect(feed(command(1, 2, 2))).toEqual([{ type: 'already-answered' }]);
    expect(recorder.applied).toEqual([1, 2, 3, 4]);
  });

  test('takes requests in any order, and none beyond its window', () => {
    const recorder = createRecorder();
    const feed = feeding(createSessionedMachine(slicedOf(recorder)));
    feed(register, command(1, 7, 1), command(1, 3, 1));
    expect(feed(command(1, 1 + sessionWindow, 1))).toEqual([{ type: 'beyond-window' }]);
    expect(feed(command(1, 1 + sessionWindow, 2))[0]?.type).toBe('applied');
    expect(recorder.applied).toEqual([7, 3, 1 + sessionWindow]);
  });

  test('in a full table lives on: one more is refused, however often', () => {
    const machine = createSessionedMachine(slicedOf(createRecorder()));
    const feed = feeding(machine);
    feed(register, command(1, 1, 1));
    for (let count = 0; count < 10_500; count += 1) feed(register);
    expect(machine.sessions).toBe(defaultSessionLimits.sessions);
    expect(feed(register)).toEqual([{ type: 'sessions-full' }]);
    expect(feed(command(1, 2, 1))[0]?.type).toBe('applied');
  });

  test('that its client closes makes room, and is never applied again', () => {
    const recorder = createRecorder();
    const machine = createSessionedMachine(slicedOf(recorder));
    const feed = feeding(machine, { sessions: 1 });
    feed(register, command(1, 1, 1, 10));
    expect(feed(register, { type: 'close', session: 1 }, register).map(({ type }) => type)).toEqual([
      'sessions-full',
      'closed',
      'registered',
    ]);
    expect(feed(command(1, 1, 1, 10), { type: 'close', session: 1 })).toEqual([
      { type: 'session-expired' },
      { type: 'closed' },
    ]);
    expect(machine.keptResults).toBe(0);
    expect(recorder.applied).toEqual([10]);
  });

  test('that was idle for long by the time of the log makes room, the least recently used first', () => {
    const machine = createSessionedMachine(slicedOf(createRecorder()));
    const feed = feeding(machine, { sessions: 2, idleMs: 1_000 });
    feed(register, register, command(1, 1, 1), command(2, 1, 1));
    feed.after(999, command(1, 2, 2));
    expect(feed(register)).toEqual([{ type: 'sessions-full' }]);
    // What leaders have measured, and nothing else, is time.
    expect(feed.after(1, register)).toMatchObject([{ type: 'registered' }]);
    expect(feed(command(2, 2, 2), command(1, 3, 3)).map(({ type }) => type)).toEqual(['session-expired', 'applied']);
  });

  test('that nobody needs the place of lives on, however long it is idle', () => {
    const feed = feeding(createSessionedMachine(slicedOf(createRecorder())), { idleMs: 1_000 });
    feed(register, command(1, 1, 1));
    expect(feed.after(1_000_000, command(1, 2, 2))[0]?.type).toBe('applied');
  });

  test('that was never used makes room much earlier', () => {
    const machine = createSessionedMachine(slicedOf(createRecorder()));
    const feed = feeding(machine, { sessions: 3, idleMs: 60_000 });
    feed(register, command(1, 1, 1), register, register);
    expect(feed.after(999, register)).toEqual([{ type: 'sessions-full' }]);
    expect(feed.after(1, register)).toMatchObject([{ type: 'registered' }]);
    expect(feed(command(1, 2, 2), command(3, 1, 1))[0]?.type).toBe('applied');
  });

  test('that keeps more than its share of all results gets no more through, and ends no other', () => {
    const machine = createSessionedMachine(slicedOf(createRecorder()));
    const feed = feeding(machine, { results: 4 });
    feed(register, register, command(1, 1, 1), command(1, 2, 1), command(1, 3, 1), command(2, 1, 1));
    expect(feed(command(1, 4, 1))).toEqual([{ type: 'beyond-window' }]);
    expect(feed(command(2, 2, 1))[0]?.type).toBe('applied');
    expect(feed(command(2, 3, 1))).toEqual([{ type: 'beyond-window' }]);
    expect(feed(command(1, 4, 4))[0]?.type).toBe('applied');
  });

  test('has the id that its registration gives it, and not that of another one', () => {
    const feed = feeding(createSessionedMachine(slicedOf(createRecorder())));
    expect(feed({ type: 'register', session: 77 })).toEqual([{ type: 'registered', session: 77 }]);
    expect(feed(command(77, 1, 1))).toEqual([{ type: 'applied', result: { place: 1 } }]);
    expect(feed({ type: 'register', session: 77 })).toEqual([{ type: 'sessions-full' }]);
    expect(feed(command(77, 1, 1))).toEqual([{ type: 'applied', result: { place: 1 } }]);
  });

  test('that an entry of version 2 registers is counted, as it was then', () => {
    const { sessions, results, keptKeyRequests, idleMs } = defaultSessionLimits;
    const machine = createSessionedMachine(slicedOf(createRecorder()));
    const ofVersion2 = encode([2, sessions, results, keptKeyRequests, [[0], [0]], idleMs, 0]);
    expect(machine.apply(ofVersion2, 1)).toEqual([
      { type: 'registered', session: 1 },
      { type: 'registered', session: 2 },
    ]);
  });

  test('of a log that an earlier version wrote ends as it did then', () => {
    const machine = createSessionedMachine(slicedOf(createRecorder()));
    let index = 0;
    const feed = (tuple: readonly unknown[], sessions = 2, results = 3) => {
      index += 1;
      return machine.apply(encode([1, sessions, results, 100, [tuple]]), index)[0]?.type;
    };
    feed([0]);
    feed([0]);
    feed([1, 1, 1, 1, encode(10)]);
    feed([0]);
    expect(machine.sessions).toBe(2);
    expect(feed([1, 2, 1, 1, encode(20)])).toBe('session-expired');
    feed([1, 1, 2, 1, encode(11)]);
    feed([1, 4, 1, 1, encode(12)]);
    feed([1, 4, 2, 1, encode(13)]);
    expect(feed([1, 1, 3, 1, encode(14)])).toBe('session-expired');
  });
});

test('nodes that restore a snapshot of an earlier version go on as those that have applied its log', () => {
  const [restored, replayed] = [0, 1].map(() => createSessionedMachine(slicedOf(createRecorder())));
  if (restored === undefined || replayed === undefined) return;
  for (let index = 1; index <= 2; index += 1) replayed.apply(encode([1, 2, 3, 100, [[0]]]), index);
  const sessions = [1, 2].map((id) => [id, 1, []]);
  restore(restored, [encode([1, 2, encode([]), sessions, []])]);
  const limits = { sessions: 2, idleMs: 60_000 };
  // Nobody has used these sessions, which a snapshot of then does not say.
  const fates = [restored, replayed].map((machine) => feeding(machine, limits).after(1_000, register));
  expect(fates[0]).toEqual(fates[1]);
  expect(contentOf(restored)).toEqual(contentOf(replayed));
});

test('what is restored takes the place of all that was there, results under idempotency keys too', () => {
  const [from, to] = ['a', 'b'].map((key) => {
    const machine = createSessionedMachine(slicedOf(createRecorder()));
    feeding(machine)(keyed(key, 1));
    return machine;
  });
  if (from === undefined || to === undefined) throw new Error('expected two machines');
  restore(to, partsOf(from));
  expect(contentOf(to)).toEqual(contentOf(from));
  expect(to.keptResults).toBe(1);
});

describe('an idempotency key', () => {
  test('gives a repeated request its first result', () => {
    const recorder = createRecorder();
    const feed = feeding(createSessionedMachine(slicedOf(recorder)));
    const [first, again] = feed(keyed('a', 1), keyed('a', 1));
    expect(again).toEqual(first);
    expect(recorder.applied).toEqual([1]);
  });

  test('is refused with another request', () => {
    const recorder = createRecorder();
    const feed = feeding(createSessionedMachine(slicedOf(recorder)));
    feed(keyed('a', 1));
    expect(feed(keyed('a', 2))).toEqual([{ type: 'key-reused' }]);
    expect(recorder.applied).toEqual([1]);
  });

  test('is kept for the stated number of further requests', () => {
    const recorder = createRecorder();
    const machine = createSessionedMachine(slicedOf(recorder));
    const feed = feeding(machine, { keptKeyRequests: 2 });
    feed(keyed('a', 1), keyed('b', 2), keyed('a', 1));
    expect(recorder.applied).toEqual([1, 2]);
    feed(keyed('a', 3));
    expect(recorder.applied).toEqual([1, 2, 3]);
    expect(machine.keptResults).toBe(2);
  });
});

test('an entry of another version is refused by name', () => {
  const machine = createSessionedMachine(slicedOf(createRecorder()));
  expect(() => machine.apply(encode([99, 1, 1, 1, []]), 1)).toThrow(/version: 99/);
  expect(() => machine.apply(new Uint8Array([0x92, 0x01]), 1)).toThrow(/MessagePack/);
  expect(() => restore(machine, [encode([99])])).toThrow(/another form/);
});

interface Attempt {
  readonly sequence: number;
  readonly lowestUnanswered: number;
}

/** Attempts at requests 1 to 12, in any order and number; a client never says more than it was answered. */
const attempts = fc.array(fc.record({ sequence: fc.integer({ min: 1, max: 12 }), frees: fc.boolean() }), {
  maxLength: 80,
});

/** Turns them into a legal client's: it frees only what has been answered. */
function legal(raw: readonly { sequence: number; frees: boolean }[]): Attempt[] {
  const answered = new Set<number>();
  let lowestUnanswered = 1;
  return raw.map(({ sequence, frees }) => {
    if (frees) while (answered.has(lowestUnanswered)) lowestUnanswered += 1;
    answered.add(sequence);
    return { sequence, lowestUnanswered: Math.min(lowestUnanswered, sequence) };
  });
}

test('whatever is repeated, however often and in whatever order, is applied once', () => {
  fc.assert(
    fc.property(attempts, (raw) => {
      const recorder = createRecorder();
      const feed = feeding(createSessionedMachine(slicedOf(recorder)));
      feed(register);
      const firstFates = new Map<number, Fate>();
      for (const { sequence, lowestUnanswered } of legal(raw)) {
        const [fate] = feed(command(1, sequence, lowestUnanswered));
        const first = firstFates.get(sequence);
        if (first === undefined && fate !== undefined) firstFates.set(sequence, fate);
        else if (fate?.type === 'applied') expect(fate).toEqual(first);
        else expect(fate?.type).toBe('already-answered');
      }
      expect(new Set(recorder.applied).size).toBe(recorder.applied.length);
      expect([...recorder.applied].sort()).toEqual([...firstFates.keys()].sort());
    }),
  );
});

const sessionIds = fc.integer({ min: 1, max: 6 });
const keys = fc.constantFrom('a', 'b', 'c');
const writes = fc.oneof(
  fc
    .record({ key: keys, value: fc.uint8Array({ maxLength: 4 }) })
    .map(({ key, value }) => encodeCommand({ type: 'put', key, value })),
  keys.map((key) => encodeCommand({ type: 'delete', key })),
);
const operations: fc.Arbitrary<Operation> = fc.oneof(
  fc.constant(register),
  sessionIds.map((session) => ({ type: 'close' as const, session })),
  fc
    .record({
      session: sessionIds,
      sequence: fc.integer({ min: 1, max: 9 }),
      back: fc.nat({ max: 8 }),
      command: writes,
    })
    .map(({ session, sequence, back, command: bytes }) => ({
      type: 'command' as const,
      session,
      sequence,
      lowestUnanswered: Math.max(1, sequence - back),
      command: bytes,
    })),
  fc.record({ key: keys, command: writes }).map((it) => ({ type: 'keyed' as const, ...it })),
);

test('a restored snapshot is equal, and goes on alike', () => {
  const limits = { sessions: 3, results: 5, keptKeyRequests: 4 };
  fc.assert(
    fc.property(fc.array(operations, { maxLength: 40 }), fc.array(operations, { maxLength: 40 }), (before, after) => {
      const original = createSessionedMachine(createKeyValueMachine());
      const feedOriginal = feeding(original, limits);
      feedOriginal(...before);
      const copy = createSessionedMachine(createKeyValueMachine());
      restore(copy, partsOf(original));
      expect(contentOf(copy)).toEqual(contentOf(original));
      expect(feeding(copy, limits)(...after)).toEqual(feedOriginal(...after));
      expect(contentOf(copy)).toEqual(contentOf(original));
      expect(copy.keptResults).toBe(original.keptResults);
    }),
  );
});

test('a view is the state at its moment, whatever is applied while it is read', () => {
  const limits = { sessions: 3, results: 5, keptKeyRequests: 4 };
  const later = fc.array(fc.oneof(operations, fc.constant('part' as const)), { maxLength: 80 });
  fc.assert(
    fc.property(fc.array(operations, { maxLength: 40 }), later, (before, after) => {
      const [seen, stopped] = [0, 1].map(() => createSessionedMachine(createKeyValueMachine()));
      if (seen === undefined || stopped === undefined) return;
      const feed = feeding(seen, limits);
      feed(...before);
      feeding(stopped, limits)(...before);
      // A view that nobody reads to its end leaves nothing behind.
      seen.view().next(1);
      const view = seen.view();
      const parts: Uint8Array[] = [];
      const take = (): boolean => {
        const part = view.next(16);
        if (part !== undefined) parts.push(part);
        return part !== undefined;
      };
      for (const step of after) {
        if (step === 'part') take();
        else feed(step);
      }
      while (take());
      const copy = createSessionedMachine(createKeyValueMachine());
      restore(copy, parts);
      expect(contentOf(copy)).toEqual(contentOf(stopped));
    }),
    { numRuns: 500 },
  );
});
