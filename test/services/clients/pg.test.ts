import { Subject } from 'rxjs';
import { expect, onTestFinished, test } from 'vitest';
import { OutcomeUnknownError } from '../../../src/services/clients/errors.ts';
import { followPostgres } from '../../../src/services/clients/pg.ts';
import type { Topology } from '../../../statecharts/failover.ts';
import { startPostgres } from '../../fixtures/postgres.ts';
import { until } from '../../fixtures/until.ts';
import { standing } from '../proxy/lab.ts';

test('a pool that follows ends what is under way as the epoch changes, and goes on at the primary', async () => {
  const server = await startPostgres();
  onTestFinished(() => server.remove());
  const { port, username, password } = new URL(server.url());
  const topology = new Subject<Topology>();
  const following = followPostgres({
    topology,
    pool: { user: username, password: decodeURIComponent(password), database: 'postgres' },
  });
  onTestFinished(() => following.close());
  const primary = { server: 'p1', host: '127.0.0.1', port: Number(port) };
  topology.next(standing(1, { primary }));
  const asleep = following.run((pool) => pool.query('select pg_sleep(600)'));
  const heard = expect(asleep).rejects.toThrow(OutcomeUnknownError);
  const sleepers = async () =>
    (await server.query("select 1 from pg_stat_activity where query = 'select pg_sleep(600)'")).length;
  await until('the query to be under way', async () => ((await sleepers()) === 1 ? true : undefined));
  topology.next(standing(2, { primary, mark: { epoch: 2, version: 1 } }));
  await heard;
  const { rows } = await following.run((pool) => pool.query('select 1 as one'));
  expect(rows).toEqual([{ one: 1 }]);
});
