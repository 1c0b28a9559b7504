/** In which order nodes are restarted, what is waited for, and what ends it. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Restarted, type RollingParts, restartAll } from '../../src/cli/rolling-restart/rolling.ts';
import { rollingParts } from '../../src/cli/rolling-restart.ts';
import type { AnsweredNode, Told } from '../../src/cli/status/nodes.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';
import { QuorateError } from '../../statecharts/actor.ts';
import { freePorts } from '../fixtures/ports.ts';
import { quorate } from './commands.ts';

class Refused extends QuorateError {
  readonly code = 'REFUSED';
}

/** Three nodes that are what is said of them, on virtual time. */
function scene({ ids = ['n1', 'n2', 'n3'], leader = 'n1' } = {}) {
  const clock = createVirtualClock();
  const log: string[] = [];
  const nodes = new Map(
    ids.map((id) => [id, { startedMs: clock.nowMs() - 1_000_000, isAway: false, commit: 9, applied: 9 }]),
  );
  const cluster = { leader, committed: 9 };
  const of = (id: string) => {
    const found = nodes.get(id);
    if (found === undefined) throw new Error(`there is no ${id}`);
    return found;
  };
  const statusOf = (id: string): Told => ({
    ...{
      id,
      role: id === cluster.leader ? 'leader' : 'follower',
      leader: cluster.leader,
      isCaughtUp: true,
      revision: 1,
    },
    ...{ commitIndex: of(id).commit, appliedIndex: of(id).applied, pid: 1 },
    uptimeMs: clock.nowMs() - of(id).startedMs,
    peers: ['n1', 'n2', 'n3'].filter((it) => it !== id),
  });
  const parts: RollingParts = {
    clock,
    patienceMs: 10_000,
    ask: async () =>
      ids.map(
        (id): AnsweredNode =>
          of(id).isAway ? { at: id, unreachable: { code: 'GONE', message: 'gone' } } : { at: id, status: statusOf(id) },
      ),
    isReady: async () => true,
    async handOver(at) {
      log.push(`${at} hands over`);
      cluster.leader = ids.find((it) => it !== at) ?? at;
    },
    async restart({ id }) {
      log.push(`restart ${id}`);
      const node = of(id);
      node.isAway = true;
      clock.setTimeout(() => {
        log.push(`${id} answers`);
        Object.assign(node, { isAway: false, startedMs: clock.nowMs(), applied: 0 });
      }, 700);
      clock.setTimeout(() => {
        log.push(`${id} has applied all`);
        node.applied = 9;
      }, 1_500);
    },
    restarted: ({ id }) => log.push(`${id} is back`),
  };
  /** Lets virtual time pass until `promise` has settled. */
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    let isOver = false;
    const end = (): void => {
      isOver = true;
    };
    promise.then(end, end);
    for (let turn = 0; !isOver && turn < 100_000; turn += 1) {
      for (let tick = 0; tick < 20; tick += 1) await Promise.resolve();
      if (!isOver) clock.advance(10);
    }
    return promise;
  };
  return {
    parts,
    log,
    of,
    cluster,
    run: (changed: Partial<RollingParts> = {}): Promise<readonly Restarted[]> =>
      settled(restartAll({ ...parts, ...changed })),
  };
}

const turnOf = (id: string) => [`restart ${id}`, `${id} answers`, `${id} has applied all`, `${id} is back`];

