import { expect, test } from 'vitest';
import { createBranchBook } from '../../src/compare/methods/branch-book.ts';
import { createVirtualClock } from '../../src/simulator.ts';

const costs = { message: () => {}, flush: () => {} };
const branch = (transaction: string) => ({ manager: 'n1', transaction, branch: 'a' });

test('a transaction is blocked for as long as one of its branches stood prepared, to the millisecond', async () => {
  const time = createVirtualClock();
  const book = createBranchBook(time, costs);
  for (const transaction of ['quick', 'slow', 'open']) book.witness.prepared('bank-a', branch(transaction));
  await time.advance(1_000);
  book.witness.ended('bank-a', branch('quick'), 'committed');
  await time.advance(1);
  book.witness.ended('bank-a', branch('slow'), 'aborted');
  await time.advance(50);
  expect(book.preparedLongerThan(1_000)).toEqual(['slow', 'open']);
  expect(book.preparedLongerThan(1_001)).toEqual(['open']);
});
