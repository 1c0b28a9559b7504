import { afterAll, beforeAll, describe, vi } from 'vitest';
import { systemClock } from '../../../src/environment/clock.ts';
import { localHost, postgresServer } from '../../../src/resources/managed/postgres.ts';
import { postgresBinaries, startPostgresGroup } from '../../fixtures/postgres-group.ts';
import { conformsAsManagedServer } from './conformance.ts';

if (postgresBinaries === undefined) {
  console.warn('No PostgreSQL with pg_rewind is installed in /usr/lib/postgresql: steering it is not tested');
}

describe.skipIf(postgresBinaries === undefined)('with an installed PostgreSQL', () => {
  // Servers are started, rewound and started again, which is a matter of seconds, or of many on a busy machine.
  beforeAll(() => vi.setConfig({ testTimeout: 600_000 }));
  afterAll(() => vi.resetConfig());

  conformsAsManagedServer(
    'PostgreSQL',
    async () => {
      const servers = ['p1', 'p2', 'p3'] as const;
      const group = await startPostgresGroup(servers);
      return {
        servers,
        reach: (server) =>
          postgresServer({
            group: 'orders',
            server,
            servers: group.urls,
            host: localHost({ data: group.dataOf(server), binaries: group.binaries, clock: systemClock() }),
          }),
        async write(server, value) {
          try {
            await group.query(server, 'create table if not exists items (value text primary key)');
            await group.query(server, 'insert into items values ($1)', [value]);
            return true;
          } catch {
            return false;
          }
        },
        async holds(server, value) {
          const rows = await group.query(server, "select to_regclass('items') is not null as present");
          if (rows[0]?.present !== true) return false;
          return (await group.query(server, 'select from items where value = $1', [value])).length === 1;
        },
        pause: async (server) => group.pause(server),
        resume: async (server) => group.resume(server),
        crash: (server) => group.crash(server),
        restart: (server) => group.restart(server),
        close: () => group.remove(),
      };
    },
    { isDurable: true, comesBackAs: 'fenced' },
  );
});
