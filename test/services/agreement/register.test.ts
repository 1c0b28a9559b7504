import { describe, expect, test } from 'vitest';
import { integerBelow, pick, seededRandomness } from '../../../src/environment/random.ts';
import { casRegister, checkHistory, createHistoryRecorder, readHistory } from '../../../src/history.ts';
import {
  AcceptorsDifferError,
  agree,
  DecisionKeyError,
  DecisionValueLimitError,
  type Json,
  openRegister,
  type Register,
  type RegisterOptions,
  RegisterOverloadedError,
  RegisterUnchangedError,
  RegisterUnknownError,
  registerWaitingLimit,
} from '../../../src/services/agreement.ts';
import { AcceptorsError } from '../../../statecharts/paxos.ts';
import { type Cluster, createCluster } from './cluster.ts';

const acceptors = ['n1', 'n2', 'n3'];
const opened = (cluster: Cluster, id: string, more: Partial<RegisterOptions> = {}): Register =>
  openRegister(cluster.node(id), { key: 'count', acceptors, clock: cluster.clock, ...more });
const increment = (current: Json): Json => Number(current) + 1;
const errorOf = (cluster: Cluster, call: Promise<unknown>): Promise<unknown> =>
  cluster.value(call.catch((thrown: unknown) => thrown));
const tagOf = (cluster: Cluster, id: string): unknown =>
  cluster.node(id).peek(`${id}/paxos.register/register/count`)?.state.snapshot.value;

describe('a register', () => {
  test('holds null at first, and afterwards what it was changed to, on every node', async () => {
    const cluster = createCluster();
    expect(await cluster.value(opened(cluster, 'n1').read())).toBeNull();
    expect(await cluster.value(opened(cluster, 'n1').change(() => ({ at: [1, 'two'] })))).toEqual({ at: [1, 'two'] });
    for (const id of acceptors) expect(await cluster.value(opened(cluster, id).read())).toEqual({ at: [1, 'two'] });
  });

  test('compares with the value that it holds, whatever the order of names, and sets it or not', async () => {
    const cluster = createCluster();
    const [one, other] = [opened(cluster, 'n1'), opened(cluster, 'n2')];
    expect(await cluster.value(one.compareAndSet(null, { a: 1, b: 2 }))).toBe(true);
    expect(await cluster.value(other.compareAndSet(null, 'late'))).toBe(false);
    expect(await cluster.value(other.compareAndSet({ b: 2, a: 1 }, 'next'))).toBe(true);
    expect(await cluster.value(one.read())).toBe('next');
  });

  test('makes the changes of one node one after the other, in their order, through however many handles', async () => {
    const cluster = createCluster();
    const [one, other] = [opened(cluster, 'n1'), opened(cluster, 'n1')];
    const changes = [one, other, one, other].map((it) => it.change(increment));
    expect(await cluster.value(Promise.all(changes))).toEqual([1, 2, 3, 4]);
  });

  test('keeps its value and uses no ballot again after all nodes have crashed', async () => {
    const cluster = createCluster();
    await cluster.value(opened(cluster, 'n1').change(increment));
    for (const id of acceptors) cluster.crash(id);
    for (const id of acceptors) cluster.restart(id);
    expect(await cluster.value(opened(cluster, 'n1').change(increment))).toBe(2);
    expect(await cluster.value(opened(cluster, 'n3').read())).toBe(2);
  });

  test('needs a majority of the acceptors, and no more', async () => {
    const cluster = createCluster();
    cluster.crash('n3');
    expect(await cluster.value(opened(cluster, 'n1').change(increment))).toBe(1);
  });

  test('has nothing to do with a decision of the same key, nor with other keys', async () => {
    const cluster = createCluster();
    await cluster.value(agree(cluster.node('n1'), { key: 'count', value: 'v', acceptors, clock: cluster.clock }));
    expect(await cluster.value(opened(cluster, 'n2').change(increment))).toBe(1);
    expect(await cluster.value(opened(cluster, 'n2', { key: 'other' }).read())).toBeNull();
  });

  test('takes a value of the limit, and refuses a larger one, which changes nothing', async () => {
    const cluster = createCluster();
    const small = opened(cluster, 'n1', { valueLimitBytes: 5 });
    expect(await cluster.value(small.change(() => 'abc'))).toBe('abc');
    expect(
      await errorOf(
        cluster,
        small.change(() => 'abcd'),
      ),
    ).toBeInstanceOf(DecisionValueLimitError);
    expect(await errorOf(cluster, small.compareAndSet('abc', 'abcd'))).toBeInstanceOf(DecisionValueLimitError);
    expect(await cluster.value(small.read())).toBe('abc');
  });

  test('stays as it was when the function throws, and goes on', async () => {
    const cluster = createCluster();
    const register = opened(cluster, 'n1');
    const refused = new Error('no');
    const thrown = register.change(() => {
      throw refused;
    });
    const next = register.change(increment);
    expect(await errorOf(cluster, thrown)).toBe(refused);
    expect(await cluster.value(next)).toBe(1);
  });

  test('refuses other acceptors than its own, by name', async () => {
    const cluster = createCluster();
    await cluster.value(opened(cluster, 'n1').change(increment));
    const error = await errorOf(cluster, opened(cluster, 'n2', { acceptors: ['n1', 'n2'] }).change(increment));
    expect(error).toBeInstanceOf(AcceptorsDifferError);
    expect(error).toMatchObject({ acceptors });
    expect(await cluster.value(opened(cluster, 'n2').read())).toBe(1);
  });

  test.each<[string, Partial<RegisterOptions>, abstract new (...args: never[]) => Error]>([
    ['no acceptors', { acceptors: [] }, AcceptorsError],
    ['quorums that need not meet', { quorums: { phase1Size: 1, phase2Size: 2 } }, AcceptorsError],
    ['an empty key', { key: '' }, DecisionKeyError],
  ])('is not opened with %s', (_what, wrong, kind) => {
    const cluster = createCluster();
    expect(() => opened(cluster, 'n1', wrong)).toThrow(kind);
  });
});

