import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { FaultOrder, FeedItem } from '../../src/dashboard/feed.ts';
import { freePort } from '../fixtures/ports.ts';
import { type Run, run } from '../fixtures/processes.ts';
import { until } from '../fixtures/until.ts';

// Processes take their time to start on a busy machine.
describe('the dashboard of quorate up', () => {
  const parent = mkdtempSync(join(tmpdir(), 'quorate-dashboard-'));
  let cluster: Run;
  let viewer: WebSocket;
  let order: (fault: FaultOrder) => Promise<number>;
  const items: FeedItem[] = [];
  /** The latest role of each node's server. */
  const roles = new Map<string, string | undefined>();
  const leader = (): string | undefined => [...roles].find(([, role]) => role === 'leader')?.[0];
  const isTold = (wanted: Partial<FeedItem>): boolean =>
    items.some((item) =>
      Object.entries(wanted).every(([key, value]) => new Map(Object.entries(item)).get(key) === value),
    );

  beforeAll(async () => {
    const port = await freePort([0, 1, 2, 100, 101, 102]);
    cluster = run(['up', '--data', join(parent, 'data'), '--port', String(port), '--dashboard', '0']);
    const [, url = ''] = await cluster.printed(/(http:\S+#token=\S+)/);
    const { host, origin, hash } = new URL(url);
    const token = hash.replace('#token=', '');
    order = async (fault) => {
      const headers = { authorization: `Bearer ${token}` };
      return (await fetch(`${origin}/faults`, { method: 'POST', headers, body: JSON.stringify(fault) })).status;
    };
    viewer = new WebSocket(`ws://${host}/feed?token=${token}`);
    viewer.on('message', (data) => {
      const told: FeedItem[] = JSON.parse(String(data));
      for (const item of told) {
        items.push(item);
        if (item.type === 'down') roles.delete(item.node);
        else if (item.type !== 'head' && 'chart' in item && item.chart === 'raft.server')
          roles.set(item.node, item.role);
      }
    });
    await until('all nodes to be seen, and a leader', () => roles.size === 3 && leader() !== undefined);
  });
  afterAll(async () => {
    viewer.terminate();
    cluster.signal('SIGTERM');
    await cluster.end();
    rmSync(parent, { recursive: true, force: true });
  });

  test('shows what nodes say to each other', async () => {
    await until(
      'a message that left, and one that was taken in',
      () => isTold({ type: 'sent' }) && isTold({ type: 'step' }),
    );
    expect(items[0]).toMatchObject({ type: 'head', nodes: ['n1', 'n2', 'n3'], takesFaults: true });
  });

  test('kills the leader, shows the next one, and starts the node again', async () => {
    const first = await until('a leader', leader);
    expect(await order({ fault: 'kill', node: first })).toBe(204);
    await until('the node to be down', () => isTold({ type: 'down', node: first }));
    await until('the fault', () => isTold({ type: 'fault', text: `${first} is killed`, isActive: true }));
    await until('another leader', () => leader() !== undefined && leader() !== first);
    expect(await order({ fault: 'restart', node: first })).toBe(204);
    await until('the node to follow', () => roles.get(first) === 'follower');
    await until('the end of the fault', () => isTold({ type: 'fault', text: `${first} is killed`, isActive: false }));
  });

  test('cuts the leader off, so that another one leads, and heals the links', async () => {
    const first = await until('a leader', leader);
    const others = ['n1', 'n2', 'n3'].filter((node) => node !== first);
    expect(await order({ fault: 'split', groups: [[first], others] })).toBe(204);
    await until('a leader among the others', () => others.some((node) => roles.get(node) === 'leader'));
    await until('a message that is lost', () => isTold({ type: 'lost', reason: 'a fault that was ordered' }));
    expect(await order({ fault: 'heal' })).toBe(204);
    await until('the one that was cut off to follow', () => roles.get(first) === 'follower');
  });

  test('pauses a node, and lets it go on', async () => {
    items.length = 0;
    expect(await order({ fault: 'pause', node: 'n1' })).toBe(204);
    await until('a leader among the others', () => roles.get('n2') === 'leader' || roles.get('n3') === 'leader');
    expect(await order({ fault: 'resume', node: 'n1' })).toBe(204);
    await until('a step of it', () => items.some((item) => item.type === 'step' && item.node === 'n1'));
  });

  test('fills a disk, which stops the node before it acknowledges, and the node comes back with room', async () => {
    items.length = 0;
    const [node] = await until('a follower', () => [...roles].find(([, role]) => role === 'follower'));
    expect(await order({ fault: 'full-disk', node })).toBe(204);
    // A change of leader is written down by everyone.
    const lead = await until('a leader', leader);
    expect(await order({ fault: 'restart', node: lead })).toBe(204);
    await until('the node to have stopped', () => isTold({ type: 'down', node }));
    await until('the node to be back', () => roles.has(node));
  });
});
