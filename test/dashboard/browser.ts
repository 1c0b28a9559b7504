/** A real Chromium over the built pages of the dashboard: Debian's, driven by playwright-core. */

import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import * as v from 'valibot';
import { expect } from 'vitest';
import { pagesFolder } from '../../src/dashboard/pages.ts';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Whether there is a browser; where there is none, tests that need one are skipped. */
export const hasBrowser = existsSync(executablePath);

/** The pages, as `npm run build` makes them. */
export { pagesFolder };

export const startBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath,
    timeout: 150_000,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });

export interface Look {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: 'light' | 'dark';
}

/** A page, and what went wrong on it. */
export interface OpenPage {
  readonly page: Page;
  /** What the browser's console was told as an error, and requests to other hosts. */
  readonly problems: readonly string[];
}

/** Opens `url`. Deadlines are for what hangs: a busy machine is slow. */
export async function openPage(browser: Browser, url: string, look: Look = {}): Promise<OpenPage> {
  const { width = 1_280, height = 800, colorScheme = 'light' } = look;
  const page = await browser.newPage({ viewport: { width, height }, colorScheme, reducedMotion: 'reduce' });
  page.setDefaultTimeout(100_000);
  const problems: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('request', (request) => {
    if (new URL(request.url()).host !== new URL(url).host) problems.push(`asked for ${request.url()}`);
  });
  await page.goto(url);
  return { page, problems };
}

const found = v.object({
  violations: v.array(v.object({ id: v.string(), nodes: v.array(v.object({ html: v.string() })) })),
});

/** Holds the page to what axe finds wrong for people with disabilities: nothing. */
export async function expectAccessible(page: Page): Promise<void> {
  const tags = JSON.stringify(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']);
  // As text, since what runs in the page has its types.
  const told: unknown = await page.evaluate(`${axe.source}\n;axe.run(document, { runOnly: ${tags} })`);
  const { violations } = v.parse(found, told);
  expect(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`),
  ).toEqual([]);
}

/** Holds the page to it that it is as wide as the screen: nothing is reached by moving it sideways. */
export async function expectFits(page: Page): Promise<void> {
  expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
}
