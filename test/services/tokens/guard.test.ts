/** What a guard makes of requests by themselves. */

import { expect, test } from 'vitest';
import { encode } from '../../../src/services/store/codec.ts';
import { OverloadedError, UnavailableError } from '../../../src/services/store/errors.ts';
import { encodeCommand } from '../../../src/services/store/key-value/commands.ts';
import type { Guard, Verdict } from '../../../src/services/store/requests/guard.ts';
import type { Body, Response } from '../../../src/services/store/requests/wire.ts';
import type { AuditEntry } from '../../../src/services/tokens/audit.ts';
import { createGrantBook, type Grant } from '../../../src/services/tokens/grants.ts';
import { createStoreGuard } from '../../../src/services/tokens/guard.ts';
import { createVirtualClock } from '../../../src/simulator.ts';

const writer: Grant = { name: 'writer', role: 'write' };
const app: Grant = { name: 'app', role: 'write', prefixes: ['app/'] };

function started() {
  const clock = createVirtualClock();
  const entries: AuditEntry[] = [];
  const book = createGrantBook([writer, app]);
  const guard = createStoreGuard({ grantOf: book.of, audit: (entry) => void entries.push(entry), clock });
  return { clock, entries, book, guard };
}

const never: Parameters<Guard['judge']>[2] = () => {
  throw new Error('nothing has to be asked');
};

function judged(guard: Guard, token: string | undefined, body: Body, ask = never): Verdict {
  const verdicts: Verdict[] = [];
  const client = { remote: 'far:1', isProven: true, ...(token === undefined ? {} : { token }) };
  guard.judge({ id: 7, waitMs: 1_000, body }, client, ask, (verdict) => verdicts.push(verdict));
  const [verdict] = verdicts;
  if (verdict === undefined || verdicts.length > 1) throw new Error(`expected one verdict, got ${verdicts.length}`);
  return verdict;
}

const query = (question: unknown): Body => ({ type: 'query', question, stale: false });
const keyed = (command: Uint8Array): Body => ({ type: 'keyed', key: 'k', command });
const put = (key: string, lease?: number): Body =>
  keyed(encodeCommand({ type: 'put', key, value: new Uint8Array(), ...(lease === undefined ? {} : { lease }) }));
/** A store whose leases have these keys. */
const leaseHas = (keys: readonly string[]): typeof never => {
  return (_question, _options, then) => then(undefined, { type: 'lease', ttlMs: 1_000, keys });
};
const done: Response = { id: 7, status: 'done', value: null };
const forbidden = { id: 7, status: 'refused', reason: 'forbidden' };

test('what reads as nothing known is for admins alone: a later release, to which it is passed on, may know it', () => {
  const { guard } = started();
  for (const body of [
    query({ type: 'everything' }),
    query('get'),
    keyed(encode([99, 'app/x'])),
    keyed(new Uint8Array([0xc1])),
    { type: 'tick' } as const,
  ]) {
    expect(judged(guard, 'writer', body)).toMatchObject({ type: 'refused', response: forbidden });
    expect(judged(guard, undefined, body)).toMatchObject({ type: 'admitted' });
  }
});

test('a question that is passed on is the one that was judged', () => {
  const { guard } = started();
  const verdict = judged(guard, 'app', query({ type: 'get', key: 'app/x', instead: 'other' }));
  expect(verdict).toMatchObject({ type: 'admitted', request: { id: 7, body: query({ type: 'get', key: 'app/x' }) } });
  expect(JSON.stringify(verdict)).not.toContain('instead');
});

test('the answer to a question that has waited is for those alone that may still have it', () => {
  const { guard, book } = started();
  const answered = () => {
    const verdict = judged(guard, 'app', query({ type: 'get', key: 'app/x' }));
    return verdict.type === 'admitted' ? verdict.answered?.(done) : undefined;
  };
  expect(answered()).toEqual(done);
  const verdict = judged(guard, 'app', query({ type: 'get', key: 'app/x' }));
  book.set([writer, { ...app }]);
  expect(verdict.type === 'admitted' && verdict.answered?.(done)).toEqual(done);
  book.set([writer, { ...app, prefixes: ['other/'] }]);
  expect(verdict.type === 'admitted' && verdict.answered?.(done)).toMatchObject(forbidden);
  book.set([writer]);
  expect(judged(guard, 'app', query({ type: 'get', key: 'app/x' }))).toMatchObject({ response: forbidden });
});

test('a lease that cannot be looked at now is no reason to let anything through, nor to refuse it for good', () => {
  const { guard } = started();
  const asked: unknown[] = [];
  const verdict = judged(guard, 'app', put('app/x', 5), (question, _options, then) => {
    asked.push(question);
    then(new UnavailableError('no leader'), undefined);
  });
  expect(verdict).toEqual({ type: 'refused', response: { id: 7, status: 'refused', reason: 'not-ready' } });
  expect(asked).toEqual([{ type: 'lease', lease: 5 }]);
  expect(judged(guard, 'writer', put('app/x', 5))).toMatchObject({ type: 'admitted' });
});

