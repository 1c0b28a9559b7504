import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, setup } from 'xstate';
import { mermaidOf } from '../../src/charts/mermaid.ts';
import {
  acceptorChart,
  learnerChart,
  paxosServerChart,
  proposerChart,
  registerChart,
} from '../../statecharts/paxos.ts';
import { serverChart } from '../../statecharts/raft.ts';
import {
  acceptorChart as commitAcceptorChart,
  coordinatorChart,
  participantChart,
} from '../../statecharts/two-phase-commit.ts';

type Event = { type: 'go' } | { type: 'run' } | { type: 'halt' } | { type: 'again' } | { type: 'count' };

const chart = setup({
  types: { events: {} as Event, transitionMeta: {} as { rule: string } },
  guards: { isReady: () => true },
  actions: { add: () => undefined },
  delays: { patience: 10 },
}).createMachine({
  id: 'machine',
  initial: 'resting',
  states: {
    resting: {
      on: {
        go: { guard: 'isReady', target: 'busy', meta: { rule: 'Paper §1: when there is work' } },
        run: { guard: 'isReady', target: 'busy', meta: { rule: 'Paper §1: when there is work' } },
        count: { actions: 'add', meta: { rule: 'Paper §2' } },
        halt: {},
      },
    },
    busy: {
      type: 'parallel',
      after: { patience: 'over' },
      states: {
        left: { initial: 'waiting', states: { waiting: { on: { again: 'waiting' } } } },
        right: { initial: 'one', states: { one: { always: 'two-fold' }, 'two-fold': {} } },
      },
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
      '  busy_left --> busy_left : again',
      '  busy_right_one --> busy_right_two_fold',
    ].join('\n'),
  );
});

test('what a state handles without leaving it is drawn when it is asked for, and cites a rule', () => {
  const more = mermaidOf(chart, { handled: true }).split('\n');
  expect(more.filter((line) => !mermaidOf(chart).split('\n').includes(line))).toEqual([
    '  resting --> resting : count (Paper §2)',
  ]);
});

test('a chart that handles an event in all of its states has a frame, from which that is drawn', () => {
  const framed = setup({ types: { events: {} as Event } }).createMachine({
    id: 'machine "1"',
    initial: 'note',
    on: { halt: '.end' },
    states: { note: {}, end: {} },
  });
  expect(mermaidOf(framed)).toBe(
    [
      'stateDiagram-v2',
      '  state "machine #34;1#34;" as chart {',
      '    [*] --> note_',
      '    state "note" as note_',
      '    state "end" as end_',
      '  }',
      '  chart --> end_ : halt',
    ].join('\n'),
  );
});

test('no text of a chart is taken for a part of the language', () => {
  const named = setup({ types: { events: {} as { type: string } }, guards: { 'is; so': () => true } }).createMachine({
    initial: 'a',
    states: { a: { on: { 'x:y#%%': { guard: 'is; so', target: 'b' } } }, b: {} },
  });
  expect(mermaidOf(named)).toContain('  a --> b : x#58;y#35;#37;#37; [is#59; so]');
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
      'leader_quorum --> follower : after quorumTimeout (Raft §6.2)',
    ]),
  );
});

describe('every picture is one that Mermaid reads', () => {
  const charts: Readonly<Record<string, AnyStateMachine>> = {
    'a server of Raft': serverChart,
    'a server of Multi-Paxos': paxosServerChart,
    acceptor: acceptorChart,
    proposer: proposerChart,
    learner: learnerChart,
    register: registerChart,
    coordinator: coordinatorChart,
    participant: participantChart,
    'the acceptor of Paxos Commit': commitAcceptorChart,
  };
  const declaration = /^state "[^"\n]*" as (\w+)( \{)?$/;
  const arrow = /^(\w+|\[\*\]) --> (\w+|\[\*\])( : [^:;"\n%]+(?:#\d+;[^:;"\n%]*)*)?$/;

  test.each(Object.entries(charts))('%s', (_name, it) => {
    const [head, ...lines] = mermaidOf(it, { handled: true })
      .split('\n')
      .map((line) => line.trim());
    expect(head).toBe('stateDiagram-v2');
    const isKnown = (line: string): boolean =>
      line === '}' || line === '--' || declaration.test(line) || arrow.test(line);
    expect(lines.filter((line) => !isKnown(line))).toEqual([]);
    const declared = lines.flatMap((line) => declaration.exec(line)?.[1] ?? []);
    expect(new Set(declared).size).toBe(declared.length);
    const joined = lines.flatMap((line) => arrow.exec(line)?.slice(1, 3) ?? []).filter((name) => name !== '[*]');
    expect(joined.filter((name) => !declared.includes(name))).toEqual([]);
    const opened = lines.filter((line) => line.endsWith(' {')).length;
    expect(lines.filter((line) => line === '}')).toHaveLength(opened);
  });
});
