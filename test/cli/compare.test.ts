import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { barOf, createProgressBar } from '../../src/cli/compare/progress.ts';
import { readComparison } from '../../src/compare/comparison.ts';
import { quorate } from './commands.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quorate-compare-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const small = ['compare', '--seed', '1', '--runs', '1', '--method', 'none', '--fault', 'crash'];

describe('quorate compare', () => {
  test('tells the same figures as JSON each time, and nothing else there', { timeout: 600_000 }, async () => {
    const [one, other] = [await quorate(...small, '--json'), await quorate(...small, '--json')];
    expect(one.code).toBe(0);
    expect(other.stdout).toBe(one.stdout);
    expect(JSON.parse(one.stdout)).toMatchObject({ format: 'quorate-comparison/1', seed: 1, runs: 1 });
  });

  test('tells tables to a person', { timeout: 600_000 }, async () => {
    const { code, stdout, stderr } = await quorate(...small);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\| none +\| +5\d{3} \|$/m);
    expect(stderr).toMatch(/0\/2 no replication/);
  });

  test('writes a report, and the figures of it beside it', { timeout: 600_000 }, async () => {
    const out = join(directory, 'report.html');
    const { code, stderr } = await quorate(...small, '--out', out);
    expect([code, stderr]).toEqual([0, expect.stringContaining('report.json')]);
    expect(await readFile(out, 'utf8')).toMatch(/^<!doctype html>/);
    const figures: unknown = JSON.parse(await readFile(join(directory, 'report.json'), 'utf8'));
    expect(figures).toMatchObject({ format: 'quorate-comparison/1' });
  });

  test('refuses what it does not know by name, with exit code 2, before it runs anything', async () => {
    const taken = join(directory, 'taken');
    await mkdir(join(taken, 'x.json'), { recursive: true });
    const refusals: readonly (readonly [args: readonly string[], message: RegExp])[] = [
      [['--methods', 'raft,rift'], /UNKNOWN_METHOD: .*got 'rift'/],
      [['--fault', 'flood'], /UNKNOWN_FAULT: .*got 'flood'/],
      [['--method', 'raft', '--methods', 'none'], /COMPARISON_OPTIONS: .*got both/],
      [['--out', 'report.pdf'], /COMPARISON_OPTIONS: .*\.html/],
      [['--out', '/nowhere/report.HTML'], /FILE: cannot write the report to '\/nowhere\/report\.HTML'/],
      [['--out', join(taken, 'x.html')], /FILE: cannot write the figures to '.*x\.json': it is a directory/],
      [['--methods', ''], /UNKNOWN_METHOD: .*got ''/],
      [['--methods', 'all,raft'], /COMPARISON_OPTIONS: expected 'all' alone in --methods, got all,raft/],
      [['--faults', 'crash,none'], /COMPARISON_OPTIONS: expected 'none' alone in --faults, got crash,none/],
      [['--runs', '0'], /--runs.*Expected a whole number from 1/],
      [['--seed', '-1'], /--seed.*Expected a whole number from 0/],
      [['--seed', 'abc'], /--seed.*'abc'/],
    ];
    for (const [args, message] of refusals) {
      const { code, stderr, stdout } = await quorate('compare', ...args);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(message);
    }
  });
});

describe('quorate compare --live', () => {
  test('says of what it cannot run as processes why it is not applicable, and tells no figure of it', async () => {
    const args = ['compare', '--live', '--methods', '2pc-journal,failover-hot', '--faults', 'crash'];
    const { code, stdout } = await quorate(...args);
    expect(code).toBe(0);
    expect(stdout).toContain('not replayable');
    expect(stdout).toMatch(/^\| 2pc-journal +\| .*databases or servers are outside of the nodes/m);
    const comparison = readComparison(JSON.parse((await quorate(...args, '--json')).stdout));
    expect(comparison).toMatchObject({ live: true, on: 'processes', methods: [] });
    expect(comparison.notApplicable?.map(({ name }) => name)).toEqual(['2pc-journal', 'failover-hot']);
  });
});

describe('the progress of a comparison', () => {
  const at = (done: number) => ({ done, total: 10, method: 'Raft', part: 'crash' });

  test('is a bar where a person looks at it, and gone at the end', () => {
    const drawn: string[] = [];
    expect(barOf(at(5))).toBe(`${'█'.repeat(15)}${'░'.repeat(15)}   5/10  Raft: crash`);
    const bar = createProgressBar({ err: () => {}, progress: (line) => void drawn.push(line) });
    bar.show(at(1));
    bar.end();
    expect(drawn).toEqual([barOf(at(1)), '']);
  });
});
