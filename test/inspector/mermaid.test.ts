import { expect, test } from 'vitest';
import { setup } from 'xstate';
import { mermaidOf } from '../../src/inspector/mermaid.ts';
import { serverChart } from '../../statecharts/raft.ts';

type Event = { type: 'go' } | { type: 'run' } | { type: 'halt' };

const chart = setup({
  types: { events: {} as Event, transitionMeta: {} as { rule: string } },
  guards: { isReady: () => true },
  delays: { patience: 10 },
}).createMachine({
  id: 'machine',
  initial: 'resting',
  states: {
    resting: {
      on: {
        go: { guard: 'isReady', target: 'busy', meta: { rule: 'Paper §1' } },
        run: { guard: 'isReady', target: 'busy', meta: { rule: 'Paper §1' } },
        halt: {},
      },
    },
    busy: {
      type: 'parallel',
      after: { patience: 'over' },
      states: { left: {}, right: { initial: 'one', states: { one: { always: 'two-fold' }, 'two-fold': {} } } },
    },
    over: { type: 'final' },
  },
});

test('a chart is drawn with its states, regions and ends, and with what leads from one to another', () => {
  expect(mermaidOf(chart)).toBe(
    [
      'stateDiagram-v2',
      '  [*] --> resting',
      '  state "resting" as resting',
      '  state "busy" as busy {',
      '    state "left" as busy_left',
      '    --',
      '    state "right" as busy_right {',
      '      [*] --> busy_right_one',
      '      state "one" as busy_right_one',
      '      state "two-fold" as busy_right_two_fold',
      '    }',
      '  }',
      '  state "over" as over',
      '  over --> [*]',
      '  resting --> busy : go, run [isReady] (Paper §1)',
      '  busy --> over : after patience',
      '  busy_right_one --> busy_right_two_fold',
    ].join('\n'),
  );
});

test('the picture of Raft shows every change of role with its rule', () => {
  const changes = mermaidOf(serverChart)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) =>
      /^(follower|preCandidate|candidate|leader)\w* --> (follower|preCandidate|candidate|leader) :/.test(line),
    );
  expect(changes).toEqual(
    expect.arrayContaining([
      'follower_listening --> preCandidate : after electionTimeout [mayCampaign] (Raft §9.6)',
      'preCandidate --> candidate : [hasMajority] (Raft §9.6)',
      'candidate --> leader : [hasMajority] (Raft §3.4)',
      'leader_quorum_watching --> follower : after quorumTimeout (Raft §6.2)',
    ]),
  );
});
