import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Comparison, readComparison } from '../../src/compare/comparison.ts';
import { isAlive, type Run, run } from '../fixtures/processes.ts';
import { childrenOf } from '../fixtures/servers.ts';
import { until } from '../fixtures/until.ts';

const timeout = 600_000;

/** Where the commands put what is temporary. */
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-compare-live-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Runs the command, which does not outlive the test: its nodes stop when it is gone. */
function start(...args: readonly string[]): Run {
  const command = run(['compare', '--live', '--seed', '1', '--runs', '1', ...args], {
    environment: { TMPDIR: directory },
  });
  onTestFinished(async () => {
    command.signal('SIGTERM');
    await command.end();
  });
  return command;
}

async function compared(...args: readonly string[]): Promise<Comparison> {
  const command = start('--json', ...args);
  expect([await command.end(timeout), command.stderr]).toEqual([0, expect.not.stringMatching(/ERROR|LIVE_CLUSTER/)]);
  return readComparison(JSON.parse(command.stdout));
}

describe('quorate compare --live', () => {
  test('finds after a crash of the only copy all that was acknowledged, and leaves nothing behind', {
    timeout,
  }, async () => {
    const { environment, methods } = await compared('--method', 'none', '--faults', 'crash,full-partition');
    expect(environment?.statement).toContain('not replayable');
    const [none] = methods;
    expect(none?.calm.integrity).toMatchObject({ lost: 0, repeated: 0, unreadable: 0 });
    expect(none?.calm.integrity.acknowledged).toBeGreaterThan(0);
    expect(none?.calm.flushesPerCommit).toMatchObject({ notApplicable: expect.any(String) });
    expect(none?.faults[0]).toMatchObject({ fault: 'crash', integrity: { lost: 0, repeated: 0, unreadable: 0 } });
    expect(none?.faults[1]).toEqual({
      fault: 'full-partition',
      notApplicable: expect.stringMatching(/takes privileges/),
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  test('finds with raft all that was acknowledged after the leader was killed', { timeout }, async () => {
    const { methods } = await compared('--method', 'raft', '--fault', 'crash');
    const crash = methods[0]?.faults[0];
    expect(crash).toMatchObject({
      integrity: { lost: 0, repeated: 0, unreadable: 0 },
      consistency: { linearizable: { violation: 0 } },
    });
    expect(crash !== undefined && 'integrity' in crash ? crash.integrity.acknowledged : 0).toBeGreaterThan(0);
  });

  test('ends its processes and removes their data when it is interrupted', { timeout }, async () => {
    const command = start('--method', 'raft', '--fault', 'pause');
    const started = await until('three nodes', () => {
      const children = childrenOf(command.pid);
      return children.length === 3 ? children : undefined;
    });
    command.signal('SIGINT');
    expect(await command.end()).toBe(1);
    expect([command.stdout, command.stderr]).toEqual(['', expect.stringMatching(/COMPARISON_STOPPED: .*SIGINT/)]);
    expect(started.filter(isAlive)).toEqual([]);
    expect(readdirSync(directory)).toEqual([]);
  });
});
