import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pageOf, pages, root } from './pages.ts';

const readme = pageOf('README.md').text;
const { scripts, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

describe('the README', () => {
  test('names only scripts that there are', () => {
    const named = [...readme.matchAll(/npm run ([a-z:-]+)|`(bench:[a-z-]+)`/g)].map(
      ([, script, bench]) => script ?? bench,
    );
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((script) => !(String(script) in scripts))).toEqual([]);
  });

  test('names every benchmark', () => {
    const benches = Object.keys(scripts).filter((script) => script.startsWith('bench:'));
    expect(benches.filter((script) => !readme.includes(script))).toEqual([]);
  });

  test('names every entry point of the package, and no other', () => {
    const named = new Set([...readme.matchAll(/[`'](quorate(?:\/[\w/-]+)?)[`']/g)].map(([, entry]) => entry));
    const entries = Object.keys(exports).flatMap((entry) =>
      entry.endsWith('.json') ? [] : entry.replace('.', 'quorate'),
    );
    expect([...named].sort()).toEqual(entries.sort());
  });
});

test.each(pages)('$path names only files that there are', ({ path: page, text }) => {
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link = '']) => join(root, page, '..', link));
  const paths = [...text.matchAll(/`((?:src|statecharts|examples|test|docs)\/[\w./-]+)`/g)].map(([, path = '']) =>
    join(root, path),
  );
  // The guide adds an imaginary protocol.
  const named = [...links, ...paths].filter((path) => !path.includes('/lease'));
  expect(named.filter((path) => !existsSync(path))).toEqual([]);
});
