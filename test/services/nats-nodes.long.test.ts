/** Whole nodes that reach each other over a NATS server: what replicates, goes on when a leader or the server is gone for a while. */

import { describe, expect, onTestFinished, test } from 'vitest';
import { logProtocolNames } from '../../src/services/store/log/protocol-names.ts';
import { hasNats, startNats } from '../fixtures/nats.ts';
import { until } from '../fixtures/until.ts';
import { createNodeLab, get, put } from './kv-nodes.ts';

describe.skipIf(!hasNats)('three nodes over NATS', () => {
  test.each(logProtocolNames)(
    'that replicate by %s keep what they acknowledged when the leader stops, and when the server was gone',
    async (protocol) => {
      const server = await startNats();
      onTestFinished(() => server.kill());
      const lab = await createNodeLab(undefined, { protocol, nats: server.url });
      const ids = ['n1', 'n2', 'n3'];
      await Promise.all(ids.map((id) => lab.start(id)));
      const written = async (key: string): Promise<void> => {
        // A leader may have just gone: then the request is refused, or its outcome unknown, and it is made again.
        await until(`${key} to be written`, async () => {
          const leader = await lab.leader();
          return (await put(leader, key, 'x')) === 200 || undefined;
        });
      };
      await written('first');

      const stopped = (await lab.leader()).node.id;
      await lab.stop(stopped);
      await written('second');
      await lab.start(stopped);
      await written('third');

      await server.kill();
      await server.start();
      await written('fourth');
      for (const key of ['first', 'second', 'third', 'fourth']) {
        for (const id of ids) {
          await until(`${key} on ${id}`, async () => ((await get(lab.node(id), key)) === 'x' ? true : undefined));
        }
      }
      expect(await get(lab.node('n1'), 'fifth')).toBeUndefined();
    },
    600_000,
  );

  test('need a secret, and say so', async () => {
    const lab = await createNodeLab(['n1'], { nats: 'nats://127.0.0.1:1' });
    const { secret: _, ...options } = lab.optionsOf('n1');
    const { startKeyValueNode } = await import('../../src/services/kv-node.ts');
    await expect(startKeyValueNode(options)).rejects.toMatchObject({ code: 'BUS_OPTIONS' });
  });
});
