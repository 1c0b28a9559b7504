import { expect, test } from 'vitest';
import { quorate } from './commands.ts';

test('quorate odds gives nothing by runs that are too long, and says what would help', async () => {
  const { code, stdout } = await quorate('odds', '2pc', '--mttr', '30d', '--mttf', '1s', '--runs', '20', '--json');
  const [told] = JSON.parse(stdout).methods;
  expect(told.quantities.map(({ runs }: { readonly runs: { readonly type: string } }) => runs.type)).toEqual(
    told.quantities.map(() => 'not-given'),
  );
  expect(told.quantities[0].runs.reason).toMatch(/more steps than may be played; raise --mttf, or lower --mttr/);
  expect(JSON.parse(stdout)).toMatchObject({ agrees: true, isWhole: false });
  expect(code).toBe(3);
});

test('what does not apply is never told as a number, of any method', async () => {
  const { stdout } = await quorate('odds', '--all', '--runs', '20', '--json');
  type Answer = { readonly type: string };
  const told: {
    readonly methods: readonly { readonly quantities: readonly Record<'formula' | 'model' | 'runs', Answer>[] }[];
  } = JSON.parse(stdout);
  const answers = told.methods.flatMap(({ quantities }) => quantities.flatMap((it) => [it.formula, it.model, it.runs]));
  const missing = answers.filter(({ type }) => type === 'not-given');
  expect(missing.length).toBeGreaterThan(5);
  expect(missing.map((answer) => Object.keys(answer).sort())).toEqual(missing.map(() => ['reason', 'type']));
  const table = (await quorate('odds', '--all', '--runs', '20')).stdout;
  // Each is a dash of its own in the table, in place of a number.
  expect(table.match(/(?<= {2})-(?= {2}|\n)/g)).toHaveLength(missing.length);
});
