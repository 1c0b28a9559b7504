/** The page of the examples that run on. */

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { askedPort, showing } from '../../examples/dashboard.ts';
import { startWatched } from '../../examples/inspector.ts';
import { dist } from '../fixtures/processes.ts';

function watched() {
  const nodes = startWatched();
  onTestFinished(async () => void (await Promise.all(nodes.map((node) => node.stop()))));
  return nodes;
}

/** What the page at `url` is. */
const titleOf = async (url: string): Promise<string | undefined> =>
  /<title>(.*)<\/title>/.exec(await (await fetch(url)).text())?.[1];

test('an example that is asked for a page serves it, and says where', async () => {
  const printed: string[] = [];
  const dashboard = await showing(watched(), '0', (line: string) => printed.push(line));
  onTestFinished(() => dashboard.close());
  const [, url = ''] = /^see it at (http:\/\/127\.0\.0\.1:\d+\/#token=.+)$/.exec(printed[0] ?? '') ?? [];
  expect(await titleOf(url)).toContain('Quorate');
});

test('an example that is not asked serves none', async () => {
  const printed: string[] = [];
  const dashboard = await showing(watched(), undefined, (line: string) => printed.push(line));
  await dashboard.close();
  expect(printed).toEqual([]);
});

test('the port is what follows --dashboard, and nothing else is taken', () => {
  expect(askedPort([])).toBe(undefined);
  expect(askedPort(['--dashboard', '4700'])).toBe('4700');
  expect(() => askedPort(['--dash', '4700'])).toThrow("Unknown option '--dash'");
});

test.each(['', 'x', '-1', '65536', '1e3'])("'%s' is no port", async (port) => {
  await expect(showing(watched(), port)).rejects.toThrow(
    `expected a port from 0 to 65535 after --dashboard, got '${port}'`,
  );
});

test('an example that runs as a process shows its nodes', async () => {
  const example = spawn(process.execPath, [join(dist, 'examples', 'inspector.js'), '--dashboard', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void example.kill('SIGKILL'));
  for await (const line of createInterface({ input: example.stderr })) {
    const url = /^see it at (\S+)$/.exec(line)?.[1];
    if (url === undefined) continue;
    expect(await titleOf(url)).toContain('Quorate');
    return;
  }
  expect.fail('the example has ended without a page');
});
