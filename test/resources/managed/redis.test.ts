import { describe, test } from 'vitest';
import { hasRedis, startRedisGroup } from '../../fixtures/redis.ts';
import { conformsAsManagedServer } from './conformance.ts';

if (hasRedis) {
  conformsAsManagedServer(
    'a Redis server',
    async () => {
      const { at, reach, close } = await startRedisGroup();
      return {
        servers: ['r1', 'r2', 'r3'],
        reach,
        write: (server, value) =>
          at(server)
            .client.sadd('values', value)
            .then(
              () => true,
              () => false,
            ),
        holds: async (server, value) => (await at(server).client.sismember('values', value)) === 1,
        pause: async (server) => at(server).pause(),
        resume: async (server) => at(server).resume(),
        crash: (server) => at(server).kill(),
        restart: (server) => at(server).start(),
        close,
      };
    },
    { isDurable: false, comesBackAs: 'fenced' },
  );
} else {
  console.warn('Redis is not installed here: its tests are skipped. Install the package redis-server to run them.');
  describe('a Redis server as a managed server', () => {
    test.skip('needs redis-server on the path', () => undefined);
  });
}
