import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PageServer, servePages } from '../../../src/dashboard/page-server.ts';
import { pagesFolder } from '../../../src/dashboard/pages.ts';
import { protocols } from '../../../src/proof/protocols.ts';
import { barriersIn, chromiumPath, launch, openPage } from './chromium.ts';

const agree = protocols.find(({ name }) => name === 'agree');
let browser: Browser;
let server: PageServer;

/** A machine that is busy with other things takes long. */
const timeout = 300_000;

describe.skipIf(chromiumPath === undefined && process.env.CI === undefined)('the playground in a browser', () => {
  beforeAll(async () => {
    browser = await launch();
    server = await servePages({ files: pagesFolder });
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  const open = async (query: string) => {
    const opened = await openPage(browser, `${server.url}/playground.html${query}`);
    const { page } = opened;
    const result = page.locator('.setup .result [role=status]');
    const ended = (text: RegExp) => result.filter({ hasText: text }).waitFor();
    return { ...opened, result, ended };
  };

  test('runs a cluster without any server, and goes another way from a fault on', { timeout }, async () => {
    const { page, complaints, ended, result } = await open('?protocol=raft&seed=7');
    await ended(/what must hold held/);
    const before = await result.textContent();
    await page.getByRole('button', { name: 'Kill n1' }).waitFor();
    // As far as a person goes, who looks at a moment in the middle.
    await page.evaluate("location.hash = '#view=cluster&at=400'");
    await page.getByRole('button', { name: 'Kill n1' }).click();
    await page.getByText('Done: kill.').waitFor();
    await ended(/1 faults/);
    expect(await result.textContent()).not.toBe(before);
    const url = new URL(page.url());
    expect(url.searchParams.get('edit')).toMatch(/^\d+(\.\d+)?:\{"fault":"kill","node":"n1"\}$/);
    expect([url.searchParams.get('protocol'), url.searchParams.get('seed')]).toEqual(['raft', '7']);
    expect(url.hash).toContain('at=400');
    // Whoever is given the address sees the same.
    const shared = await open(`${url.search}${url.hash}`);
    await shared.ended(/1 faults/);
    expect(await shared.result.textContent()).toBe(await result.textContent());
    expect([...complaints, ...shared.complaints]).toEqual([]);
  });

  test('can be read by all, wide and narrow, light and dark', { timeout }, async () => {
    const { page, complaints, ended } = await open('?protocol=raft&seed=7&faults=all#view=space-time&at=600');
    await ended(/of virtual time/);
    for (const [width, colorScheme] of [
      [1_280, 'light'],
      [390, 'dark'],
    ] as const) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      expect(await barriersIn(page)).toEqual([]);
    }
    expect(complaints).toEqual([]);
  });

  test('plays scenarios that await promises', { timeout }, async () => {
    const { complaints, ended } = await open('?protocol=2pc-register&seed=3');
    await ended(/what must hold held/);
    expect(complaints).toEqual([]);
  });

  test('checks a small model, and shows how a twin is found out', { timeout }, async () => {
    const twin = agree?.twins.find(({ checker }) => checker !== undefined)?.name ?? '';
    const { page, complaints, ended } = await open(`?protocol=agree&twin=${encodeURIComponent(twin)}`);
    await ended(/of virtual time/);
    await page.getByRole('button', { name: 'Check', exact: true }).click();
    await ended(/is violated in \d+ steps/);
    await page.locator('header .chip').filter({ hasText: 'check' }).waitFor();
    expect(complaints).toEqual([]);
  });
});
