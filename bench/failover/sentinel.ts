/** Redis Sentinel over a trio of its own: what failover is compared with. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RedisOptions } from 'ioredis';
import { eventually, freePort, Processes, startServers } from '../../examples/failover-trio.ts';
import type { System } from './rounds.ts';

const name = 'orders';

/** Starts three servers, of which two follow the first, and three Sentinels that miss one after `downAfterMs`. */
export async function startSentinel(downAfterMs: number): Promise<System> {
  const processes = new Processes();
  const servers = await startServers(processes, ['s1', 's2', 's3'], (index, ports) =>
    index === 0 ? [] : [`replicaof 127.0.0.1 ${ports[0]}`],
  );
  const sentinels: { host: string; port: number }[] = [];
  for (const id of ['sentinel-1', 'sentinel-2', 'sentinel-3']) {
    const port = await freePort();
    const directory = join(processes.directory, id);
    mkdirSync(directory);
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${directory}`,
      `sentinel monitor ${name} 127.0.0.1 ${servers[0]?.port} 2`,
      `sentinel down-after-milliseconds ${name} ${downAfterMs}`,
      `sentinel failover-timeout ${name} 10000`,
    ];
    writeFileSync(join(directory, 'sentinel.conf'), `${lines.join('\n')}\n`);
    processes.start(id, 'redis-sentinel', [join(directory, 'sentinel.conf')]);
    sentinels.push({ host: '127.0.0.1', port });
  }
  const options: RedisOptions = { sentinels, name, sentinelRetryStrategy: () => null };
  const { Redis } = await import('ioredis');
  const asking = new Redis({ ...sentinels[0], lazyConnect: true, enableReadyCheck: false, commandTimeout: 1_000 });
  asking.on('error', () => undefined);
  await eventually('the Sentinels to know each other', async () => {
    const known = await asking.call('SENTINEL', 'MASTER', name);
    const fields = Array.isArray(known) ? known.map(String) : [];
    const fieldOf = (field: string): string | undefined => fields[fields.indexOf(field) + 1];
    return fieldOf('num-other-sentinels') === '2' && fieldOf('num-slaves') === '2' ? true : undefined;
  });
  return {
    name: `Sentinel, down after ${downAfterMs} ms`,
    servers,
    options,
    async primary() {
      const address = await asking.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name);
      const port = Array.isArray(address) ? Number(address[1]) : undefined;
      return servers.find((server) => server.port === port);
    },
    async end() {
      asking.disconnect();
      for (const { client } of servers) client.disconnect();
      await processes.end();
    },
  };
}
