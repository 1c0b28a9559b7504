/** The example of a React page, bundled and opened in a real browser. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, preview } from 'vite';
import { expect, onTestFinished, test } from 'vitest';
import { expectAccessible, hasBrowser, openPage, startBrowser } from '../dashboard/browser.ts';
import { root } from '../docs/pages.ts';

test.skipIf(!hasBrowser)('a page shows who leads, and who does when that one is stopped', async () => {
  const outDir = mkdtempSync(join(tmpdir(), 'quorate-react-'));
  onTestFinished(() => rmSync(outDir, { recursive: true, force: true }));
  const site = { root: join(root, 'examples/react'), configFile: false, logLevel: 'error' } as const;
  await build({ ...site, build: { outDir } });
  const server = await preview({ ...site, build: { outDir }, preview: { host: '127.0.0.1', port: 0 } });
  onTestFinished(() => server.close());
  const browser = await startBrowser();
  onTestFinished(() => browser.close());
  const { page, problems } = await openPage(browser, server.resolvedUrls?.local[0] ?? '');
  const leader = page.locator('tr[data-role=leader]');
  await leader.waitFor();
  const first = (await leader.locator('th').textContent()) ?? '';
  await expectAccessible(page);
  // By its name: on a busy machine another one may lead by now.
  await page.getByRole('button', { name: `Stop ${first}` }).click();
  await page.locator('tr[data-role=stopped]', { hasText: first }).waitFor();
  await leader.waitFor();
  expect(await leader.locator('th').textContent()).not.toBe(first);
  expect(problems).toEqual([]);
});
