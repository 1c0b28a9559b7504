/** The documents that the package ships point to nothing that it does not ship. */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { pages, root } from '../docs/pages.ts';

const { files } = v.parse(
  v.object({ files: v.array(v.string()) }),
  JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')),
);
/** npm adds these, whatever `files` says. */
const always = ['README.md', 'LICENSE', 'package.json'];

const isShipped = (path: string): boolean =>
  always.includes(path) || files.some((file) => path === file || path.startsWith(`${file}/`));

const shipped = pages.filter(({ path }) => isShipped(path));

test('there are documents to look at', () => {
  expect(shipped.length).toBeGreaterThan(10);
});

test.each(shipped)('$path', ({ path: page, text }) => {
  const links = [...text.matchAll(/\]\((?<to>[^)\s]+)\)/g)].flatMap(({ groups }) => groups?.to ?? []);
  const outside = links.filter((to) => {
    if (/^(https?:|#)/.test(to)) return false;
    const path = relative(root, join(root, dirname(page), to.replace(/#.*$/, '')));
    return !isShipped(path) || !existsSync(join(root, path));
  });
  expect(outside).toEqual([]);
});
