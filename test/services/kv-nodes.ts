/** Nodes for tests, as `quorate node` runs them, in this process: real journals, TCP and HTTP on loopback. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { HostPort } from '../../src/bus/tcp.ts';
import { type KeyValueNode, type KeyValueNodeOptions, startKeyValueNode } from '../../src/services/kv-node.ts';
import { freePorts } from '../fixtures/ports.ts';
import { testSecret } from '../fixtures/secret.ts';
import { until } from '../fixtures/until.ts';

/** A directory that is gone after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export const at = (port: number): HostPort => ({ host: '127.0.0.1', port });

/** A cluster whose nodes can be started with other options than their own, to see what becomes of it. */
export interface NodeLab {
  readonly directory: string;
  optionsOf(id: string): KeyValueNodeOptions;
  start(id: string, changed?: Partial<KeyValueNodeOptions>): Promise<KeyValueNode>;
  stop(id: string): Promise<void>;
  node(id: string): KeyValueNode;
  /** Waits until one of the running nodes leads. */
  leader(): Promise<KeyValueNode>;
}

/** Makes a lab; what it started is stopped after the test. `shared` options are those of all nodes. */
export async function createNodeLab(
  ids: readonly string[] = ['n1', 'n2', 'n3'],
  shared: Pick<KeyValueNodeOptions, 'protocol' | 'nats'> = {},
): Promise<NodeLab> {
  const directory = temporaryDirectory();
  const ports = await freePorts(ids.length);
  const addresses = new Map(ids.map((id, index) => [id, at(ports[index] ?? 0)]));
  const running = new Map<string, KeyValueNode>();
  onTestFinished(async () => {
    await Promise.all([...running.values()].map((it) => it.stop()));
  });
  const optionsOf = (id: string): KeyValueNodeOptions => ({
    id,
    cluster: 'test',
    secret: testSecret,
    dataDirectory: join(directory, id),
    listen: addresses.get(id) ?? at(0),
    http: at(0),
    peers: Object.fromEntries([...addresses].filter(([other]) => other !== id)),
    pid: process.pid,
    requestDeadlineMs: 15_000,
    ...shared,
  });
  const node = (id: string): KeyValueNode => {
    const found = running.get(id);
    if (found === undefined) throw new Error(`node ${id} does not run`);
    return found;
  };
  return {
    directory,
    optionsOf,
    async start(id, changed = {}) {
      const started = await startKeyValueNode({ ...optionsOf(id), ...changed });
      running.set(id, started);
      return started;
    },
    async stop(id) {
      await node(id).stop();
      running.delete(id);
    },
    node,
    leader: () =>
      until('a leader', () =>
        [...running.values()].find(({ store, node: { isRunning } }) => isRunning && store.status().role === 'leader'),
      ),
  };
}

/** Writes over HTTP. @returns the status */
export async function put(node: KeyValueNode, key: string, value: string): Promise<number> {
  const response = await fetch(`${node.httpUrl}/kv/${key}`, { method: 'PUT', body: value });
  await response.arrayBuffer();
  return response.status;
}

/**
 * Writes over HTTP until that is acknowledged: a machine with other work may miss the deadline of a request, or elect another leader in
 * the middle of it.
 */
export const written = (node: KeyValueNode, key: string, value: string): Promise<boolean> =>
  until(`${node.node.id} to write ${key}`, async () => (await put(node, key, value)) === 200);

/** Reads over HTTP. */
export async function get(node: KeyValueNode, key: string, query = ''): Promise<string | undefined> {
  const response = await fetch(`${node.httpUrl}/kv/${key}${query}`);
  const text = await response.text();
  return response.ok ? text : undefined;
}
