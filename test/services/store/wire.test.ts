import { expect, test } from 'vitest';
import { storeAddress, storeMessages } from '../../../src/services/store/requests/wire.ts';
import { parseTagged } from '../../../statecharts/actor.ts';

const body = { type: 'query', question: 'how much', stale: false };
const parse = (waitMs: unknown) => {
  const message = { type: 'requests', forward: true, requests: [{ id: 1, waitMs, body }] };
  return parseTagged(storeAddress('n1', 'kv'), 'message', storeMessages, message);
};

test('a request that waits for some time is taken', () => {
  expect(parse(2_000)).toMatchObject({ requests: [{ id: 1, waitMs: 2_000 }] });
});

test.each([Number.POSITIVE_INFINITY, Number.NaN, -1, '5', undefined])(
  'one that waits for %s ms is refused',
  (waitMs) => {
    expect(() => parse(waitMs)).toThrow(/requests/);
  },
);
