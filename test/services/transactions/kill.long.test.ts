/**
 * kill -9 of the coordinating process over two real PostgreSQL databases, in every state of the charts in which a
 * transaction over two databases waits for something, before and after the state's effects are carried out.
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AnyStateNode } from 'xstate';
import { coordinator, participant } from '../../../statecharts/two-phase-commit.ts';
import { startPostgres, type TestPostgres } from '../../fixtures/postgres.ts';

const root = join(import.meta.dirname, '../../..');
/** Node.js 20 runs no TypeScript: there the example is run as it was built. */
const runsTypeScript = 'typescript' in process.features && process.features.typescript !== false;
const script = runsTypeScript
  ? join(root, 'examples/transfer-coordinator.ts')
  : join(root, 'dist/examples/transfer-coordinator.js');

const leavesBelow = (node: AnyStateNode): string[] => {
  const children = Object.values<AnyStateNode>(node.states);
  return children.length === 0 ? [node.path.join('.')] : children.flatMap(leavesBelow);
};
/** States that need a register, acceptors, a last resource, one phase, a coordinator that is out of reach, a memory that is gone, or a database that does not answer. */
const elsewhere =
  /born|summoned|resolving|registering|polling|leading|claiming|ruling|fenced|delegating|ending|presuming|aborting|deciding|readOnly|rollingBack|cooperating|givingUp|informed|committing\.waiting/;
/** At its final state an actor ends. */
const final = /^(finished|gone)$/;
const states = [coordinator, participant].flatMap((actor) =>
  leavesBelow(actor.chart.root)
    .filter((path) => !elsewhere.test(path) && !final.test(path))
    .map((path) => `${actor.name}:${path}`),
);

/** A second is what is promised; a machine that is busy with other tests gets more. */
const resolveLimitMs = 100_000;

let server: TestPostgres;
const directory = mkdtempSync(join(tmpdir(), 'quorate-kill-'));

interface Life {
  readonly sum: number | undefined;
  readonly withinMs: number;
  readonly end: string;
}

const live = (...how: string[]): Promise<Life> => {
  const databases = ['--north', server.url('north'), '--south', server.url('south')];
  const child = spawn(process.execPath, [script, '--directory', directory, ...databases, ...how], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    let sum: number | undefined;
    let withinMs = 0;
    const deadline = setTimeout(() => child.kill('SIGTERM'), 150_000);
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line: { type: string; sum?: number; withinMs?: number } = JSON.parse(text);
      if (line.type !== 'recovered') return;
      sum = line.sum;
      withinMs = line.withinMs ?? 0;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(deadline);
      resolve({ sum, withinMs, end: String(signal ?? code) });
    });
  });
};

beforeAll(async () => {
  server = await startPostgres();
  await server.createDatabase('north');
  await server.createDatabase('south');
  // So that a first life has nothing to wait for.
  expect(await live('--transfers', '0')).toMatchObject({ sum: 20_000, end: '0' });
});
afterAll(async () => {
  await server.remove();
  rmSync(directory, { recursive: true, force: true });
});

describe('kill -9 of the coordinating process', () => {
  test('is tried in every waiting state of a transaction over two databases', () => {
    expect(states).toEqual([
      '2pc.coordinator:undecided.active',
      '2pc.coordinator:undecided.collecting.asking',
      '2pc.coordinator:decided.committing.telling',
      '2pc.coordinator:decided.retained',
      '2pc.participant:unprepared.working',
      '2pc.participant:unprepared.preparing',
      '2pc.participant:inDoubt.relying.waiting',
      '2pc.participant:finishing.committing.asking',
      '2pc.participant:finished.ended',
    ]);
  });

  test('leaves nothing half done, whichever state it comes in', { timeout: 900_000 }, async () => {
    let after = 'the beginning';
    for (const state of states) {
      for (const moment of ['before', 'after']) {
        // Each life recovers what the one before left behind, and is then killed itself.
        const life = await live('--die', state, '--moment', moment, '--concurrency', '4');
        expect({ after, ...life }).toMatchObject({ after, sum: 20_000, end: 'SIGKILL' });
        expect(life.withinMs, `recovery after ${after}`).toBeLessThan(resolveLimitMs);
        after = `${state}, ${moment} its effects`;
      }
    }
    const last = await live('--transfers', '0');
    expect({ after, ...last }).toMatchObject({ after, sum: 20_000, end: '0' });
    const [row] = await server.query('select count(*)::int as n from pg_prepared_xacts');
    expect(row?.n).toBe(0);
  });
});
