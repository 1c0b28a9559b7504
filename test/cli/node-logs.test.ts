import { expect, test } from 'vitest';
import { logFormFor } from '../../src/cli/node/reporting.ts';

test('a person at a terminal gets lines to read, and whatever collects them JSON', () => {
  expect([logFormFor(true), logFormFor(false)]).toEqual(['human', 'json']);
});
