import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { expect, test } from 'vitest';
import { root } from '../docs/pages.ts';

const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const needsNode = [
  './failover/proxy',
  './bus/nats',
  './bus/tcp',
  './journal/file',
  './client',
  './kv-node',
  './failover/manager',
  './node',
  './inspector/server',
  './dashboard',
  './resources/postgres-server',
  './resources/redis',
  './resources/script',
];
/** These need a database's driver, which is for servers. */
const needsDriver = [
  './failover/ioredis',
  './failover/pg',
  './resources/postgres',
  './resources/mariadb',
  './transactions/pg',
];
const entries = Object.entries<string>(exports).flatMap(([entry, file]) =>
  file.startsWith('./dist/') ? { entry, source: file.replace('./dist/', '').replace(/\.js$/, '.ts') } : [],
);

/** What a bundle for browsers would still have to import when it runs. */
async function missingIn(source: string): Promise<readonly string[]> {
  const bundle = await rolldown({ input: join(root, source), platform: 'browser', logLevel: 'silent' });
  const { output } = await bundle.generate({ format: 'esm', codeSplitting: false });
  await bundle.close();
  const [{ fileName, imports, dynamicImports }] = output;
  // What is imported only when it is needed is in the same file here.
  return [...imports, ...dynamicImports].filter((name) => name !== fileName);
}

test.each(entries.filter(({ entry }) => ![...needsNode, ...needsDriver].includes(entry)))(
  '$entry can be bundled for a browser',
  async ({ source }) => {
    expect(await missingIn(source)).toEqual([]);
  },
);

test.each(entries.filter(({ entry }) => needsNode.includes(entry)))('$entry cannot', async ({ source }) => {
  expect(await missingIn(source)).toEqual(expect.arrayContaining([expect.stringMatching(/^node:/)]));
});
