import { expect, test } from 'vitest';
import { pages } from './pages.ts';
import { blocksIn, fragmentsIn, programsIn } from './snippets.ts';

test.each(pages)('each block of TypeScript in $path says what it is, so that it is type-checked', ({ text }) => {
  const blocks = blocksIn(text).filter(({ info }) => /^(?:ts|tsx|typescript|js|javascript)\b/.test(info));
  expect(programsIn(text).length + fragmentsIn(text).length).toBe(blocks.length);
});
