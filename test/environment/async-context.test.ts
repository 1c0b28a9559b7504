import { afterEach, expect, test, vi } from 'vitest';
import { createAsyncContext } from '../../src/environment/async-context.ts';

afterEach(() => void vi.restoreAllMocks());

test('a value holds within its call and all that it awaits, and nowhere else', async () => {
  const context = createAsyncContext<string>();
  const seen: (string | undefined)[] = [];
  const outer = context.run('outer', async () => {
    await Promise.resolve();
    seen.push(context.current());
    await context.run('inner', async () => {
      await Promise.resolve();
      seen.push(context.current());
    });
    seen.push(context.current());
  });
  expect(context.current()).toBeUndefined();
  await outer;
  expect(seen).toEqual(['outer', 'inner', 'outer']);
});

test('where the runtime has no means for it, calls are made and nothing is known', () => {
  vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined);
  const context = createAsyncContext<string>();
  expect(context.run('outer', () => context.current() ?? 'nothing')).toBe('nothing');
});
