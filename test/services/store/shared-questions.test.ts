/** What watches of one client share, over a store that answers when the test says so. */

import { expect, test } from 'vitest';
import { RevisionForgottenError, UnavailableError } from '../../../src/services/store/errors.ts';
import type { KeyChange } from '../../../src/services/store/key-value/questions.ts';
import { SharedQuestions } from '../../../src/services/store/key-value/shared-questions.ts';
import type { Executor } from '../../../src/services/store/requests/requester.ts';

interface Asked {
  readonly question: unknown;
  answer(value: unknown): void;
  fail(error: Error): void;
}

const change = (revision: number, key = 'a'): KeyChange => ({ key, revision, value: new Uint8Array(1) });
const changes = (after: number, ...revisions: readonly number[]) => ({
  type: 'changes',
  after,
  changes: revisions.map((revision) => change(revision)),
});

function asking(): { readonly asked: readonly Asked[]; readonly questions: SharedQuestions } {
  const asked: Asked[] = [];
  const executor: Executor = {
    execute: () => Promise.reject(new Error('expected no command')),
    query: (question) =>
      new Promise((answer, fail) => {
        asked.push({ question, answer, fail });
      }),
  };
  return { asked, questions: new SharedQuestions(executor) };
}

/** Lets what has been answered be taken. */
const taken = () => new Promise((resolve) => setImmediate(resolve));

const revisionsIn = ({ updates }: { readonly updates: readonly { readonly revision: number }[] }): readonly number[] =>
  updates.map(({ revision }) => revision);

test('those who are at the same revision share one question, and its answer', async () => {
  const { asked, questions } = asking();
  const all = Array.from({ length: 1_000 }, () => questions.happened({ prefix: 'a' }, 3));
  expect(asked.map(({ question }) => question)).toEqual([
    { type: 'changes', selection: { prefix: 'a' }, after: 3, limit: 1_000 },
  ]);
  asked[0]?.answer({ type: 'changes', after: 6, changes: [change(4), change(4, 'ab'), change(6)] });
  for (const found of await Promise.all(all)) {
    expect(found.after).toBe(6);
    expect(found.updates).toEqual([
      { revision: 4, changes: [change(4), change(4, 'ab')] },
      { revision: 6, changes: [change(6)] },
    ]);
  }
});

test('those who follow other keys do not', () => {
  const { asked, questions } = asking();
  for (const selection of [{ prefix: 'a' }, { key: 'a' }, { prefix: 'a', to: 'ab' }, { from: 'a' }, {}]) {
    void questions.happened(selection, 3);
  }
  expect(asked.length).toBe(5);
  void questions.happened({ prefix: 'a', from: '' }, 3);
  expect(asked.length).toBe(5);
});

test('one who is further takes part in the question of those before it, and is told nothing twice', async () => {
  const { asked, questions } = asking();
  const before = questions.happened({}, 3);
  const further = questions.happened({}, 5);
  expect(asked.length).toBe(1);
  asked[0]?.answer(changes(8, 4, 5, 6, 8));
  expect(revisionsIn(await before)).toEqual([4, 5, 6, 8]);
  expect(await further).toMatchObject({ after: 8 });
  expect(revisionsIn(await further)).toEqual([6, 8]);
});

test('one who is further asks by itself when those before it have not come so far', async () => {
  const { asked, questions } = asking();
  const before = questions.happened({}, 3);
  const further = [questions.happened({}, 5), questions.happened({}, 5)];
  asked[0]?.answer(changes(5, 4, 5));
  await before;
  await taken();
  expect(asked.map(({ question }) => Object(question).after)).toEqual([3, 5]);
  asked[1]?.answer(changes(7, 7));
  for (const found of further) expect(revisionsIn(await found)).toEqual([7]);
});

test('one who is behind asks by itself, and keeps nobody else waiting', async () => {
  const { asked, questions } = asking();
  const further = questions.happened({}, 5);
  const behind = questions.happened({}, 2);
  expect(asked.length).toBe(2);
  asked[0]?.answer(changes(6, 6));
  expect(revisionsIn(await further)).toEqual([6]);
  asked[1]?.answer(changes(6, 3, 6));
  expect(revisionsIn(await behind)).toEqual([3, 6]);
});

test('what one has missed for ever is no error of those who are further', async () => {
  const { asked, questions } = asking();
  const behind = questions.happened({}, 2);
  const further = questions.happened({}, 5);
  asked[0]?.answer({ type: 'forgotten', floor: 4 });
  await expect(behind).rejects.toBeInstanceOf(RevisionForgottenError);
  await taken();
  expect(asked.length).toBe(2);
  asked[1]?.answer(changes(6, 6));
  expect(revisionsIn(await further)).toEqual([6]);
});

test('a question that fails fails for all, and is asked anew', async () => {
  const { asked, questions } = asking();
  const both = [questions.happened({}, 2), questions.happened({}, 2)];
  asked[0]?.fail(new UnavailableError('no node'));
  for (const one of both) await expect(one).rejects.toBeInstanceOf(UnavailableError);
  const again = questions.happened({}, 2);
  expect(asked.length).toBe(2);
  asked[1]?.answer(changes(3, 3));
  expect(revisionsIn(await again)).toEqual([3]);
});
