import { describe, expect, test } from 'vitest';
import { protocols as described } from '../../src/proof/protocols.ts';
import { run } from '../fixtures/processes.ts';
import { quorate } from './commands.ts';

// Processes take their time to start on a busy machine.
async function checked(protocol: string, args: readonly string[]) {
  const started = run(['check', protocol, ...args]);
  const code = await started.end(60_000);
  return { code, stdout: started.stdout, stderr: started.stderr };
}
const checkRaft = (...args: readonly string[]) => checked('raft', args);
const checkCommit = (...args: readonly string[]) => checked('2pc', args);
const checkRegister = (...args: readonly string[]) => checked('2pc-register', args);

/** Nobody gives up waiting, and no database refuses. */
const quiet = ['--timeouts', '0', '--no-refusals'];

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
    [['--broken', 'nothing'], /UNKNOWN_TWIN: .*got 'nothing'; there are 'all' and/],
  ])('ends with 2 for %j', async (args, problem) => {
    const { code, stderr } = await quorate('check', 'raft', ...args);
    expect(stderr).toMatch(problem);
    expect(code).toBe(2);
  });
});

describe('quorate check --receptions', () => {
  const few = ['--receptions', '--max-states', '300'];

  test('tells who takes what where, and which transitions nothing takes; a limit leaves open what else may come', async () => {
    const { code, stdout } = await checkRaft(...few, '--nodes', '2');
    expect(stdout).toMatch(/^\d+ receptions, 0 unspecified; \d+ of \d+ transitions taken\n/);
    expect(stdout).toMatch(/raft\.server -> raft\.server\n +message +taken +ignored +absent +unspecified +in\n/);
    expect(stdout).toMatch(/ vote +\d+ +- +- +- +follower\.listening\.free\n/);
    expect(stdout).toMatch(/Transitions that nothing took:\n(.*\n)* +raft\.server: leader, on handOver/);
    expect(code).toBe(3);
  });

  test('ends with 0 when all of a system was explored, and tells it as JSON', async () => {
    const { code, stdout } = await checkCommit(...quiet, '--receptions', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ protocol: '2pc', verdict: 'ok', holes: [] });
    expect(code).toBe(0);
  });

  test('is of one protocol, or of one twin', async () => {
    const { code, stderr } = await quorate('check', 'raft', ...few, '--broken', 'all');
    expect(stderr).toMatch(/CHECK_OPTIONS: expected --receptions of the protocol, or of one twin/);
    expect(code).toBe(2);
  });
});

describe('quorate check 2pc', () => {
  const dead = [...quiet, '--crashes', '1', '--crashing', 'c', '--no-restarts', '--eventually'];

  test('says how many states three participants have', async () => {
    const { code, stdout } = await checkCommit('--participants', '3', ...quiet);
    expect(stdout).toMatch(/^two-phase commit with 3 participants, no refusal: ok\n/);
    expect(stdout).toMatch(/[\d,]+ distinct states, [\d,]+ transitions, depth \d+/);
    expect(stdout).toMatch(/ok +always: agreement/);
    expect(stdout).toMatch(/ok +sometimes: every branch commits, and the caller hears of it, in \d+ steps/);
    expect(code).toBe(0);
  });

  test('shows that it blocks while its coordinator is dead, as a run after which nothing happens any more', async () => {
    const { code, stdout } = await checkCommit(...dead);
    expect(stdout).toMatch(/VIOLATED +eventually: every branch comes to its end/);
    expect(stdout).toMatch(/\d+\. node c crashes\n/);
    expect(stdout.match(/VIOLATED|NOT REACHED|inconclusive /g)).toHaveLength(1);
    expect(code).toBe(1);
  });

  test('shows that it does not block with its decisions in a register', async () => {
    const { code, stdout } = await checkRegister(...dead, '--inquiries', '0');
    expect(stdout).toMatch(/a replicated coordinator, .*: ok\n/);
    expect(stdout).toMatch(/ok +eventually: every branch comes to its end/);
    expect(code).toBe(0);
  });

  test('shows how a broken rule is found out', async () => {
    const { code, stdout } = await checkCommit('--broken', 'a commit is presumed');
    expect(stdout).toMatch(/VIOLATED +always: /);
    expect(stdout).toMatch(/Counterexample to '.*', \d+ steps:\n +1\. /);
    expect(code).toBe(1);
  });

  test.each([
    [['--participants', '1'], /--participants.*whole number from 2 to 5/],
    [['--participants', '6'], /--participants.*whole number from 2 to 5/],
    [['--timeouts', 'few'], /--timeouts.*whole number/],
    [['--crashing', 'n1'], /--crashing.*c, d, e, p1/],
    [['--crashing', 'p3'], /CHECK_OPTIONS: .*up to p2, got 'p3'/],
    [['--readers', '3'], /CHECK_OPTIONS: .*at most 2 --readers/],
    [['--crashing', 'd'], /CHECK_OPTIONS: .*only where a register or acceptors decide/],
    [['--broken', 'nothing'], /UNKNOWN_TWIN: .*got 'nothing'; there are 'all' and/],
  ])('ends with 2 for %j', async (args, problem) => {
    const { code, stderr } = await quorate('check', '2pc', ...args);
    expect(stderr).toMatch(problem);
    expect(code).toBe(2);
  });
});

describe('quorate check', () => {
  test('lists the protocols, in the same words as quorate simulate', async () => {
    const listed = await quorate('check', '--list', '--json');
    expect(listed).toEqual({ code: 0, stdout: expect.anything(), stderr: '' });
    expect(await quorate('simulate', '--list', '--json')).toEqual(listed);
    const { protocols } = JSON.parse(listed.stdout);
    expect(protocols.map(({ name }: { name: string }) => name)).toEqual(described.map(({ name }) => name));
  });

  test('tells a check as JSON', async () => {
    const { code, stdout } = await checkRaft('--broken', 'one vote less than a majority elects', '--json');
    const { protocol, verdict, checks } = JSON.parse(stdout);
    expect([code, protocol, verdict, checks.length]).toEqual([1, 'raft', 'violated', 1]);
    const violated = checks[0].properties.find(({ name }: { name: string }) => name === 'election safety');
    expect(violated).toMatchObject({ kind: 'always', verdict: 'violated', steps: 4 });
    expect(violated.counterexample).toHaveLength(4);
  });

  test('finds every broken twin, or names the means that does', async () => {
    const { code, stdout } = await checkCommit('--broken', 'all', '--json');
    const { ok, twins } = JSON.parse(stdout);
    expect([code, ok]).toEqual([0, true]);
    const verdicts = new Set(twins.map(({ verdict }: { verdict: string }) => verdict));
    expect(verdicts).toEqual(new Set(['found', 'out-of-reach']));
    for (const { verdict, foundBy } of twins) {
      if (verdict === 'out-of-reach') expect(foundBy).toMatch(/^quorate simulate 2pc --broken '/);
    }
  });
});
