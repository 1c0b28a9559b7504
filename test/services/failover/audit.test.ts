/** The audit log: each transition once, whatever ends in between; and the file that it is written to. */

import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openAuditLog } from '../../../src/services/failover/audit.ts';
import { openRotatingFile, type RotatingFileOptions } from '../../../src/services/rotating-file.ts';
import type { Phase, Transition } from '../../../statecharts/failover.ts';

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-audit-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
const linesOf = (path: string): readonly string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1);
const noLoss = (lines: number, why: unknown): void => {
  throw new Error(`${lines} lines are lost: ${String(why)}`);
};

const transition = (revision: number, phase: Phase = 'monitoring'): Transition => ({
  revision,
  term: 1,
  manager: 'm1',
  change: 'settled',
  epoch: 1,
  version: 1,
  phase,
  reason: null,
  server: 'r1',
});

describe('an audit log', () => {
  test('has each transition once, with the time of day and who saw it, and goes on after its last line', async () => {
    const path = join(temporary(), 'new', 'audit.jsonl');
    const open = () => openAuditLog({ path, manager: 'm2', onLost: noLoss });
    const first = await open();
    expect(first.phase).toBeUndefined();
    expect(first.note([transition(1), transition(2, 'fencing')])).toHaveLength(2);
    expect(first.note([transition(1), transition(2, 'fencing')])).toEqual([]);
    await first.close();
    const second = await open();
    expect(second.phase).toBe('fencing');
    expect(second.note([transition(2, 'fencing'), transition(3)])).toEqual([transition(3)]);
    expect(second.phase).toBe('monitoring');
    await second.close();
    const entries = linesOf(path).map((line) => JSON.parse(line));
    expect(entries.map(({ revision }) => revision)).toEqual([1, 2, 3]);
    expect(entries[0]).toMatchObject({ level: 'info', seenBy: 'm2', ...transition(1) });
    expect(Date.parse(entries[0].time)).not.toBeNaN();
    expect(statSync(path).mode & 0o077).toBe(0);
  });

  test('goes on after a line that a crash has cut short, which no later one is glued to', async () => {
    const path = join(temporary(), 'audit.jsonl');
    const first = await openAuditLog({ path, manager: 'm1', onLost: noLoss });
    first.note([transition(1)]);
    await first.close();
    appendFileSync(path, '{"level":"info","revi');
    const second = await openAuditLog({ path, manager: 'm1', onLost: noLoss });
    expect(second.note([transition(1), transition(2)])).toEqual([transition(2)]);
    await second.close();
    const lines = linesOf(path);
    expect(lines).toHaveLength(3);
    expect(JSON.parse(lines[2] ?? '')).toMatchObject({ revision: 2 });
  });

  test('goes on also where its last line was set aside just before', async () => {
    const path = join(temporary(), 'audit.jsonl');
    const first = await openAuditLog({ path, manager: 'm1', onLost: noLoss });
    first.note([transition(7)]);
    await first.close();
    const aside = readFileSync(path);
    rmSync(path);
    appendFileSync(`${path}.1`, aside);
    const second = await openAuditLog({ path, manager: 'm1', onLost: noLoss });
    expect(second.note([transition(7), transition(8)])).toEqual([transition(8)]);
    await second.close();
  });
});

describe('a file of lines', () => {
  const openAt = (path: string, options: Partial<RotatingFileOptions> = {}) =>
    openRotatingFile({ path, onLost: noLoss, ...options });

  test('is set aside at its size, under numbers of which the last ones are kept, and no line is torn', async () => {
    const directory = temporary();
    const path = join(directory, 'log');
    for (let at = 0; at < 12; at += 1) {
      // Opened anew, it knows its size.
      const { file } = await openAt(path, { sizeBytes: 20, kept: 2 });
      file.write(`line-${String(at).padStart(2, '0')}\n`);
      await file.close();
    }
    expect(readdirSync(directory).sort()).toEqual(['log', 'log.1', 'log.2']);
    expect([`${path}.2`, `${path}.1`, path].flatMap(linesOf)).toEqual(
      [6, 7, 8, 9, 10, 11].map((at) => `line-${String(at).padStart(2, '0')}`),
    );
  });

  test('may be kept without any that is older', async () => {
    const directory = temporary();
    const { file } = await openAt(join(directory, 'log'), { sizeBytes: 8, kept: 0 });
    file.write('one\n');
    await file.close();
    file.write('two-two\n');
    await file.close();
    expect(readdirSync(directory)).toEqual(['log']);
    expect(linesOf(join(directory, 'log'))).toEqual(['two-two']);
  });

  test('says how many lines it has lost, and goes on', async () => {
    const directory = temporary();
    const path = join(directory, 'log');
    const lost: number[] = [];
    const { file } = await openAt(path, { onLost: (lines) => lost.push(lines) });
    mkdirSync(path);
    file.write('one\n');
    await file.close();
    rmSync(path, { recursive: true });
    file.write('two\n');
    await file.close();
    expect(lost).toEqual([1]);
    expect(linesOf(path)).toEqual(['two']);
  });

  test('has so many lines wait, and drops the newest beyond', async () => {
    const path = join(temporary(), 'log');
    let lost = 0;
    const { file } = await openAt(path, {
      onLost(lines) {
        lost += lines;
      },
    });
    // The first one is being written while the others come.
    for (let at = 0; at < 10_003; at += 1) file.write(`${at}\n`);
    await file.close();
    expect(lost).toBe(2);
    expect(linesOf(path).at(-1)).toBe('10000');
  });
});
