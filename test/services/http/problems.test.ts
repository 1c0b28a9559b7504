import { expect, test } from 'vitest';
import * as host from '../../../src/host/errors.ts';
import * as agreement from '../../../src/services/agreement/errors.ts';
import { answerOf } from '../../../src/services/http/problems.ts';
import * as store from '../../../src/services/store/errors.ts';
import { QuorateError, RefusedInputError } from '../../../statecharts/actor.ts';
import { AcceptorsError } from '../../../statecharts/paxos.ts';

/** Those that no request over HTTP can meet. */
const neverMet: readonly string[] = [
  // Abstract.
  'NotHappenedError',
  // HTTP has no registers.
  'RegisterUnknownError',
  'RegisterUnchangedError',
  'RegisterOverloadedError',
  // What a snapshot does not read as fails the store, and that is told; views of the state end with it.
  'UnreadableStateError',
  'ViewEndedError',
];

type Kind = (abstract new (...args: never[]) => QuorateError) & { readonly prototype: QuorateError };

const isKind = (value: unknown): value is Kind =>
  typeof value === 'function' && value.prototype instanceof QuorateError;

const kinds = [
  ...[host, agreement, store].flatMap((them) => Object.values<unknown>(them)),
  RefusedInputError,
  AcceptorsError,
]
  .filter(isKind)
  .filter(({ name }) => !neverMet.includes(name));

test.each(kinds.map((kind) => [kind.name, kind] as const))('%s has an answer of its own', (_name, { prototype }) => {
  const { status, problem } = answerOf(Object.create(prototype));
  expect(status).not.toBe(500);
  expect(problem.outcome).toBe(status === 504 ? 'unknown' : 'did-not-happen');
  expect(problem.whatToDo).not.toBe('');
});

test('what nobody foresaw is told as unknown, without its details', () => {
  expect(answerOf(new TypeError('a detail'))).toMatchObject({
    status: 500,
    problem: { code: 'INTERNAL', message: 'internal error', outcome: 'unknown' },
  });
});
