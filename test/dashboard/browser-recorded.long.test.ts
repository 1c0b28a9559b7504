import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { roles } from '../../src/charts/roles.ts';
import type { Recording } from '../../src/dashboard/feed.ts';
import { openTransactions } from '../../src/dashboard/model/open-transactions.ts';
import { Timeline } from '../../src/dashboard/model/timeline.ts';
import { jsonRoute, type PageServer, servePages } from '../../src/dashboard/page-server.ts';
import { recordRun } from '../../src/dashboard/record-run.ts';
import { expectAccessible, expectFits, hasBrowser, type Look, openPage, pagesFolder, startBrowser } from './browser.ts';
import { faulty, planned, protocol } from './runs.ts';

// A browser takes its time on a busy machine.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

/** A simulated run in which leaders crash and links fail. */
async function recorded(name: string): Promise<Recording> {
  const of = protocol(name);
  const { recording } = await recordRun({
    protocol: of,
    schedule: planned(of, 3, ['crash', 'pause', 'isolate']),
    ...faulty,
  });
  return recording;
}

describe.skipIf(!hasBrowser)('a recorded run on the page', () => {
  let browser: Browser;
  let raft: Recording;
  let server: PageServer;
  beforeAll(async () => {
    raft = await recorded('raft');
    server = await servePages({ files: pagesFolder, routes: { '/recording.json': jsonRoute(raft) } });
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const open = async (fragment: string, look: Look = {}, at = server): Promise<Page> => {
    const { page, problems } = await openPage(browser, `${at.url}/${fragment}`, look);
    onTestFinished(async () => {
      await page.close();
      expect(problems).toEqual([]);
    });
    return page;
  };
  const place = (page: Page): URLSearchParams => new URLSearchParams(new URL(page.url()).hash.slice(1));

  test('begins at its beginning, steps by button and key, and says so in the URL', async () => {
    const page = await open('');
    await page.getByText('recorded').waitFor();
    expect(await page.getByRole('button', { name: 'Kill' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Forward one step' }).click();
    const at = () => place(page).get('at');
    await expect.poll(at, { timeout: 100_000 }).toBe('1');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowLeft');
    await expect.poll(at, { timeout: 100_000 }).toBe('2');
    await page.keyboard.press('Shift+ArrowRight');
    await expect.poll(() => Number(at()), { timeout: 100_000 }).toBeGreaterThan(2);
    const marked = Number(at());
    await page.reload();
    await page.locator('.now', { hasText: `${marked} / ` }).waitFor();
  });

  test('shows the leader at a moment, and no node that leads beside it at the beginning', async () => {
    const elected = raft.items.findIndex((item) => item.type === 'step' && item.role === 'leader');
    const item = raft.items[elected];
    const page = await open(`#view=cluster&at=${elected}`);
    const leader = page.locator(`[data-node="${item !== undefined && 'node' in item ? item.node : ''}"]`);
    await leader.getByText('leader').waitFor();
    await page.keyboard.press('Home');
    await expect.poll(() => page.locator('.node .role', { hasText: 'leader' }).count(), { timeout: 100_000 }).toBe(0);
  });

  test('plays to its end', async () => {
    const page = await open(`#view=cluster&at=${raft.items.length - 30}`);
    await page.getByLabel('Speed').selectOption('16');
    await page.getByRole('button', { name: 'Play' }).click();
    await page.locator('.now', { hasText: `${raft.items.length - 1} / ${raft.items.length - 1}` }).waitFor();
    await page.getByRole('button', { name: 'Play' }).waitFor();
  });

  test('lights the active state of a chart, and tells the rule of the transition that was taken', async () => {
    const elected = raft.items.findIndex((item) => item.type === 'step' && item.role === 'leader');
    const item = raft.items[elected];
    const actor = item?.type === 'step' ? item.actor : '';
    const page = await open(`#view=charts&at=${elected}&chart=raft.server&actor=${actor}`);
    await page.locator('[data-state="leader"] > rect.active').waitFor({ state: 'attached' });
    await page.locator('g.arrow.taken').first().waitFor({ state: 'attached' });
    await page.getByText('Transition taken last').waitFor();
    await page.getByText('All transitions').click();
    await page.locator('aside li', { hasText: 'Raft §9.6' }).getByRole('button').first().click();
    await page.getByText('Picked transition').waitFor();
    expect(await page.locator('.transition .rule').first().textContent()).toContain('Raft §9.6');
  });

  test('draws the chart of every role', async () => {
    const page = await open('#view=charts');
    for (const { name, chart } of roles) {
      await page.getByLabel('Chart', { exact: true }).selectOption(name);
      await page.locator(`svg.chart [data-state="${chart.id}"]`).waitFor({ state: 'attached' });
    }
  });

  test('shows on the diagram what the nodes of one role say', async () => {
    const elected = raft.items.findIndex((item) => item.type === 'step' && item.role === 'leader');
    const page = await open(`#view=space-time&at=${elected + 10}`);
    const arrows = page.locator('svg.space-time [data-sent]');
    await arrows.first().waitFor({ state: 'attached' });
    const all = await arrows.count();
    await page.getByRole('combobox', { name: 'Role' }).selectOption('leader');
    await expect.poll(() => arrows.count(), { timeout: 30_000 }).toBeLessThan(all);
    expect(await arrows.count()).toBeGreaterThan(0);
    await page.getByRole('combobox', { name: 'Role' }).selectOption('all');
    await expect.poll(() => arrows.count(), { timeout: 30_000 }).toBe(all);
  });

  test.each([
    ['cluster', {}],
    ['cluster', { colorScheme: 'dark' }],
    ['charts', {}],
    ['charts', { colorScheme: 'dark' }],
    ['space-time', {}],
    ['space-time', { colorScheme: 'dark' }],
    ['cluster', { width: 390, height: 844 }],
    ['charts', { width: 390, height: 844 }],
    ['space-time', { width: 390, height: 844 }],
  ] satisfies readonly (readonly ['cluster' | 'charts' | 'space-time', Look])[])(
    'is accessible: %s, %j',
    async (view, look) => {
      const page = await open(`#view=${view}&at=${Math.floor(raft.items.length / 2)}`, look);
      await page.getByText('recorded').waitFor();
      await page.locator({ cluster: '.map', charts: 'svg.chart', 'space-time': 'svg.space-time' }[view]).waitFor();
      await expectAccessible(page);
      await expectFits(page);
    },
  );

  test.each([{}, { width: 390, height: 844, colorScheme: 'dark' }] satisfies readonly Look[])(
    'tells accessibly how a message fared, what led to it and what followed: %j',
    async (look) => {
      const arrived = raft.items.findLastIndex((item) => item.type === 'step' && item.sent !== undefined);
      const page = await open(`#view=space-time&at=${arrived}`, look);
      await page.getByText('In this window').click();
      await page.locator('.messages li button').first().click();
      await page.getByRole('button', { name: 'To its departure' }).waitFor();
      await expectAccessible(page);
      await expectFits(page);
    },
  );

  test.each([{}, { width: 390, height: 844, colorScheme: 'dark' }] satisfies readonly Look[])(
    'tells accessibly which transactions are open, and who is waited for: %j',
    async (look) => {
      const recording = await recorded('2pc');
      const timeline = new Timeline();
      timeline.add(recording.items);
      const position = recording.items.findIndex(
        (_, at) => openTransactions(timeline.at(at), timeline.atMs(at) ?? 0).length > 1,
      );
      expect(position).toBeGreaterThan(0);
      const other = await servePages({ files: pagesFolder, routes: { '/recording.json': jsonRoute(recording) } });
      onTestFinished(() => other.close());
      const page = await open(`#view=cluster&at=${position}`, look, other);
      await page.getByRole('heading', { name: /^Open transactions/ }).waitFor();
      await expectAccessible(page);
      await expectFits(page);
    },
  );

  test.each(['2pc', 'failover', 'paxos', 'primary-backup'])('shows a run of %s', async (name) => {
    const recording = await recorded(name);
    const other = await servePages({ files: pagesFolder, routes: { '/recording.json': jsonRoute(recording) } });
    onTestFinished(() => other.close());
    const page = await open(`#view=cluster&at=${Math.floor(recording.items.length / 2)}`, {}, other);
    await page.getByText('recorded').waitFor();
    await page.locator('.map').waitFor();
    await expectAccessible(page);
  });

  test('says what to do where there is nothing to show', async () => {
    const empty = await servePages({ files: pagesFolder });
    onTestFinished(() => empty.close());
    const { page } = await openPage(browser, `${empty.url}/`);
    await page.getByText('open the URL that was printed, with its token').waitFor();
    await page.close();
  });
});
