/** All nodes of a cluster of processes are restarted under load, and no caller has to ask twice. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { connect } from '../../src/services/store/tcp-client.ts';
import { freePort } from '../fixtures/ports.ts';
import { type Run, run } from '../fixtures/processes.ts';
import { until } from '../fixtures/until.ts';

const deadlineMs = 120_000;

test.each(['raft', 'paxos'])(
  'no call fails while all nodes are restarted, by %s',
  { timeout: 600_000 },
  async (protocol) => {
    const directory = mkdtempSync(join(tmpdir(), 'quorate-rolling-'));
    const port = await freePort([0, 1, 2, 100, 101, 102]);
    const up: Run = run(['up', '--data', directory, '--port', String(port), '--protocol', protocol]);
    onTestFinished(async () => {
      up.signal('SIGTERM');
      await up.end();
      rmSync(directory, { recursive: true, force: true });
    });
    await up.printed(/Ctrl-C stops all nodes/);
    const [https, tcps] = [0, 100].map((offset) => [0, 1, 2].map((index) => `127.0.0.1:${port + offset + index}`));
    const pidAt = async (at: string): Promise<unknown> => {
      const status: unknown = await (await fetch(`http://${at}/status`)).json();
      return Object(status).pid;
    };
    const pids = (): Promise<unknown[]> => Promise.all((https ?? []).map(pidAt));
    await until('all nodes to answer', pids);
    const before = await pids();
    const client = await connect(tcps ?? [], { connectMs: deadlineMs });
    onTestFinished(() => client.close());

    let isOver = false;
    const work = async (worker: number): Promise<Map<string, number>> => {
      const versions = new Map<string, number>();
      for (let round = 0; !isOver; round += 1) {
        const key = `k/${worker}/${round % 50}`;
        versions.set(key, (await client.put(key, new Uint8Array([worker]), { deadlineMs })).version);
        expect((await client.get(key, { deadlineMs }))?.version).toBe(versions.get(key));
      }
      return versions;
    };
    const working = Promise.allSettled([0, 1, 2, 3].map(work));
    const rolling = run(['rolling-restart', ...(https ?? []).flatMap((at) => ['--node', at]), '--patience-s', '120']);
    const code = await rolling.end(280_000);
    isOver = true;
    const worked = await working;
    expect({ code, stderr: rolling.stderr }).toEqual({ code: 0, stderr: '' });
    expect(rolling.stdout).toMatch(/, and led before\.\nAll 3 nodes were restarted\.\n$/);
    expect(worked.filter(({ status }) => status === 'rejected')).toEqual([]);

    const after = await pids();
    expect(after.filter((pid) => before.includes(pid))).toEqual([]);
    for (const it of worked) {
      if (it.status === 'rejected') continue;
      for (const [key, version] of it.value) expect((await client.get(key, { deadlineMs }))?.version).toBe(version);
    }
  },
);
