import { join } from 'node:path';
import { expect, test } from 'vitest';
import { protocols } from '../../src/proof/protocols.ts';
import { pages, partsIn, remade, root } from './pages.ts';
import { modules, parts } from './parts.ts';

const made = pages.filter(({ text }) => partsIn(text).length > 0);

test.each(made)('what $path has from the sources is as they are', { timeout: 600_000 }, async ({ path, text }) => {
  await expect(remade(text, parts), 'to update the documents: npm run docs').toMatchFileSnapshot(join(root, path));
});

test.each(Object.entries(modules))('%s is as it is recorded', { timeout: 600_000 }, async (path, make) => {
  await expect(make(), 'to update it: npm run docs').toMatchFileSnapshot(join(root, path));
});

test('all that is made stands somewhere, once', () => {
  const standing = made.flatMap(({ text }) => partsIn(text));
  // Bounds are told of the protocols whose systems users choose.
  const optional = new Set(protocols.map(({ name }) => `bounds of ${name}`));
  expect(standing.toSorted()).toEqual(
    Object.keys(parts)
      .filter((name) => !optional.has(name) || standing.includes(name))
      .toSorted(),
  );
});

test('a part stands between its marks, and nothing else is touched', () => {
  const text = 'a\n<!-- one -->\nold\n<!-- end of one -->\nb\n<!-- a remark -->\n';
  expect(remade(text, { one: () => 'new' })).toBe(
    'a\n<!-- one -->\n\nnew\n\n<!-- end of one -->\nb\n<!-- a remark -->\n',
  );
  expect(() => remade(text, { two: () => '' })).toThrow("no part is called 'one': expected two");
});
