import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { protocols } from '../../src/proof/protocols.ts';
import { outagesSchema, outagesTable } from '../../src/proof/store/outages.ts';
import {
  boundsTable,
  figuresSchema,
  protocolsTable,
  systemsTable,
  totalText,
  twinsTable,
} from '../../src/proof/tables.ts';

const docs = join(import.meta.dirname, '..', '..', 'docs');
const pages = ['verification.md', 'paxos.md'].map((name) => ({ name, path: join(docs, name) }));
const recorded = (name: string): unknown => JSON.parse(readFileSync(join(import.meta.dirname, name), 'utf8'));
const figures = figuresSchema(recorded('figures.json'));
const outages = outagesSchema(recorded('outages.json'));

/** What stands between `<!-- NAME -->` and `<!-- end of NAME -->`. */
const tables: Readonly<Record<string, string>> = {
  protocols: protocolsTable(protocols),
  'partial partitions': outagesTable(outages),
  ...Object.fromEntries(
    protocols.flatMap((protocol) => [
      [`systems of ${protocol.name}`, `${systemsTable(protocol, figures)}\n\n${totalText([protocol], figures)}`],
      [`bounds of ${protocol.name}`, boundsTable(protocol)],
      [`twins of ${protocol.name}`, twinsTable(protocol)],
    ]),
  ),
};
const marked = /<!-- (?<name>[^>]*?) -->\n[\s\S]*?<!-- end of \k<name> -->/g;

test.each(pages)('the tables of $name are what the descriptors and the records say', async ({ path }) => {
  const text = readFileSync(path, 'utf8');
  const made = text.replaceAll(marked, (all, name: string) => {
    const table = tables[name];
    return table === undefined ? all : `<!-- ${name} -->\n\n${table}\n\n<!-- end of ${name} -->`;
  });
  await expect(made, 'to update the docs: npm run docs:tables').toMatchFileSnapshot(path);
});

test('every protocol has its systems and its twins in the docs', () => {
  const text = pages.map(({ path }) => readFileSync(path, 'utf8')).join('\n');
  const named = new Set([...text.matchAll(marked)].map(({ groups }) => groups?.name));
  for (const { name } of protocols) {
    for (const kind of ['systems', 'twins']) expect(named).toContain(`${kind} of ${name}`);
  }
  expect(named).toContain('protocols');
  expect(named).toContain('partial partitions');
});
