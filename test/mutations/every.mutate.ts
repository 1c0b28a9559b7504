/** Puts each mutation into a copy of the project and runs the tests that must notice it there. */

import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mutations } from './mutations.ts';

const root = join(import.meta.dirname, '../..');
const copied = ['src', 'statecharts', 'test', 'examples', 'package.json', 'tsconfig.json'];
let copy = '';

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'quorate-mutations-'));
  for (const name of copied) cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

function runTests(tests: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const options = ['--config', 'test/vitest.config.ts', '--typecheck.enabled=false', '--bail=1'];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [vitest, 'run', ...options, ...tests], {
      cwd: copy,
      env: { ...process.env, NO_COLOR: '1' },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    child.on('close', (code) => resolve({ code, output }));
  });
}

test.each(mutations)('is noticed: $name', async ({ file, text, becomes, tests }) => {
  const path = join(copy, file);
  const source = readFileSync(path, 'utf8');
  writeFileSync(
    path,
    source.replace(text, () => becomes),
  );
  try {
    const { code, output } = await runTests(tests);
    expect(output).toMatch(/Tests {2}\d+ failed/);
    expect(code).toBe(1);
  } finally {
    writeFileSync(path, source);
  }
});
