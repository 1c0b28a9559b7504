/**
 * Takes the pictures of the dashboard that the documents show, from simulated runs, so that they are as true as the pages that
 * are built. Needs Chromium.
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const root = join(import.meta.dirname, '..', '..');
const dist = join(root, 'dist', 'src');
const { jsonRoute, servePages } = await import(join(dist, 'dashboard', 'page-server.js'));
const { recordRun } = await import(join(dist, 'dashboard', 'record-run.js'));
const { protocols } = await import(join(dist, 'proof', 'protocols.js'));
const { planSeed } = await import(join(dist, 'simulator', 'plan.js'));

/** A run of Raft in which leaders are lost. */
async function recorded() {
  const protocol = protocols.find(({ name }) => name === 'raft');
  const faults = ['crash', 'pause', 'isolate'];
  const schedule = planSeed(protocol.scenario(), { seed: 5, nodes: 3, faults, faultyMs: 6_000 });
  const { recording } = await recordRun({ protocol, schedule, drawsFates: true, isNetworkFaulty: true });
  return recording;
}

const recording = await recorded();
/** The last change of a leader: all of the page has something to show then. */
const elected = recording.items.findLastIndex((item, at) => {
  if (item.type !== 'step' || item.role !== 'leader') return false;
  const before = recording.items.slice(0, at).findLast((it) => it.actor === item.actor && 'role' in it);
  return before?.role !== 'leader';
});
const { actor } = recording.items[elected];
/** Somewhat later, when it has begun to replicate. */
const at = elected + 40;
const shots = [
  { name: 'dashboard-cluster', at, fragment: 'view=cluster', ready: '.map' },
  {
    name: 'dashboard-charts',
    at: elected,
    fragment: `view=charts&chart=raft.server&actor=${actor}`,
    ready: 'rect.active',
    colorScheme: 'dark',
  },
  { name: 'dashboard-space-time', at, fragment: 'view=space-time', ready: 'main svg' },
];

const server = await servePages({
  files: join(root, 'dist', 'dashboard'),
  routes: { '/recording.json': jsonRoute(recording) },
});
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
});
try {
  const folder = join(root, 'docs', 'images');
  mkdirSync(folder, { recursive: true });
  for (const { name, at: position, fragment, ready, colorScheme = 'light' } of shots) {
    const page = await browser.newPage({
      viewport: { width: 1_280, height: 760 },
      colorScheme,
      reducedMotion: 'reduce',
    });
    await page.goto(`${server.url}/#${fragment}&at=${position}`);
    await page.locator('.now', { hasText: `${position} / ` }).waitFor();
    await page.locator(ready).first().waitFor({ state: 'attached' });
    await page.screenshot({ path: join(folder, `${name}.png`) });
    await page.close();
    process.stdout.write(`docs/images/${name}.png\n`);
  }
} finally {
  await browser.close();
  await server.close();
}