describe('a rolling restart', () => {
  test('takes one node after the other, each when the last one has what was committed; who leads comes last and hands over', async () => {
    const { log, run } = scene();
    const restarted = await run();
    expect(log).toEqual([...turnOf('n2'), ...turnOf('n3'), 'n1 hands over', ...turnOf('n1')]);
    expect(restarted.map(({ id, led }) => [id, led])).toEqual([
      ['n2', false],
      ['n3', false],
      ['n1', true],
    ]);
  });

  test('has a node hand over that has come to lead meanwhile', async () => {
    const { log, cluster, run, parts } = scene();
    await run({
      restarted(node) {
        parts.restarted(node);
        if (node.id === 'n2') cluster.leader = 'n3';
      },
    });
    expect(log.slice(4, 6)).toEqual(['n3 hands over', 'restart n3']);
  });

  test('asks again where no other node came to lead', async () => {
    const { log, run, parts } = scene();
    let refusals = 2;
    await run({
      async handOver(at) {
        refusals -= 1;
        if (refusals >= 0) throw new Refused('an election is under way');
        await parts.handOver(at);
      },
    });
    expect(log).toContain('n1 is back');
  });

  test('ends with why no other node leads, and restarts none that does', async () => {
    const { log, run } = scene();
    const handOver = async () => {
      throw new Refused('no other node has come to lead');
    };
    await expect(run({ handOver })).rejects.toThrow(/^n1 was not restarted.*no other node has come to lead/);
    expect(log).not.toContain('restart n1');
  });

  test('begins with no node while one is away', async () => {
    const { log, of, run } = scene();
    of('n3').isAway = true;
    await expect(run()).rejects.toMatchObject({
      code: 'NOT_RESTARTED',
      message: expect.stringContaining('n3 has GONE'),
    });
    expect(log).toEqual([]);
  });

  test('leaves the others alone when a node does not come back', async () => {
    const { log, run, of } = scene();
    const restart = async ({ id }: { readonly id: string }) => {
      log.push(`restart ${id}`);
      of(id).isAway = true;
    };
    await expect(run({ restart })).rejects.toThrow(/after the restart of n2/);
    expect(log).toEqual(['restart n2']);
  });

  test('is not deceived by a process that goes on', async () => {
    const { run } = scene();
    await expect(run({ restart: async () => undefined })).rejects.toThrow(/n2 runs as before/);
  });

  test('takes no node that is not ready', async () => {
    const { run } = scene();
    await expect(run({ isReady: async (at) => at !== 'n2' })).rejects.toThrow(/n2 is not ready/);
  });

  test('wants every node named', async () => {
    const { run } = scene({ ids: ['n1', 'n2'] });
    await expect(run()).rejects.toThrow('got none at n3; name it, too, with --node');
  });
});

describe('what restarts a node', () => {
  const settings = {
    node: [{ host: '10.0.0.1', port: 4_701 }],
    patienceS: 1,
    clock: createVirtualClock(),
    restarted: () => undefined,
  };
  const target = { at: '10.0.0.1:4701', id: 'n1', pid: 7 };

  test('is run with what is known of the node, without a shell', async () => {
    const check = `process.exit(process.argv.slice(1).join() === 'n1,10.0.0.1,4701,7,$HOME' ? 0 : 1)`;
    const command = [process.execPath, '-e', check, '--', '{id}', '{host}', '{port}', '{pid}', '$HOME'];
    await rollingParts({ ...settings, command }).restart(target);
  });

  test('that fails says how', async () => {
    const command = [process.execPath, '-e', 'process.exit(3)'];
    await expect(rollingParts({ ...settings, command }).restart(target)).rejects.toThrow(/ended with exit code 3$/);
    const missing = rollingParts({ ...settings, command: ['/no/such/program'] }).restart(target);
    await expect(missing).rejects.toMatchObject({ code: 'FILE' });
  });

  test('is no signal to a process of another machine', async () => {
    await expect(rollingParts({ ...settings, command: [] }).restart(target)).rejects.toThrow(/say it after --/);
  });

  test('is nothing that who answers could have chosen, in place of a node', async () => {
    const asked: (string | undefined)[] = [];
    let told: object = {};
    const server = createServer(({ headers }, response) => {
      asked.push(headers.authorization);
      response.end(JSON.stringify(told));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void server.close());
    const port = Number(Object(server.address()).port);
    const asking = { node: [{ host: '127.0.0.1', port }], token: 'a-token', command: [] };
    const { ask } = rollingParts({ ...settings, ...asking });
    const well = {
      ...{ id: 'n1', role: 'leader', leader: 'n1', commitIndex: 1, appliedIndex: 1 },
      ...{ isCaughtUp: true, revision: 1, pid: 7 },
    };
    const wrong = [{ id: 'n1; reboot' }, { id: '' }, { pid: -1 }, { pid: 0 }, { pid: 1.5 }, { pid: '7' }];
    for (const changed of wrong) {
      told = { ...well, ...changed };
      expect(await ask(), JSON.stringify(changed)).toMatchObject([{ unreachable: { code: 'NOT_A_NODE' } }]);
    }
    told = { ...well, version: '1\u001b[2J\u009b' };
    expect(await ask()).toMatchObject([{ status: { id: 'n1', pid: 7, version: '1\\u001b[2J\\u009b' } }]);
    expect(new Set(asked)).toEqual(new Set(['Bearer a-token']));
  });

  test('does not take for ready what does not answer', async () => {
    const [port = 0] = await freePorts(1);
    const parts = rollingParts({ ...settings, node: [{ host: '127.0.0.1', port }], command: [] });
    expect(await parts.isReady(`127.0.0.1:${port}`)).toBe(false);
  });

  test('restarts less than three nodes only where that is allowed', async () => {
    const { code, stderr } = await quorate('rolling-restart', '--node', '127.0.0.1:1', '--node', '127.0.0.1:2');
    expect([code, stderr]).toEqual([2, expect.stringContaining('--allow-outage')]);
  });
});
