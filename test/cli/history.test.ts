import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { run } from '../fixtures/processes.ts';
import { quorate } from './commands.ts';

// Processes take their time to start on a busy machine.
const put = { process: 1, f: 'put', key: 'x' };
const get = { process: 2, f: 'get', key: 'x' };
const good = [
  { ...put, type: 'invoke', value: 3 },
  { ...put, type: 'ok' },
  { ...get, type: 'invoke' },
  { ...get, type: 'ok', value: 3 },
];
/** A read that misses a write which was acknowledged before. */
const bad = [...good.slice(0, 3), { ...get, type: 'ok', value: null }];
const text = (events: readonly object[]): string => events.map((event) => `${JSON.stringify(event)}\n`).join('');

function temporary(contents: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-history-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'history.jsonl');
  writeFileSync(file, contents);
  return file;
}

/** Judges a file here, or what a process of its own reads from its standard input. */
async function history(args: readonly string[], input?: string) {
  if (input === undefined) return quorate('history', ...args);
  const started = run(['history', ...args], { input });
  const code = await started.end();
  return { code, stdout: started.stdout, stderr: started.stderr };
}

describe('quorate history', () => {
  test('ends with 0 for a history that is linearizable, and says so', async () => {
    const { code, stdout, stderr } = await history([temporary(text(good)), '--model', 'kv']);
    expect(stdout).toMatch(/^Linearizable: .*kv/);
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  test('ends with 1 for a violation, names the operation, and draws it', async () => {
    const file = temporary(text(bad));
    const { code, stdout } = await history([file, '--model', 'kv', '--picture', `${file}.svg`]);
    expect(stdout).toMatch(/Not linearizable: key "x"/);
    expect(stdout).toContain(`Picture: ${file}.svg`);
    expect(readFileSync(`${file}.svg`, 'utf8')).toMatch(/^<svg [\s\S]*Not linearizable[\s\S]*<\/svg>\s*$/);
    expect(code).toBe(1);
  });

  test('reads the standard input, lines that end as on Windows, and a last line without an end', async () => {
    const input = text(bad).replaceAll('\n', '\r\n').trimEnd();
    expect((await history(['-', '--model', 'kv'], input)).code).toBe(1);
    expect((await history(['-', '--model', 'kv'], text(good).trimEnd())).code).toBe(0);
  });

  test('ends with 3 when nobody knows within the budget', async () => {
    // Many concurrent writes, then a read of a value that nobody wrote: every order of the writes has to be refuted.
    const processes = Array.from({ length: 60 }, (_, index) => index);
    const events = [
      ...processes.map((process) => ({ ...put, process, type: 'invoke', value: process })),
      { ...get, process: 'r', type: 'invoke' },
      { ...get, process: 'r', type: 'ok', value: 'never written' },
      ...processes.map((process) => ({ ...put, process, type: 'ok' })),
    ];
    const { code, stdout } = await history(['-', '--model', 'kv', '--budget', '0.05'], text(events));
    expect(stdout).toMatch(/^Unknown/);
    expect(code).toBe(3);
  });

  test.each([
    ['JSON that is none', '{"process":1,"type":"invoke"\n', /HISTORY_FORMAT: line 1/],
    ['an answer without an invocation', text(good.slice(1)), /HISTORY_FORMAT: line 1/],
    ['a function that the model lacks', text([{ ...put, f: 'pop', type: 'invoke' }]), /HISTORY_FORMAT: line 1.*pop/],
  ])('ends with 2 for %s, and names the line', async (_what, contents, message) => {
    const { code, stdout, stderr } = await history([temporary(contents), '--model', 'kv']);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  test.each(['', '\n\n  \n', '\uFEFF', text([{ ...put, type: 'invoke', value: 3 }])])(
    'ends with 3 for %j, which proves nothing, and says so',
    async (contents) => {
      const file = temporary(contents);
      for (const args of [[], ['--consistency', 'causal'], ['--consistency', 'strongest']]) {
        const { code, stdout } = await history([file, '--model', 'kv', ...args]);
        expect(stdout).toMatch(/proves nothing/);
        expect(code).toBe(3);
      }
    },
  );

  test('judges by the consistency model that is named, and tells JSON', async () => {
    const file = temporary(text(bad));
    const sequential = await history([file, '--model', 'kv', '--consistency', 'sequential']);
    expect(sequential.stdout).toMatch(/^Satisfied: the history is sequentially consistent, as a kv/);
    expect(sequential.code).toBe(0);
    const eventual = await history([file, '--model', 'kv', '--consistency', 'eventual', '--json']);
    expect(JSON.parse(eventual.stdout)).toMatchObject({ consistency: 'eventual', verdict: 'violation' });
    expect(eventual.code).toBe(1);
    const strongest = await history([file, '--model', 'kv', '--consistency', 'strongest', '--json']);
    expect(JSON.parse(strongest.stdout)).toMatchObject({
      strongest: ['sequential'],
      violated: ['linearizable', 'eventual'],
    });
    expect(strongest.code).toBe(0);
    const plain = await history([file, '--model', 'kv', '--json']);
    expect(JSON.parse(plain.stdout)).toMatchObject({ verdict: 'violation', objects: [{ key: 'x' }] });
  });

  test('judges transactions by the isolation level that is named', async () => {
    const transaction = (id: string, key: string, other: string) => ({
      id,
      session: id,
      status: 'ok',
      begin: 0,
      end: 9,
      operations: [
        { f: 'read', key: other, value: [] },
        { f: 'append', key, value: id },
      ],
    });
    const file = temporary(text([transaction('t1', 'x', 'y'), transaction('t2', 'y', 'x')]));
    const snapshot = await history([file, '--isolation', 'snapshot-isolation']);
    expect(snapshot.stdout).toMatch(/^Satisfied: the history is one of snapshot-isolation/);
    expect(snapshot.code).toBe(0);
    const serializable = await history([file, '--isolation', 'serializable']);
    expect(serializable.stdout).toMatch(/^G2: .*write skew.*\n {2}line 1 {2}t1 \(ok\): read y → \[\], append x "t1"$/m);
    expect(serializable.code).toBe(1);
    const strongest = await history([file, '--isolation', 'strongest', '--json']);
    expect(JSON.parse(strongest.stdout)).toMatchObject({ strongest: 'snapshot-isolation' });
    expect((await history([temporary('\n'), '--isolation', 'serializable'])).code).toBe(3);
    expect((await history([file, '--isolation', 'serializable', '--model', 'kv'])).code).toBe(2);
    const refused = await history([temporary('{"id":"t1"}'), '--isolation', 'serializable']);
    expect(refused.stderr).toMatch(/HISTORY_FORMAT: line 1: session/);
    expect(refused.code).toBe(2);
  });

  test('takes limits, and says which one was reached', async () => {
    const file = temporary(text(good));
    for (const [args, message, expected] of [
      [['--lines', '3'], /line 4: expected at most 3 lines/, 2],
      [['--line-length', '20'], /line 1: expected at most 20 characters/, 2],
      [['--steps', '1'], /the limit of steps was reached/, 3],
      [['--consistency', 'sequential', '--steps', '1'], /the limit of steps was reached/, 3],
      [['--steps', '0'], /whole number/, 2],
      [['--memory', 'x'], /whole number/, 2],
    ] as const) {
      const { code, stdout, stderr } = await history([file, '--model', 'kv', ...args]);
      expect(`${stdout}${stderr}`, args.join(' ')).toMatch(message);
      expect(code, args.join(' ')).toBe(expected);
    }
  });

  test('ends with 2 for a file that is no UTF-8', async () => {
    const file = temporary('');
    writeFileSync(file, Buffer.from([0x7b, 0xff, 0xfe, 0x7d]));
    const { code, stderr } = await history([file, '--model', 'kv']);
    expect(stderr).toMatch(/FILE: cannot read .*: it is not UTF-8/);
    expect(code).toBe(2);
  });

  test('ends with 2 for a file without an end of line, before it has eaten all memory', async () => {
    const { code, stderr } = await history(['-', '--model', 'kv'], 'x'.repeat(5_000_000));
    expect(stderr).toMatch(/HISTORY_FORMAT: line 1: /);
    expect(code).toBe(2);
  });

  test('ends with 2 for options that make no sense, and says what was meant', async () => {
    const file = temporary(text(good));
    for (const [args, message] of [
      [[file], /--model/],
      [[file, '--model', 'map'], /Allowed choices are register, cas-register, kv, kv-with-loss, kv-with-ranges, queue/],
      [[file, '--model', 'kv', '--budget', '0'], /above 0/],
      [[file, '--modle', 'kv', '--model', 'kv'], /Did you mean --model/],
      [[`${file}.gone`, '--model', 'kv'], /FILE: cannot read/],
      [[file, '--model', 'kv', '--picture', join(file, 'x.svg')], /FILE: cannot write the picture/],
      [[file, '--model', 'kv', '--consistency', 'causal', '--picture', 'x.svg'], /HISTORY_COMMAND: .*leave one/],
      [[file, '--model', 'kv', '--picture', 'a.png'], /HISTORY_COMMAND: .*FILE\.svg.*got 'a\.png'/],
      [[file, '--model', 'kv', '--consistency', 'casual'], /Allowed choices are linearizable, sequential, causal/],
    ] as const) {
      const { code, stderr } = await history(args);
      expect(stderr, args.join(' ')).toMatch(message);
      expect(code, args.join(' ')).toBe(2);
    }
  });
});
