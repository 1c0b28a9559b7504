import { describe, expect, test, vi } from 'vitest';
import { run } from '../fixtures/processes.ts';

// Processes take their time to start on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

async function checkRaft(...args: readonly string[]) {
  const started = run(['check', 'raft', ...args]);
  const code = await started.end(60_000);
  return { code, stdout: started.stdout, stderr: started.stderr };
}

describe('quorate check raft', () => {
  test('ends with 0 when every property holds and every goal was reached, and says how much that took', async () => {
    const { code, stdout } = await checkRaft('--nodes', '2', '--terms', '1', '--entries', '1', '--crashes', '1');
    expect(stdout).toMatch(/^raft with 2 servers, 1 term, 1 entry, 1 crash, .*: ok\n/);
    expect(stdout).toMatch(/[\d,]+ distinct states, [\d,]+ transitions, depth \d+/);
    expect(stdout).toMatch(/ok +always: election safety/);
    expect(stdout).toMatch(/ok +sometimes: a leader has crashed, in \d+ steps/);
    expect(stdout).not.toMatch(/VIOLATED|NOT REACHED|unknown/);
    expect(code).toBe(0);
  });

  test('ends with 1 for a violation, told as numbered steps and as a diagram', async () => {
    const { code, stdout } = await checkRaft('--broken', 'one vote less than a majority elects');
    expect(stdout).toMatch(/VIOLATED +always: election safety/);
    expect(stdout).toMatch(/Counterexample to 'election safety', 4 steps:\n +1\. timer electionTimeout of n\d/);
    expect(stdout).toContain('```mermaid\nsequenceDiagram');
    expect(code).toBe(1);
  });

  test('ends with 1 when nothing can happen that would show anything', async () => {
    const { code, stdout } = await checkRaft('--nodes', '2', '--elections', '0');
    expect(stdout).toMatch(/NOT REACHED +sometimes: a leader is elected/);
    expect(code).toBe(1);
  });

  test('ends with 3 when a limit comes first', async () => {
    const { code, stdout } = await checkRaft('--nodes', '3', '--max-states', '100');
    expect(stdout).toContain('not complete: stopped by the limit of states');
    expect(code).toBe(3);
  });

  test.each([
    [['--nodes', 'many'], /--nodes.*whole number from 1 to 5/],
    [['--losses', 'some'], /--losses.*whole number/],
    [['--network', 'pigeons'], /--network.*unordered, duplicating, ordered/],
    [['--broken', 'nothing'], /--broken.*Allowed choices/],
  ])('ends with 2 for %j', async (args, problem) => {
    const { code, stderr } = await checkRaft(...args);
    expect(stderr).toMatch(problem);
    expect(code).toBe(2);
  });
});
