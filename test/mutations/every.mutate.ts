/** Puts each mutation into a copy of the project and runs the tests that must notice it there, in two copies at a time. */

import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, test } from 'vitest';
import { mutations } from './mutations.ts';

const root = join(import.meta.dirname, '../..');
const copied = ['src', 'statecharts', 'test', 'examples', 'package.json', 'tsconfig.json'];
const directory = mkdtempSync(join(tmpdir(), 'quorate-mutations-'));
/** Copies in which no mutation is at the moment; `maxConcurrency` of the configuration says how many take one. */
const unused = ['1', '2'].map((name) => join(directory, name));

beforeAll(() => {
  for (const copy of unused) {
    for (const name of copied) cpSync(join(root, name), join(copy, name), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  }
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Less than the time limit of a test. */
const longestMs = 540_000;

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs tests in a copy, one file after the other. */
function runTests(copy: string, tests: readonly string[]): Promise<Ended> {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  // Many a mutation makes something hang: less patience than for tests that are expected to pass.
  const patience = ['--testTimeout=30000', '--hookTimeout=30000', '--bail=1', '--retry=0'];
  // What is compiled is kept between runs, by its content, and goes with the copies.
  const kept = ['--experimental.fsModuleCache', `--experimental.fsModuleCachePath=${join(directory, 'compiled')}`];
  const speed = ['--maxWorkers=1', '--typecheck.enabled=false', ...kept];
  const options = ['--config', 'test/vitest.config.ts', ...speed, ...patience];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [vitest, 'run', ...options, ...tests], {
      cwd: copy,
      env: { ...process.env, NO_COLOR: '1' },
      // A group of its own, so that what hangs is ended with all its processes, and leaves its copy to the next one.
      detached: true,
    });
    let output = '';
    const timeout = setTimeout(() => {
      output += `\nended after ${longestMs} ms`;
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, longestMs);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    child.on('close', (code) => {
      clearTimeout(timeout);
      resolve({ code, output });
    });
  });
}

test.concurrent.for(mutations)('is noticed: $name', async ({ file, text, becomes, tests }, { expect }) => {
  const copy = unused.pop();
  if (copy === undefined) throw new Error('expected a copy for each test that runs; maxConcurrency must be as many');
  const path = join(copy, file);
  const source = readFileSync(path, 'utf8');
  writeFileSync(
    path,
    source.replace(text, () => becomes),
  );
  try {
    const { code, output } = await runTests(copy, tests);
    expect(output).toMatch(/Tests {2}\d+ failed/);
    expect(code).toBe(1);
  } finally {
    writeFileSync(path, source);
    unused.push(copy);
  }
});
