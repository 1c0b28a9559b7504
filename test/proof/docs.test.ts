import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { protocols } from '../../src/proof/protocols.ts';
import {
  boundsTable,
  figuresSchema,
  protocolsTable,
  systemsTable,
  totalText,
  twinsTable,
} from '../../src/proof/tables.ts';

const docs = join(import.meta.dirname, '..', '..', 'docs');
const path = join(docs, 'verification.md');
const figures = figuresSchema(JSON.parse(readFileSync(join(import.meta.dirname, 'figures.json'), 'utf8')));

/** What stands between `<!-- NAME -->` and `<!-- end of NAME -->`. */
const tables: Readonly<Record<string, string>> = {
  protocols: protocolsTable(protocols),
  ...Object.fromEntries(
    protocols.flatMap((protocol) => [
      [`systems of ${protocol.name}`, `${systemsTable(protocol, figures)}\n\n${totalText([protocol], figures)}`],
      [`bounds of ${protocol.name}`, boundsTable(protocol)],
      [`twins of ${protocol.name}`, twinsTable(protocol)],
    ]),
  ),
};
const marked = /<!-- (?<name>[^>]*?) -->\n[\s\S]*?<!-- end of \k<name> -->/g;

test('the tables of the docs are what the descriptors say', async () => {
  const text = readFileSync(path, 'utf8');
  const made = text.replaceAll(marked, (all, name: string) => {
    const table = tables[name];
    return table === undefined ? all : `<!-- ${name} -->\n\n${table}\n\n<!-- end of ${name} -->`;
  });
  await expect(made, 'to update the docs: npm run docs:tables').toMatchFileSnapshot(path);
});

test('every protocol has its systems and its twins in the docs', () => {
  const text = readFileSync(path, 'utf8');
  const named = new Set([...text.matchAll(marked)].map(({ groups }) => groups?.name));
  for (const { name } of protocols) {
    for (const kind of ['systems', 'twins']) expect(named).toContain(`${kind} of ${name}`);
  }
  expect(named).toContain('protocols');
});
