import { expect, test } from 'vitest';
import { agreeOnOwner } from '../../examples/agree.ts';

test('three nodes that each want to run the migration agree on one of them, before and after they were restarted', async () => {
  const lines: string[] = [];
  await agreeOnOwner((line: string) => lines.push(line));
  expect(lines).toHaveLength(6);
  const owners = lines.map((line) => /is run by (n[123])$/.exec(line)?.[1]);
  expect(owners[0]).toMatch(/^n[123]$/);
  expect(new Set(owners).size).toBe(1);
});
