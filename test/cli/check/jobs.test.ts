import { expect, test } from 'vitest';
import { type Job, runJob } from '../../../src/cli/check/jobs.ts';

const dead = { timeouts: 0, mayRefuse: false, crashes: 1, crashing: ['c'], restarts: false } as const;
const bounds = { ...dead, flush: 'at-once', inquiries: 0, eventually: true } as const;
const knownTruth = { violates: 'every branch comes to its end', because: 'it blocks' };
const done = (job: Job) => runJob(job, () => {});

test('a truth that is known is as it should be when it is found, and nothing else', () => {
  const job: Job = { system: { protocol: '2pc', bounds } };
  expect(done(job).verdict).toBe('violated');
  const { verdict, text } = done({ ...job, knownTruth });
  expect(verdict).toBe('ok');
  expect(text).toMatch(/^Known: it blocks\. .*: found\.\n/);
  expect(text).toContain("Counterexample to 'every branch comes to its end'");
});

test('a truth that is known and not found is a fault', () => {
  const system: Job['system'] = { protocol: '2pc', bounds: { ...bounds, place: 'register' } };
  expect(done({ system }).verdict).toBe('ok');
  const { verdict, text } = done({ system, knownTruth });
  expect(verdict).toBe('violated');
  expect(text).toContain('NOT FOUND');
});

test('a truth that is known does not hide another fault', () => {
  const system: Job['system'] = { protocol: '2pc', bounds, broken: 'a coordinator does not wait for all votes' };
  expect(done({ system, knownTruth }).verdict).toBe('violated');
});

test('a check that ends early has found nothing', () => {
  expect(done({ system: { protocol: '2pc', bounds }, knownTruth, maxStates: 5 }).verdict).toBe('unknown');
});
