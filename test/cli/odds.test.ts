import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { quorate } from './commands.ts';

const pair = ['odds', '2pc', '--participants', '2'];
const titles = [
  'P(prepare)',
  'P(commit | prepare)',
  'P(commit)',
  'P(blocked for longer than 1 s)',
  'expected latency in ms',
  'expected messages',
  'downtime',
];

describe('quorate odds', () => {
  test('tells each quantity with the ways that gave it, and why others do not', async () => {
    const { code, stdout } = await quorate(
      ...pair,
      '--vote-yes',
      '0.9',
      '--loss',
      '0',
      '--mttf',
      '30d',
      '--runs',
      '200',
    );
    for (const title of titles) expect(stdout).toContain(`\n${title}  `);
    expect(stdout).toMatch(/P\(prepare\) +0\.81 +0\.8\d* to 0\.81\d* +0\.\d+ \(0\.\d+ to 0\.\d+\)\n/);
    expect(stdout).toMatch(/P\(blocked for longer than 1 s\) .* none of 200: at most 0\.0\d+\n/);
    expect(stdout).toContain('participants 2, vote-yes 0.9, loss 0, mttf 30d, mttr 5m');
    expect(stdout).toContain('- not given by runs: a run is one commit, and no year (downtime)');
    expect(stdout).toMatch(/The ways agree\.\n$/);
    expect(code).toBe(0);
  });

  test('tells the same as JSON', async () => {
    const { code, stdout } = await quorate(...pair, '--loss', '0', '--runs', '50', '--json');
    const told = JSON.parse(stdout);
    expect(told).toMatchObject({ agrees: true, methods: [{ method: '2pc', agrees: true, disagreements: [] }] });
    const names = told.methods[0].quantities.map(({ name }: { readonly name: string }) => name);
    expect(names).toEqual(expect.arrayContaining(['prepare', 'commitIfPrepared', 'commit', 'blocked', 'messages']));
    expect(told.methods[0].quantities[0]).toMatchObject({
      formula: { type: 'value' },
      model: { type: 'bounds' },
      runs: { type: 'sample', runs: 50 },
    });
    expect(code).toBe(0);
  });

  test('draws how odds change, in the terminal and as an SVG that needs nothing else', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'quorate-odds-'));
    try {
      const file = join(directory, 'curve.svg');
      const { code, stdout } = await quorate(...pair, '--sweep', 'vote-yes=0.5..1', '--runs', '10', '--svg', file);
      expect(stdout).toMatch(/^2pc by vote-yes\n {2}1\.00 \|[c*pb ]+\n/);
      expect(stdout).toContain('*  P(commit), by formula');
      expect(stdout).toMatch(/\n +0\.75 +0\.5625 /);
      expect(code).toBe(0);
      const svg = readFileSync(file, 'utf8');
      expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" role="img"/);
      expect(svg).not.toMatch(/<script|href|url\(/);
      expect(new Set(svg.match(/stroke-dasharray="[^"]*"/g)).size).toBe(4);
      expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test.each([
    [['2pc', '--loss', '1.2'], /^ODDS_OPTIONS: expected a probability from 0 to 1 for --loss, got '1\.2'/],
    [['2pc', '--mttf', '30'], /^ODDS_OPTIONS: expected a duration such as 500ms, 5m or 30d, got '30'/],
    [['2pc', '--mttf', '400000d'], /^ODDS_OPTIONS: expected a duration .* for --mttf/],
    [['2pc', '--participants', '2.5'], /^ODDS_OPTIONS: expected a whole number from 2 to 5 for --participants/],
    [['2pc', '--servers', '3'], /^ODDS_OPTIONS: expected parameters that 2pc takes .*got 'servers'/],
    [['raft', '--vote-yes', '0.5'], /^ODDS_OPTIONS: .* raft takes \(servers, loss, mttf, mttr\), got 'vote-yes'/],
    [['carrier-pigeon'], /^ODDS_OPTIONS: expected one of 2pc.*got 'carrier-pigeon'/],
    [[], /^ODDS_OPTIONS: expected a method .*or --all, got none/],
    [['2pc', '--all'], /^ODDS_OPTIONS: expected a method or --all/],
    [['2pc', '--svg', 'curve.svg'], /^ODDS_OPTIONS: expected --sweep with --svg/],
    [['2pc', '--sweep', 'weather=0..1'], /^ODDS_OPTIONS: expected --sweep NAME=FROM\.\.TO with one of participants/],
    [['2pc', '--sweep', 'loss=0.2..0'], /^ODDS_OPTIONS: expected --sweep to begin below its end/],
    [['2pc', '--sweep', 'loss=0..2'], /^ODDS_OPTIONS: expected a probability from 0 to 1/],
    [
      ['2pc', '--sweep', 'loss=0..0.2', '--svg', 'README.md'],
      /^ODDS_OPTIONS: expected --svg FILE\.svg, got 'README\.md'/,
    ],
    [
      ['2pc', '--sweep', 'loss=0..0.2', '--svg', '/nowhere/x.svg'],
      /^FILE: cannot write the curves to '\/nowhere\/x\.svg'/,
    ],
    [['2pc', '--sweep', 'loss=0..0.2', '--loss', '0.1'], /^ODDS_OPTIONS: expected --loss or a --sweep of it, got both/],
    [['2pc', '--sweep', 'loss=0..0.2', '--verify'], /^ODDS_OPTIONS: expected one method with --sweep.*got --verify/],
    [['--all', '--sweep', 'loss=0..0.2'], /^ODDS_OPTIONS: expected one method with --sweep.*got --all/],
    [['2pc', '--sweep', 'servers=2..3'], /ODDS_OPTIONS: expected parameters that 2pc takes/],
    [['2pc', '--runs', '0'], /--runs.*whole number/],
  ])('ends with 2 for %j', async (args, problem) => {
    const { code, stderr } = await quorate('odds', ...args);
    expect(stderr).toMatch(problem);
    expect(code).toBe(2);
  });
});
