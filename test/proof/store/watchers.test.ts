import { describe, expect, test } from 'vitest';
import type { Application } from '../../../src/proof/store/audit.ts';
import { createWatchers } from '../../../src/proof/store/watchers.ts';

const put = (revision: number, text = `v${revision}`): Application => ({
  command: { type: 'put', key: 'a', value: new TextEncoder().encode(text) },
  result: { type: 'stored', version: revision },
  revision,
  deleted: [],
});
const deletion = (revision: number, version?: number): Application => ({
  command: { type: 'delete', key: 'a' },
  result: { type: 'deleted', ...(version === undefined ? {} : { version }) },
  revision,
  deleted: [],
});

/** What is wrong when a watch after revision 3 and up to 7 is told of `changes`. */
function problemOf(changes: readonly string[]): string | undefined {
  const watchers = createWatchers();
  for (const it of [put(3), put(4), deletion(6, 4), deletion(7), put(8)]) watchers.applied(it);
  watchers.ended({ type: 'ok', value: { after: 3, until: 7, changes, wasForgotten: false } });
  return watchers.problem();
}

describe('what watches those who follow a store', () => {
  test('takes each change once, in order', () => {
    expect(problemOf(['a=v4 at 4', 'a=nothing at 6'])).toBeUndefined();
  });

  test.each([
    ['a gap', ['a=v4 at 4']],
    ['a duplicate', ['a=v4 at 4', 'a=v4 at 4', 'a=nothing at 6']],
    ['another order', ['a=nothing at 6', 'a=v4 at 4']],
    ['what was there before', ['a=v3 at 3', 'a=v4 at 4', 'a=nothing at 6']],
    ['what never was', ['a=v4 at 4', 'a=nothing at 6', 'a=nothing at 7']],
  ])('finds %s', (_, changes) => {
    expect(problemOf(changes)).toMatch(/^watches: after 3 and up to 7/);
  });

  test('finds state machines that differ', () => {
    const watchers = createWatchers();
    for (const it of [put(3, 'one'), put(3, 'other')]) watchers.applied(it);
    expect(watchers.problem()).toBe(
      'state machines agree: one has a=one at 3, and another one a=other at 3, at revision 3',
    );
  });
});
