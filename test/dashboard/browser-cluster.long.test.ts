import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { freePort } from '../fixtures/ports.ts';
import { type Run, run } from '../fixtures/processes.ts';
import { expectAccessible, expectFits, hasBrowser, openPage, startBrowser } from './browser.ts';

// Processes and a browser take their time on a busy machine.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

describe.skipIf(!hasBrowser)('a cluster of three nodes that quorate up runs, on its page', () => {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-dashboard-'));
  let cluster: Run;
  let browser: Browser;
  let page: Page;
  let problems: readonly string[] = [];
  let port = 0;
  beforeAll(async () => {
    port = await freePort([0, 1, 2, 100, 101, 102]);
    cluster = run(['up', '--data', join(directory, 'data'), '--port', String(port), '--dashboard', '0']);
    await cluster.printed(/Ctrl-C stops all nodes/);
    const [url] = await cluster.printed(/http:\/\/127\.0\.0\.1:\d+\/#token=\S+/);
    browser = await startBrowser();
    ({ page, problems } = await openPage(browser, url));
  });
  afterAll(async () => {
    await browser?.close();
    cluster?.signal('SIGINT');
    await cluster?.end();
    rmSync(directory, { recursive: true, force: true });
  });

  const leader = () => page.locator('.node.lead:not(:disabled)');
  /** The name of the node that leads, once one does that is none of `others`. */
  async function leaderBut(...others: readonly string[]): Promise<string> {
    let found = '';
    await expect
      .poll(
        async () => {
          found =
            (await leader()
              .first()
              .getAttribute('data-node', { timeout: 1_000 })
              .catch(() => null)) ?? '';
          return found !== '' && !others.includes(found);
        },
        { timeout: 300_000 },
      )
      .toBe(true);
    return found;
  }

  test('shows who leads, keeps the token out of the URL, and is accessible', async () => {
    await leaderBut();
    expect(page.url()).not.toContain('token');
    await expectAccessible(page);
  });

  test('counts what happens', async () => {
    const counted = async (): Promise<number> =>
      Number(/(\d+) \/ (\d+)/.exec((await page.locator('.now').textContent()) ?? '')?.[2] ?? 0);
    const before = await counted();
    await expect.poll(counted, { timeout: 100_000 }).toBeGreaterThan(before);
  });

  test('shows what a client asks over HTTP on the axis of time', async () => {
    await page.getByRole('link', { name: 'Space-time' }).click();
    const operation = page.locator('g.span.operation title', { hasText: 'put asked-over-http' });
    await expect
      .poll(
        async () => {
          await fetch(`http://127.0.0.1:${port}/kv/asked-over-http`, { method: 'PUT', body: 'x' });
          return operation.count();
        },
        { timeout: 300_000 },
      )
      .toBeGreaterThan(0);
    await page.getByRole('link', { name: 'Cluster' }).click();
  });

  test('kills the leader, and lights the chart of the next one', async () => {
    const first = await leaderBut();
    await page.getByRole('button', { name: `Kill ${first}` }).click();
    await page.locator(`[data-node="${first}"].down`).waitFor();
    const second = await leaderBut(first);
    await page.locator(`[data-node="${second}"]`).click();
    await page.locator('[data-state="leader"] > rect.active').waitFor({ state: 'attached' });
    await page.getByRole('link', { name: 'Cluster' }).click();
    await page.locator('.happenings', { hasText: `${first} down` }).waitFor();
    await page.getByRole('button', { name: `Restart ${first}` }).click();
    await page.locator(`[data-node="${first}"].up`).waitFor();
  });

  test('cuts a link, says that it is cut, and heals it', async () => {
    await page.getByRole('button', { name: 'Cut', exact: true }).click();
    await page.locator('.fault').first().waitFor();
    await page.getByRole('button', { name: 'Heal all' }).click();
    await page.getByText('none in force').waitFor();
  });

  test('splits the nodes into two groups of one choice', async () => {
    const split = page.getByRole('button', { name: 'Split', exact: true });
    for (const node of ['n1', 'n2', 'n3']) await page.getByRole('checkbox', { name: node }).uncheck();
    expect(await split.isDisabled()).toBe(true);
    await page.getByRole('checkbox', { name: 'n2' }).check();
    await page.getByText('from n1, n3').waitFor();
    await split.click();
    const inForce = page.locator('.panel', { has: page.getByRole('heading', { name: /^Faults/ }) }).locator('.fault');
    for (const text of ['n1 cannot reach n2', 'n2 cannot reach n1', 'n2 cannot reach n3', 'n3 cannot reach n2']) {
      await inForce.filter({ hasText: text }).waitFor();
    }
    expect(await inForce.count()).toBe(4);
    await expectAccessible(page);
    // As wide as a phone, and so high that the bar at the bottom covers none of what one may order.
    await page.setViewportSize({ width: 390, height: 4_000 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await expectAccessible(page);
    await expectFits(page);
    await page.setViewportSize({ width: 1_280, height: 800 });
    await page.emulateMedia({ colorScheme: 'light' });
    await page.getByRole('button', { name: 'Heal all' }).click();
    await page.getByText('none in force').waitFor();
  });

  test('finds the moment before the leader was killed, and goes on from there', async () => {
    await page.locator('.happenings button').last().click();
    await expect.poll(() => page.url(), { timeout: 100_000 }).toContain('at=');
    await page.getByRole('button', { name: 'Live' }).click();
    await expect.poll(() => page.url(), { timeout: 100_000 }).not.toContain('at=');
  });

  test('has nothing to complain of', () => {
    expect(problems).toEqual([]);
  });
});
