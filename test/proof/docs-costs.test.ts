import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { ownTable, paperTable } from '../../src/proof/two-phase-commit/costs/compare.ts';

vi.setConfig({ testTimeout: 60_000 });

const path = join(import.meta.dirname, '..', '..', 'docs', 'paxos-commit.md');
const tables: Readonly<Record<string, () => string>> = { 'costs in the paper': paperTable, 'costs here': ownTable };
const marked = /<!-- (?<name>[^>]*?) -->\n[\s\S]*?<!-- end of \k<name> -->/g;

test('the tables of what a commit costs are what is measured', async () => {
  const text = readFileSync(path, 'utf8');
  const found: string[] = [];
  const made = text.replaceAll(marked, (all, name: string) => {
    const table = tables[name];
    if (table === undefined) return all;
    found.push(name);
    return `<!-- ${name} -->\n\n${table()}\n\n<!-- end of ${name} -->`;
  });
  expect(found).toEqual(Object.keys(tables));
  await expect(made, 'to update the docs: npm run docs:tables').toMatchFileSnapshot(path);
});
