/** The example of a React page, bundled and opened in a real browser. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { build, type PreviewServer, preview } from 'vite';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { expectAccessible, hasBrowser, openPage, startBrowser } from '../dashboard/browser.ts';
import { root } from '../docs/pages.ts';

// A browser takes its time on a busy machine.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

describe.skipIf(!hasBrowser)('a page of three servers', () => {
  let server: PreviewServer;
  let browser: Browser;
  const outDir = mkdtempSync(join(tmpdir(), 'quorate-react-'));
  beforeAll(async () => {
    const site = { root: join(root, 'examples/react'), configFile: false, logLevel: 'error' } as const;
    await build({ ...site, build: { outDir } });
    server = await preview({ ...site, build: { outDir }, preview: { host: '127.0.0.1', port: 0 } });
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(outDir, { recursive: true, force: true });
  });

  /** The page, once a server leads on it. */
  async function opened() {
    const { page, problems } = await openPage(browser, server.resolvedUrls?.local[0] ?? '');
    onTestFinished(async () => {
      await page.close();
      expect(problems).toEqual([]);
    });
    const leader = page.locator('tr[data-role=leader]');
    await leader.waitFor();
    return { page, leader, first: (await leader.locator('th').textContent()) ?? '' };
  }

  test('shows who leads, and who does when that one is stopped', async () => {
    const { page, leader, first } = await opened();
    await expectAccessible(page);
    // By its name: on a busy machine another one may lead by now.
    await page.getByRole('button', { name: `Stop ${first}` }).click();
    await page.locator('tr[data-role=stopped]', { hasText: first }).waitFor();
    await leader.waitFor();
    expect(await leader.locator('th').textContent()).not.toBe(first);
  });

  test('shows the error of a server that failed, and goes on with the others', async () => {
    const { page, leader, first } = await opened();
    await page.getByRole('button', { name: `Break the disk of ${first}` }).click();
    const failed = page.locator('tr[data-role=failed]', { hasText: first });
    await failed.getByText('the disk is broken').waitFor();
    await leader.waitFor();
    expect(await leader.locator('th').textContent()).not.toBe(first);
    expect(await page.locator('tr[data-role]').count()).toBe(3);
    await expectAccessible(page);
  });
});
