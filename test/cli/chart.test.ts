import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { mermaidOf } from '../../src/charts/mermaid.ts';
import { serverChart } from '../../statecharts/raft.ts';
import { quorate } from './commands.ts';

const xstate = pathToFileURL(join(import.meta.dirname, '../../node_modules/xstate/dist/xstate.esm.js')).href;

function moduleWith(text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-chart-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, 'own.mjs');
  writeFileSync(path, `import { createMachine } from '${xstate}';\n${text}`);
  return path;
}

describe('quorate chart', () => {
  test('draws a role in each format, and writes to a file where one is named', async () => {
    expect((await quorate('chart', 'raft.server')).stdout.trimEnd()).toBe(mermaidOf(serverChart));
    expect(JSON.parse((await quorate('chart', 'raft.server', '--format', 'json')).stdout)).toMatchObject({
      id: 'raft-server',
    });
    expect((await quorate('chart', 'raft.server', '--format', 'dot')).stdout).toMatch(/^digraph "raft-server" \{/);
    const out = join(moduleWith(''), '../raft.svg');
    expect(await quorate('chart', 'raft.server', '--format', 'svg', '--out', out)).toMatchObject({
      code: 0,
      stdout: '',
    });
    expect(readFileSync(out, 'utf8')).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  });

  test('lists the roles that have a name', async () => {
    expect((await quorate('chart', '--list')).stdout.split('\n')).toContain('2pc.coordinator');
    expect(JSON.parse((await quorate('chart', '--list', '--json')).stdout).roles).toContain('failover.manager');
  });

  test("draws a user's own machine, and an actor's definition", async () => {
    const one = moduleWith("export const own = createMachine({ id: 'own', initial: 'a', states: { a: {}, b: {} } });");
    expect((await quorate('chart', one)).stdout).toContain('[*] --> a');
    const two = moduleWith(
      "export const a = createMachine({ id: 'a' }); export const b = { name: 'x', chart: createMachine({ id: 'b' }) };",
    );
    expect((await quorate('chart', two, '--export', 'b', '--format', 'json')).stdout).toContain('"id": "b"');
    const unsure = await quorate('chart', two);
    expect(unsure).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/exports the charts a, b; choose one with --export/),
    });
  });

  test('says what is wrong with a name, a path, a module, or a file to write to', async () => {
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [['raft.sever'], /UNKNOWN_CHART: .*got 'raft\.sever'; the roles are\n[\s\S]*raft\.server/],
      [['./no-such-file.js'], /FILE: expected a module at \.\/no-such-file\.js, found none/],
      [[moduleWith('export const text = 1;')], /UNKNOWN_CHART: .*exports no chart/],
      [[moduleWith('throw new Error("too early");')], /FILE: .*could not be run: too early/],
      [['raft.server', '--format', 'png'], /Allowed choices are mermaid, json, svg, dot/],
      [['raft.server', '--out', '/no/such/directory/x.svg'], /FILE: .*cannot be written/],
      [[], /Usage: quorate chart/],
    ];
    for (const [args, message] of cases) {
      const { code, stderr } = await quorate('chart', ...args);
      expect(stderr).toMatch(message);
      expect(code).toBe(2);
    }
  });
});
