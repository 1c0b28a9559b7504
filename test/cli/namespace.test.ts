/** Namespaces from the command line. */

import { expect, test } from 'vitest';
import { createNodeLab } from '../services/kv-nodes.ts';
import { quorate } from './commands.ts';

test('a namespace gets a quota, is listed with what it has, and ends', async () => {
  const lab = await createNodeLab();
  await Promise.all(['n1', 'n2', 'n3'].map((id) => lab.start(id)));
  const { httpUrl = '' } = await lab.leader();
  const node = ['--node', httpUrl.slice('http://'.length)];
  expect((await quorate('namespace', 'list', ...node)).stdout).toBe('There is no namespace.\n');
  const set = await quorate('namespace', 'set', 'tenant-a', '--keys', '1000', ...node);
  expect(set).toMatchObject({ code: 0, stdout: 'tenant-a  0 of 1,000 keys, 0 bytes\n' });
  const put = await fetch(`${httpUrl}/kv/tenant-a/1`, { method: 'PUT', body: 'x' });
  expect(put.status).toBe(200);
  const list = await quorate('namespace', 'list', '--json', ...node);
  expect(JSON.parse(list.stdout)).toEqual([{ name: 'tenant-a', quota: { keys: 1_000 }, keys: 1, bytes: 11 }]);
  const end = await quorate('namespace', 'end', 'tenant-a', ...node);
  expect(end).toMatchObject({ code: 0, stdout: 'tenant-a is no namespace any more; its keys (1) stay.\n' });
  const again = await quorate('namespace', 'end', 'tenant-a', ...node);
  expect(again.code).toBe(1);
  expect(again.stderr).toContain("there is no namespace 'tenant-a'; nothing has changed: look at GET /namespaces");
});

test('a quota that is none is refused', async () => {
  expect((await quorate('namespace', 'set', 'a', '--keys', 'many')).code).toBe(2);
});
