import { afterAll, beforeAll, describe } from 'vitest';
import { hasNats, startNats, type TestNats } from '../fixtures/nats.ts';
import { busConformance } from './conformance.ts';
import { startNatsCluster } from './nats-cluster.ts';

describe.skipIf(!hasNats)('with a NATS server', () => {
  let server: TestNats;
  beforeAll(async () => {
    server = await startNats();
  });
  afterAll(() => server.kill());

  busConformance('NATS', ({ nodes, queueLimit = 16_384 }) =>
    startNatsCluster(server.url, nodes, { limits: { queueLimit } }),
  );
});
