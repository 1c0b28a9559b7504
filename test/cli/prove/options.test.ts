import { expect, test } from 'vitest';
import { quorate } from '../commands.ts';

test.each([
  [['--record', 'figures.json', '--no-checks'], /PROVE_OPTIONS: expected --record without --no-checks/],
  [['--record', '/nowhere/figures.json'], /FILE: cannot write the figures to '\/nowhere\/figures\.json'/],
])('ends with 2 before it proves anything: %j', async (options, said) => {
  const { code, stdout, stderr } = await quorate('prove', ...options);
  expect(stderr).toMatch(said);
  expect([code, stdout]).toEqual([2, '']);
});
