import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { blocksIn, readmePath, readReadme, regenerated, root } from './readme.ts';

const readme = readReadme();
const { scripts, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

describe('the README', () => {
  test('shows the chart and the example as they are', async () => {
    const update = 'to update the README: npx vitest run --config test/vitest.config.ts test/examples/readme -u';
    await expect(regenerated(readme), update).toMatchFileSnapshot(readmePath);
    expect(blocksIn(readme).find(({ info }) => info === 'mermaid')?.code).toContain('candidate --> leader');
  });

  test('names only scripts that there are', () => {
    const named = [...readme.matchAll(/npm run ([a-z:]+)|`(bench:[a-z]+)`/g)].map(
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

const documents = ['README.md', 'CONTRIBUTING.md', ...readdirSync(join(root, 'docs')).map((file) => `docs/${file}`)];

test.each(documents.filter((file) => file.endsWith('.md')))('%s names only files that there are', (file) => {
  const text = readFileSync(join(root, file), 'utf8');
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link = '']) => join(root, file, '..', link));
  const paths = [...text.matchAll(/`((?:src|statecharts|examples|test|docs)\/[\w./-]+)`/g)].map(([, path = '']) =>
    join(root, path),
  );
  // The guide adds an imaginary protocol.
  const named = [...links, ...paths].filter((path) => !path.includes('/lease'));
  expect(named.filter((path) => !existsSync(path))).toEqual([]);
});
