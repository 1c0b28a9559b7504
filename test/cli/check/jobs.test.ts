import { expect, test } from 'vitest';
import { type Job, runJob } from '../../../src/cli/check/jobs.ts';

const dead = { timeouts: 0, refusals: false, crashes: 1, crashing: ['c'], restarts: false } as const;
const bounds = { ...dead, eventually: true } as const;
const knownTruth = { violates: 'every branch comes to its end', because: 'it blocks' };
const done = (job: Job) => runJob(job, () => {});

test('a truth that is known is as it should be when it is found, and nothing else', () => {
  const job: Job = { protocol: '2pc', bounds };
  expect(done(job).report.verdict).toBe('violated');
  const { report, text } = done({ ...job, knownTruth });
  expect(report.verdict).toBe('ok');
  expect(text).toMatch(/^Known: it blocks\. .*: found\.\n/);
  expect(text).toContain("Counterexample to 'every branch comes to its end'");
});

test('a truth that is known and not found is a fault', () => {
  const job: Job = { protocol: '2pc-register', bounds: { ...bounds, inquiries: 0 } };
  expect(done(job).report.verdict).toBe('ok');
  const { report, text } = done({ ...job, knownTruth });
  expect(report.verdict).toBe('violated');
  expect(text).toContain('NOT FOUND');
});

test('a truth that is known is not found where only a budget ends the runs', () => {
  const { report, text } = done({ protocol: '2pc', bounds: { ...bounds, inquiries: 1 }, knownTruth });
  expect(report.verdict).toBe('unknown');
  expect(text).toContain("A run that leaves open 'every branch comes to its end'");
});

test('a truth that is known does not hide another fault', () => {
  const job: Job = { protocol: '2pc', bounds, broken: 'a coordinator does not wait for all votes' };
  expect(done({ ...job, knownTruth }).report.verdict).toBe('violated');
});

test('a check that ends early has found nothing', () => {
  expect(done({ protocol: '2pc', bounds, knownTruth, maxStates: 5 }).report.verdict).toBe('unknown');
});
