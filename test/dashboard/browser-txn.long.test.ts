import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { configure } from '../cli/txn-command.ts';
import { leaveHalfFinished } from '../cli/txn-left.ts';
import { type Run, run } from '../fixtures/processes.ts';
import { expectAccessible, hasBrowser, openPage, startBrowser } from './browser.ts';

// Processes and a browser take their time on a busy machine.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

describe.skipIf(!hasBrowser)('transactions that quorate txn resolves, on its page', () => {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-dashboard-'));
  const dataDirectory = join(directory, 'data');
  let transaction = '';
  let browser: Browser;
  let command: Run | undefined;
  beforeAll(async () => {
    transaction = await leaveHalfFinished(dataDirectory);
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    command?.signal('SIGKILL');
    await command?.end();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Resolves what was left, where `stock` is as described, and opens the page of it. */
  async function resolving(stock: object): Promise<{ readonly page: Page; readonly problems: readonly string[] }> {
    const config = configure(directory, { dataDirectory, resources: { orders: { type: 'embedded' }, stock } });
    command = run(['txn', 'resolve', '--config', config, '--dashboard', '--wait', '600']);
    const [url] = await command.printed(/http:\/\/127\.0\.0\.1:\d+\/#token=\S+/);
    return openPage(browser, url);
  }

  test('one that waits for a database shows with its age and who is waited for, and leads to its chart', async () => {
    const { page, problems } = await resolving({ type: 'postgres', url: 'postgres://u:p@127.0.0.1:1/x' });
    const row = page.getByRole('row', { name: transaction });
    await row.filter({ hasText: 'stock at n1' }).waitFor();
    expect(await row.textContent()).toMatch(/committed/);
    await expectAccessible(page);
    await row.getByRole('button').click();
    await page.locator('svg.chart .active').first().waitFor({ state: 'attached' });
    expect(problems).toEqual([]);
    await page.close();
    command?.signal('SIGKILL');
    await command?.end();
  });

  test('one that was resolved before its page was opened shows as it was, step by step', async () => {
    const { page, problems } = await resolving({ type: 'embedded' });
    await command?.printed(/Ctrl-C ends it/);
    await page.reload();
    await page.locator('.map').waitFor();
    const row = page.getByRole('row', { name: transaction });
    await expect.poll(() => row.count(), { timeout: 100_000 }).toBe(0);
    const position = async (): Promise<number> =>
      Number(/(\d+) \/ \d+/.exec((await page.locator('.now').textContent()) ?? '')?.[1] ?? 0);
    const pressing = async (key: string): Promise<void> => {
      const before = await position();
      await page.keyboard.press(key);
      await expect.poll(position, { timeout: 100_000 }).not.toBe(before);
    };
    await expect.poll(position, { timeout: 100_000 }).toBeGreaterThan(1);
    await pressing('Home');
    while ((await row.count()) === 0) await pressing('ArrowRight');
    await row.filter({ hasText: 'stock at n1' }).waitFor();
    expect(problems).toEqual([]);
    command?.signal('SIGINT');
    expect(await command?.end()).toBe(0);
  });
});