test('a lease that has a key which the token may not write is refused before it goes to the leader', () => {
  const { guard } = started();
  const commands = [{ type: 'keep', lease: 5 } as const, { type: 'revoke', lease: 5 } as const];
  for (const body of [put('app/x', 5), ...commands.map((command) => keyed(encodeCommand(command)))]) {
    expect(judged(guard, 'app', body, leaseHas(['app/x', 'other/x']))).toMatchObject({ response: forbidden });
    expect(judged(guard, 'app', body, leaseHas(['app/x']))).toMatchObject({ type: 'admitted' });
  }
});

test('a command takes with it which keys its token may write, and nothing that was not judged', () => {
  const { guard } = started();
  const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
  const passedOn = (command: Uint8Array, token = 'app') => {
    const verdict = judged(guard, token, { type: 'keyed', key: 'k', command }, leaseHas(['app/x']));
    const body = verdict.type === 'admitted' ? verdict.request.body : undefined;
    return body?.type === 'keyed' ? textOf(body.command) : verdict;
  };
  const within = ['app/'];
  const value = new Uint8Array();
  for (const command of [
    { type: 'put', key: 'app/x', value, lease: 5 },
    { type: 'keep', lease: 5 },
    { type: 'revoke', lease: 5 },
    { type: 'transaction', compare: [], success: [{ type: 'put', key: 'app/x', value, lease: 5 }], failure: [] },
  ] as const) {
    const expected = textOf(encodeCommand({ ...command, within }));
    expect(expected).not.toBe(textOf(encodeCommand(command)));
    expect(passedOn(encodeCommand(command))).toEqual(expected);
    // What the client says of it does not count.
    expect(passedOn(encodeCommand({ ...command, within: ['app/', 'other/'] }))).toEqual(expected);
    expect(passedOn(encodeCommand(command), 'writer')).toBe(textOf(encodeCommand(command)));
  }
  const more = encode([1, 'app/x', null, 'and more', 'that a later release reads']);
  expect(passedOn(more, 'writer')).toBe(textOf(encodeCommand({ type: 'delete', key: 'app/x' })));
});

test('the keys of a lease are told to none that may not have those which joined it since it was looked at', () => {
  const { guard } = started();
  const told = (keys: readonly string[]): unknown => {
    const verdict = judged(guard, 'app', query({ type: 'lease', lease: 5 }), (_question, _options, then) =>
      then(undefined, { type: 'lease', ttlMs: 1_000, keys: ['app/x'] }),
    );
    const value = { type: 'lease', ttlMs: 1_000, keys };
    return verdict.type === 'admitted' ? verdict.answered?.({ id: 7, status: 'done', value }) : verdict;
  };
  expect(told(['app/x', 'app/y'])).toMatchObject({ status: 'done' });
  expect(told(['app/x', 'other'])).toMatchObject(forbidden);
});

test('a second lease that cannot be asked about is answered in the turn that has told of the first', () => {
  const { guard } = started();
  const put = (key: string, lease: number) => ({ type: 'put', key, value: new Uint8Array(), lease }) as const;
  const success = [put('app/x', 5), put('app/y', 6)];
  const body = keyed(encodeCommand({ type: 'transaction', compare: [], success, failure: [] }));
  const verdicts: Verdict[] = [];
  const waiting: Parameters<typeof never>[2][] = [];
  const client = { remote: 'far:1', isProven: true, token: 'app' };
  const ask: typeof never = (_question, _options, then) => {
    if (waiting.length > 0) throw new OverloadedError('as many requests are under way as may be');
    waiting.push(then);
  };
  guard.judge({ id: 7, waitMs: 1_000, body }, client, ask, (verdict) => verdicts.push(verdict));
  waiting[0]?.(undefined, { type: 'lease', ttlMs: 1_000, keys: ['app/x'] });
  expect(verdicts).toEqual([{ type: 'refused', response: { id: 7, status: 'refused', reason: 'not-ready' } }]);
});

test('many that are refused in a second are told in part, and then how many were left out', () => {
  const { guard, clock, entries } = started();
  for (let count = 0; count < 50; count += 1) judged(guard, 'app', put('other'));
  expect(entries).toHaveLength(20);
  clock.advance(1_000);
  judged(guard, 'app', put('other'));
  expect(entries.at(-1)).toEqual({
    who: 'app',
    from: 'far:1',
    method: 'TCP',
    route: 'put',
    keys: ['other'],
    status: 403,
    code: 'FORBIDDEN',
    untold: 30,
  });
});
