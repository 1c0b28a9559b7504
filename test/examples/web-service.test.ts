import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { boxOffice, serveBoxOffice } from '../../examples/web-service.ts';
import { keyValueStore, OutcomeUnknownError, UnavailableError } from '../../src/services/store.ts';

test('a seat is sold once, and is still sold after a restart of the service', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-example-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const first = await serveBoxOffice(directory);
  const buy = (buyer: string) => fetch(`${first.url}/seats/A1?buyer=${buyer}`, { method: 'PUT' });
  const answers = await Promise.all([buy('ann'), buy('bob')]);
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
  const winner = answers[0]?.status === 201 ? 'ann' : 'bob';
  expect((await fetch(`${first.url}/seats/A2`)).status).toBe(404);
  await first.stop();
  const second = await serveBoxOffice(directory);
  const found = await fetch(`${second.url}/seats/A1`);
  expect(await found.json()).toEqual({ seat: 'A1', buyer: winner });
  await second.stop();
});

test.each([
  [new UnavailableError('no leader'), 503],
  [new OutcomeUnknownError('no answer'), 504],
  [new TypeError('a bug'), 500],
])('what is known of a request that fails is in its status: %s', async (error, status) => {
  const app = boxOffice(keyValueStore({ execute: () => Promise.reject(error), query: () => Promise.reject(error) }));
  onTestFinished(() => app.close());
  const { statusCode } = await app.inject({ method: 'PUT', url: '/seats/A1', query: { buyer: 'ann' } });
  expect(statusCode).toBe(status);
});