describe('a change that does not come to its end', () => {
  test('has not happened where its deadline passes before its value has left, and is given up', async () => {
    const cluster = createCluster();
    cluster.crash('n2');
    cluster.crash('n3');
    const calls = [increment, increment].map((compute) => opened(cluster, 'n1', { deadlineMs: 700 }).change(compute));
    for (const call of calls) expect(await errorOf(cluster, call)).toBeInstanceOf(RegisterUnchangedError);
    expect(cluster.clock.nowMs()).toBeCloseTo(700, -1);
    expect(tagOf(cluster, 'n1')).toBe('idle');
    cluster.restart('n2');
    expect(await cluster.value(opened(cluster, 'n1').change(increment))).toBe(1);
  });

  test('is unknown where its deadline passes afterwards; here it has happened', async () => {
    const cluster = createCluster();
    const call = opened(cluster, 'n1', { deadlineMs: 700 }).change((current) => {
      for (const id of ['n2', 'n3']) cluster.cut(id, 'n1');
      return increment(current);
    });
    expect(await errorOf(cluster, call)).toBeInstanceOf(RegisterUnknownError);
    cluster.heal();
    expect(await cluster.value(opened(cluster, 'n2').read())).toBe(1);
  });

  test('is unknown where another one came between, and its function is called once', async () => {
    const cluster = createCluster();
    let calls = 0;
    let between: Promise<Json> | undefined;
    const call = opened(cluster, 'n1').change((current) => {
      calls += 1;
      // What it sends comes late: n2 prepares a later ballot, and has its own value accepted.
      for (const id of acceptors) cluster.cut('n1', id);
      between = opened(cluster, 'n2', { acceptors }).change(() => 'between');
      return increment(current);
    });
    cluster.clock.runUntil(() => between !== undefined, 1_000);
    expect(await cluster.value(Promise.resolve(between))).toBe('between');
    cluster.heal();
    const error = await errorOf(cluster, call);
    expect(error).toBeInstanceOf(RegisterUnknownError);
    expect(error).toMatchObject({ code: 'REGISTER_UNKNOWN' });
    expect(calls).toBe(1);
    expect(await cluster.value(opened(cluster, 'n1').read())).toBe('between');
  });

  test.each<[string, (register: Register) => Promise<Json>]>([
    ['a read', (it) => it.read()],
    ['a change to the same', (it) => it.change((current) => current)],
    ['a comparison that fails', async (it) => ((await it.compareAndSet('other', 'next')) ? 'next' : null)],
  ])('that one acceptor alone has is over once %s has missed it, and never comes back', async (_, ask) => {
    const cluster = createCluster();
    const call = opened(cluster, 'n1').change((current) => {
      for (const id of ['n2', 'n3']) {
        cluster.cut('n1', id);
        cluster.cut(id, 'n1');
      }
      return increment(current);
    });
    expect(await errorOf(cluster, call)).toBeInstanceOf(RegisterUnknownError);
    expect(await cluster.value(ask(opened(cluster, 'n2')))).toBe(null);
    cluster.heal();
    cluster.crash('n3');
    expect(await cluster.value(opened(cluster, 'n2').read())).toBe(null);
    expect(await cluster.value(opened(cluster, 'n1').read())).toBe(null);
  });

  test('is repeated where it only reads, because that does no harm', async () => {
    const cluster = createCluster();
    const readers = acceptors.map((id) => opened(cluster, id));
    const reads = Array.from({ length: 5 }, () => readers.map((it) => it.read())).flat();
    expect(new Set(await cluster.value(Promise.all(reads)))).toEqual(new Set([null]));
  });

  test('is not waited for when the node stops', async () => {
    const cluster = createCluster();
    cluster.crash('n2');
    cluster.crash('n3');
    const calls = [increment, increment].map((compute) => opened(cluster, 'n1').change(compute));
    cluster.clock.advance(50);
    void cluster.node('n1').stop();
    for (const call of calls) expect(await errorOf(cluster, call)).toBeInstanceOf(RegisterUnchangedError);
    expect(cluster.clock.nowMs()).toBeLessThan(1_000);
  });

  test('is refused where too many wait', async () => {
    const cluster = createCluster();
    const register = opened(cluster, 'n1', { deadlineMs: 60_000 });
    // One is under way, beside those that wait.
    const calls = Array.from({ length: registerWaitingLimit + 1 }, () => register.change(increment));
    expect(await errorOf(cluster, register.read())).toBeInstanceOf(RegisterOverloadedError);
    expect((await cluster.value(Promise.all(calls))).at(-1)).toBe(registerWaitingLimit + 1);
  });
});

