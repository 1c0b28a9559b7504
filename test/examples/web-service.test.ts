/** The examples of web services: one behaviour, whichever framework serves it. */

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import * as byFastify from '../../examples/web-service.ts';
import * as byExpress from '../../examples/web-service-express.ts';
import { type KeyValueStore, keyValueStore, OutcomeUnknownError, UnavailableError } from '../../src/services/store.ts';
import { until } from '../fixtures/until.ts';

/** Serves a service over any store. @returns its URL */
const served = {
  Fastify: async (store: KeyValueStore) => {
    const app = byFastify.boxOffice(store);
    onTestFinished(() => app.close());
    return app.listen({ host: '127.0.0.1', port: 0 });
  },
  Express: async (store: KeyValueStore) => {
    const server = createServer(byExpress.boxOffice(store).set('env', 'test'));
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('expected a port');
    return `http://127.0.0.1:${address.port}`;
  },
};

describe.each([
  { name: 'Fastify', serve: byFastify.serveBoxOffice, over: served.Fastify },
  { name: 'Express', serve: byExpress.serveBoxOffice, over: served.Express },
])('a service by $name', ({ serve, over }) => {
  test('sells a seat once, and has still sold it after a restart', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'quorate-example-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const first = await serve(directory);
    await until('a leader', async () => (await fetch(`${first.url}/seats/A0`)).status === 404);
    const buy = (buyer: string) => fetch(`${first.url}/seats/A1?buyer=${buyer}`, { method: 'PUT' });
    const answers = await Promise.all([buy('ann'), buy('bob')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    const winner = answers[0]?.status === 201 ? 'ann' : 'bob';
    expect((await fetch(`${first.url}/seats/A2`)).status).toBe(404);
    expect((await fetch(`${first.url}/seats/A2`, { method: 'PUT' })).status).toBe(400);
    await first.stop();
    const second = await serve(directory);
    const found = await until('what was sold', async () => {
      const answer = await fetch(`${second.url}/seats/A1`);
      const body = await answer.json();
      return answer.status < 500 ? body : undefined;
    });
    expect(found).toEqual({ seat: 'A1', buyer: winner });
    await second.stop();
  });

  test.each([
    [new UnavailableError('no leader'), 503],
    [new OutcomeUnknownError('no answer'), 504],
    [new TypeError('a bug'), 500],
  ])('says by its status what is known of a request that failed: %s', async (error, expected) => {
    const url = await over(keyValueStore({ execute: () => Promise.reject(error), query: () => Promise.reject(error) }));
    const { status } = await fetch(`${url}/seats/A1?buyer=ann`, { method: 'PUT' });
    expect(status).toBe(expected);
  });
});
