import { describe, expect, test } from 'vitest';
import { compare } from '../../src/compare/compare.ts';
import { type Comparison, readComparison } from '../../src/compare/comparison.ts';
import { operationKinds } from '../../src/compare/contract.ts';
import type { FaultName } from '../../src/compare/faults.ts';
import { methodNamed, methods } from '../../src/compare/methods.ts';
import { htmlReport } from '../../src/compare/report/html.ts';
import { textReport } from '../../src/compare/report/text.ts';

const timeout = 300_000;

const comparisonOf = (names: readonly string[], faults: readonly FaultName[], runs = 1): Promise<Comparison> =>
  compare({ seed: 1, runs, methods: names.map(methodNamed), faults });

describe('a comparison', () => {
  test('is the same, to the last byte, when it is asked for again', { timeout }, async () => {
    const names = ['2pc-journal', 'failover-hot'];
    const [one, other] = [await comparisonOf(names, ['crash']), await comparisonOf(names, ['crash'])];
    expect(JSON.stringify(other)).toBe(JSON.stringify(one));
    expect(htmlReport(other)).toBe(htmlReport(one));
  });

  test('gives each figure again by the command that it names', { timeout }, async () => {
    const both = await comparisonOf(['none', 'raft'], ['crash', 'pause']);
    const alone = await comparisonOf(['raft'], ['pause']);
    const [raft] = both.methods.filter(({ name }) => name === 'raft');
    expect(alone.methods[0]?.calm).toEqual(raft?.calm);
    expect(alone.methods[0]?.faults).toEqual(raft?.faults.filter(({ fault }) => fault === 'pause'));
  });

  test('has the form that programs rely on, and says why where there is no figure', { timeout }, async () => {
    const comparison = await comparisonOf(['raft', '2pc-register', 'failover-cold'], ['disk-stall']);
    expect(readComparison(JSON.parse(JSON.stringify(comparison)))).toEqual(comparison);
    expect(() => readComparison({ ...comparison, runs: 'many' })).toThrow(/number/);
    const [raft, register, failover] = comparison.methods;
    expect(raft?.faults[0]).toMatchObject({ blocked: { notApplicable: expect.stringMatching(/nothing is prepared/) } });
    expect(register?.faults[0]).toMatchObject({ blocked: expect.any(Number) });
    expect(failover?.calm.flushesPerCommit).toMatchObject({ notApplicable: expect.stringMatching(/no disk/) });
    expect(failover?.faults[0]).toEqual({
      fault: 'disk-stall',
      notApplicable: expect.stringMatching(/no disk/),
    });
    expect(raft?.operations['transfer-across']).toMatchObject({ notApplicable: expect.any(String) });
    expect(raft?.calm.latencyMs.p999).toMatchObject({ notApplicable: expect.stringMatching(/raise --runs/) });
    expect(textReport(comparison)).toMatch(/^\| failover-cold +\| +not applicable \|$/m);
  });
});

describe('the report', () => {
  test('is one page that loads nothing and runs nothing', { timeout }, async () => {
    const page = htmlReport(await comparisonOf(['none', 'raft'], ['crash', 'zone-loss']));
    expect(page).toContain('<th scope="col">p99, ms</th>');
    expect(page).toContain('<th scope="row">Raft</th>');
    expect(page).not.toMatch(/<th>|<tr><td/);
    expect(page).not.toMatch(/<script|<link|<img|<iframe|https?:|url\((?!#)|@import|\son\w+=/i);
    expect(page).toMatch(/<svg /);
    expect(page).toContain('quorate compare --seed 1 --runs 1 --method raft --fault zone-loss');
    expect(page).toMatch(/<text [^>]*>never<\/text>/);
  });
});

test('every method says of every operation how it expresses it, or why it cannot', () => {
  for (const { operations } of methods) expect(Object.keys(operations).sort()).toEqual([...operationKinds].sort());
  expect(new Set(methods.map(({ name }) => name)).size).toBe(methods.length);
});