describe('concurrent changes', () => {
  const model = casRegister();
  const seeds = Array.from({ length: 30 }, (_, seed) => seed + 1);

  /** Clients at all nodes call at random, while nodes crash and links lose what is sent. */
  async function historyOf(seed: number): Promise<{ readonly lines: readonly string[]; readonly answered: number }> {
    const cluster = createCluster(seed);
    const random = seededRandomness(seed).stream('clients');
    const recorder = createHistoryRecorder({ clock: cluster.clock });
    let isOver = false;
    let answered = 0;
    const pause = (ms: number): Promise<void> =>
      new Promise((resolve) => void cluster.clock.setTimeout(() => resolve(), ms));

    const call = async (process: string, id: string): Promise<void> => {
      const f = pick(random, ['read', 'write', 'cas', 'cas'] as const) ?? 'read';
      const [expected, next] = [integerBelow(random, 3), integerBelow(random, 3)];
      const value = f === 'read' ? undefined : f === 'write' ? next : [expected, next];
      const recorded = recorder.invoke(process, { f, ...(value !== undefined && { value }) });
      try {
        const register = opened(cluster, id, { deadlineMs: 400 });
        if (f === 'read') recorded.ok(await register.read());
        else if (f === 'cas') recorded.ok(await register.compareAndSet(expected, next));
        else {
          await register.change(() => next);
          recorded.ok();
        }
        answered += 1;
      } catch (error) {
        if (error instanceof RegisterUnknownError) recorded.info();
        else if (error instanceof RegisterUnchangedError) recorded.fail();
        else throw error;
      }
    };
    const client = async (id: string, name: string): Promise<void> => {
      for (let index = 0; index < 25; index += 1) {
        await pause(integerBelow(random, 60));
        if (cluster.isAlive(id)) await call(`${id}/${name}/${index}`, id);
      }
    };
    const nemesis = async (): Promise<void> => {
      while (!isOver) {
        const [from = '', to = ''] = [pick(random, acceptors), pick(random, acceptors)];
        if (random.next() < 0.5) cluster.cut(from, to);
        else if (acceptors.every((id) => cluster.isAlive(id))) cluster.crash(from);
        await pause(integerBelow(random, 200));
        cluster.heal();
        for (const id of acceptors) if (!cluster.isAlive(id)) cluster.restart(id);
        await pause(integerBelow(random, 100));
      }
    };
    const faults = nemesis();
    await cluster.value(Promise.all(acceptors.flatMap((id) => [client(id, 'a'), client(id, 'b')])));
    isOver = true;
    await cluster.value(faults);
    return { lines: recorder.lines(), answered };
  }

  test.each(seeds)('are linearizable, with crashes and lost messages (seed %i)', async (seed) => {
    const { lines, answered } = await historyOf(seed);
    const clock = createCluster().clock;
    expect(checkHistory(readHistory(lines, model), model, { clock }).verdict).toBe('linearizable');
    expect(answered).toBeGreaterThan(20);
  });

  test.each(seeds)(
    'are each made once, where they are answered, and at most once otherwise (seed %i)',
    async (seed) => {
      const cluster = createCluster(seed);
      const changes = acceptors.flatMap((id) =>
        Array.from({ length: 10 }, () => opened(cluster, id, { deadlineMs: 60_000 }).change(increment)),
      );
      const outcomes = await cluster.value(Promise.allSettled(changes));
      const values = outcomes.flatMap((it) => (it.status === 'fulfilled' ? [it.value] : []));
      const total = Number(await cluster.value(opened(cluster, 'n1').read()));
      expect(new Set(values).size).toBe(values.length);
      expect(total).toBeGreaterThanOrEqual(values.length);
      expect(total).toBeLessThanOrEqual(outcomes.length);
      expect(values.length).toBeGreaterThan(0);
    },
  );
});
