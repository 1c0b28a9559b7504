import { expect, test } from 'vitest';
import { setup } from 'xstate';
import { messagesTable } from './messages.ts';

test('each role has the rules that it cites for a message, once, from wherever it stands', () => {
  const chart = setup({
    types: { events: {} as { type: 'ask' } | { type: 'tell' }, transitionMeta: {} as { rule: string } },
    actions: { answer: () => undefined },
  }).createMachine({
    initial: 'idle',
    states: {
      idle: { on: { ask: { target: 'busy', meta: { rule: 'Paper §1: begin' } }, tell: {} } },
      busy: {
        initial: 'one',
        on: { tell: { actions: 'answer' }, ask: { actions: 'answer', meta: { rule: 'Paper §2' } } },
        states: { one: { on: { ask: { target: 'two', meta: { rule: 'Paper §1' } } } }, two: {} },
      },
    },
  });
  expect(messagesTable(chart, { ask: 'do it', tell: 'done' })).toBe(
    [
      '| message | what it says | idle     | busy               |',
      '| ------- | ------------ | -------- | ------------------ |',
      '| `ask`   | do it        | Paper §1 | Paper §2, Paper §1 |',
      '| `tell`  | done         |          | handled            |',
    ].join('\n'),
  );
});
