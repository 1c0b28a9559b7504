import { expect, test } from 'vitest';
import { checkLock, report } from '../../examples/check-own-actor.ts';

test('the lock never gives a token twice, whatever crashes', () => {
  expect(checkLock()).toMatchObject({ ok: true, complete: true });
});

test('the hasty lock is caught giving a token twice', () => {
  const result = checkLock(true);
  expect(result.properties).toContainEqual(expect.objectContaining({ name: 'tokens grow', verdict: 'violated' }));
  const steps = result.properties.find(({ verdict }) => verdict === 'violated')?.trace?.steps;
  expect(steps?.map(({ type }) => type)).toEqual(['request', 'crash', 'restart', 'request']);
});

test('the report shows both', () => {
  expect(report()).toContain('lock: ok');
  expect(report()).toContain("Counterexample to 'tokens grow', 4 steps:");
});
