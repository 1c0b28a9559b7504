/** What a manager's directory was begun with, and stays with. */

import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Founding, holdToFounding } from '../../../src/services/failover/group-file.ts';

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-founding-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
const founding: Founding = { group: 'orders', mode: 'durable', confirmations: 1, maxFlaps: 3 };

test('a directory is begun once, and goes on with the same', () => {
  const directory = join(temporary(), 'new');
  holdToFounding(directory, founding);
  holdToFounding(directory, founding);
  expect(readdirSync(directory)).toEqual(['group.json']);
});

test.each<[keyof Founding, Partial<Founding>, string]>([
  ['group', { group: 'carts' }, "expected a group with group 'orders'"],
  ['mode', { mode: 'pass-through' }, "got 'pass-through'; go on with 'durable'"],
  ['confirmations', { confirmations: 2 }, "got '2'; go on with '1'"],
  ['maxFlaps', { maxFlaps: 9 }, "got '9'; go on with '3'"],
])('another %s is refused, and both are named', (_name, change, words) => {
  const directory = temporary();
  holdToFounding(directory, founding);
  expect(() => holdToFounding(directory, { ...founding, ...change })).toThrow(
    expect.objectContaining({ code: 'OTHER_GROUP', message: expect.stringContaining(words) }),
  );
  holdToFounding(directory, founding);
});

test('a directory in the place of the founding is refused', () => {
  const directory = temporary();
  mkdirSync(join(directory, 'group.json'));
  expect(() => holdToFounding(directory, founding)).toThrow(expect.objectContaining({ code: 'OTHER_GROUP' }));
  expect(readdirSync(directory)).toEqual(['group.json']);
});

test.each(['', '{', '{"group":"orders"}'])('what is no founding (%j) is refused, and kept', (content) => {
  const directory = temporary();
  writeFileSync(join(directory, 'group.json'), content);
  expect(() => holdToFounding(directory, founding)).toThrow(
    expect.objectContaining({ code: 'OTHER_GROUP', message: expect.stringContaining('group.json') }),
  );
});
