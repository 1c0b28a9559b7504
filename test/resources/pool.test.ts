import { expect, test } from 'vitest';
import { createPool, type Loan } from '../../src/resources/pool.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';

interface Connection {
  readonly number: number;
  isUsable: boolean;
  isDestroyed: boolean;
}

const create = (maxWaiting = 10) => {
  const clock = createVirtualClock();
  const made: Connection[] = [];
  const pool = createPool<Connection>({
    name: 'orders',
    clock,
    maxSessions: 2,
    reservedForControl: 1,
    maxWaiting,
    idleTimeoutMs: 1_000,
    async connect() {
      const connection = { number: made.length + 1, isUsable: true, isDestroyed: false };
      made.push(connection);
      return connection;
    },
    isUsable: (it) => it.isUsable,
    destroy(it) {
      it.isDestroyed = true;
    },
  });
  return { clock, made, pool };
};
const numberOf = (loan: Loan<Connection>): number => loan.connection.number;

test('lends the connection that served last, and makes one only when none is idle', async () => {
  const { pool, made } = create();
  const [first, second] = [await pool.acquire('session', 100), await pool.acquire('session', 100)];
  first.release();
  second.release();
  second.release();
  expect(numberOf(await pool.acquire('session', 100))).toBe(2);
  expect(numberOf(await pool.acquire('control', 100))).toBe(1);
  expect(made).toHaveLength(2);
});

test('closes each connection when it has been idle for its time, and no other', async () => {
  const { clock, pool, made } = create();
  const [first, second] = [await pool.acquire('session', 100), await pool.acquire('session', 100)];
  first.release();
  clock.advance(600);
  second.release();
  clock.advance(399);
  expect(made.map((it) => it.isDestroyed)).toEqual([false, false]);
  clock.advance(1);
  expect(made.map((it) => it.isDestroyed)).toEqual([true, false]);
  const again = await pool.acquire('session', 100);
  clock.advance(5_000);
  expect([numberOf(again), made[1]?.isDestroyed]).toEqual([2, false]);
  again.release();
  clock.advance(1_000);
  expect(pool.counts).toEqual({ open: 0, idle: 0, waiting: 0 });
});

test('does not lend what is not usable any more', async () => {
  const { pool, made } = create();
  (await pool.acquire('session', 100)).release();
  for (const each of made) each.isUsable = false;
  expect(numberOf(await pool.acquire('session', 100))).toBe(2);
  expect(made[0]?.isDestroyed).toBe(true);
});

test('keeps a connection for control, and serves those who wait in their order, control first', async () => {
  const { clock, pool } = create();
  const [first, second] = [await pool.acquire('session', 100), await pool.acquire('session', 100)];
  const control = await pool.acquire('control', 100);
  const served: string[] = [];
  const wait = (who: string, purpose: 'session' | 'control'): Promise<unknown> =>
    pool.acquire(purpose, 1_000).then((loan) => {
      served.push(who);
      loan.release();
    });
  const all = [wait('one', 'session'), wait('two', 'session'), wait('first of all', 'control')];
  const late = expect(pool.acquire('session', 50)).rejects.toMatchObject({ code: 'RESOURCE_BUSY' });
  clock.advance(50);
  await late;
  expect(pool.counts.waiting).toBe(3);
  first.release();
  control.release();
  second.release('discard');
  await Promise.all(all);
  expect(served).toEqual(['first of all', 'one', 'two']);
});

test('bounds how many wait, and refuses them all when it is closed', async () => {
  const { pool, made } = create(1);
  const lent = [await pool.acquire('session', 100), await pool.acquire('session', 100)];
  const waiting = expect(pool.acquire('session', 100)).rejects.toMatchObject({ code: 'RESOURCE_CLOSED' });
  await expect(pool.acquire('session', 100)).rejects.toMatchObject({ code: 'RESOURCE_BUSY' });
  pool.close();
  await waiting;
  for (const loan of lent) loan.release();
  expect(made.every((it) => it.isDestroyed)).toBe(true);
  await expect(pool.acquire('control', 100)).rejects.toMatchObject({ code: 'RESOURCE_CLOSED' });
});
