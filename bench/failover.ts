/** Failover of real servers on loopback, under write load; what is measured, and how, stands in the file of each kind. */

const kinds: Readonly<Record<string, () => Promise<unknown>>> = {
  redis: () => import('./failover/redis.ts'),
  postgres: () => import('./failover/postgres.ts'),
};
const [, , kind = 'redis'] = process.argv;
const measure = kinds[kind];
if (measure === undefined) {
  console.error(`expected one of ${Object.keys(kinds).join(', ')}, not '${kind}'`);
  process.exit(2);
}
await measure();
