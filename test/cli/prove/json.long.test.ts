import { expect, test } from 'vitest';
import { run } from '../../fixtures/processes.ts';

test('a proof tells each result as JSON on a line of its own, and at last whether all holds', {
  timeout: 600_000,
}, async () => {
  const proof = run(['prove', 'primary-backup-async', '--no-simulations', '--json']);
  expect(await proof.end()).toBe(0);
  const lines = proof.stdout
    .trimEnd()
    .split('\n')
    .map((line): { readonly type: string } => JSON.parse(line));
  expect(lines.at(-1)).toEqual({ type: 'verdict', ok: true, isKnown: true });
  expect(new Set(lines.map(({ type }) => type))).toEqual(new Set(['check', 'receptions', 'twins', 'verdict']));
});
