/** The commands of docs/store.md that ask over HTTP, as they stand there, against a node. */

import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../fixtures/until.ts';
import { type HttpNode, startHttpNode } from '../services/http/http-node.ts';
import { root } from './pages.ts';
import { blocksIn } from './snippets.ts';

const run = promisify(execFile);
const commands = blocksIn(readFileSync(join(root, 'docs/store.md'), 'utf8'))
  .filter(({ info }) => info === 'sh')
  .flatMap(({ code }) => code.trim().split('\n'))
  .map((line) => line.replace(/\s+#.*$/, ''));

let node: HttpNode;
/** A lease and a revision that the node knows. */
let [lease, revision] = [0, 0];
beforeAll(async () => {
  node = await startHttpNode();
  const answer = await fetch(`${node.url}/leases`, { method: 'POST', body: '{"ttlMs": 600000}' });
  ({ lease } = (await answer.json()) as { lease: number });
  for (const key of ['jobs/7', 'jobs/8']) {
    const { headers } = await fetch(`${node.url}/kv/${key}`, { method: 'PUT', body: key });
    revision = Number(headers.get('etag')?.replaceAll('"', ''));
  }
});
afterAll(() => node.stop());

/** The command for this node, with numbers that it knows in place of those of the page. */
const here = (command: string): string =>
  command
    .replaceAll('localhost:4701', new URL(node.url).host)
    .replace(/leases\/14/, `leases/${lease}`)
    .replace('lease=14', `lease=${lease}`)
    .replace(/(revision|after)=\d+/, `$1=${revision - 1}`);

describe('of the commands of docs/store.md', () => {
  test('there are some', () => {
    expect(commands.length).toBeGreaterThan(8);
  });

  test.each(commands.filter((command) => !command.includes('-N')))('%s is answered', async (command) => {
    const { stdout } = await run('sh', [
      '-c',
      here(command.replace('curl ', 'curl --silent --show-error --fail-with-body ')),
    ]);
    expect(stdout).not.toContain('"whatToDo"');
  });

  test.each(commands.filter((command) => command.includes('-N')))('%s tells a change', async (command) => {
    const child = spawn('sh', ['-c', `exec ${here(command.replace('curl ', 'curl --silent '))}`]);
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    try {
      await until('the watch', () => text.startsWith(': changes after'));
      await fetch(`${node.url}/kv/jobs/9`, { method: 'PUT', body: command });
      await until('the change', () => text.includes('"key":"jobs/9"'));
    } finally {
      child.kill();
    }
  });
});
