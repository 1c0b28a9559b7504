import { describe, expect, test } from 'vitest';
import {
  CheckLimitError,
  type CheckResult,
  check,
  type ModelStep,
  renderDiagram,
  renderResult,
  renderTrace,
  type SystemState,
} from '../../src/checker.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';
import { durableCommit } from './models/durable-commit.ts';
import { paxosConsensus } from './models/paxos-consensus.ts';

const traceOf = (result: CheckResult, name: string) => {
  const trace = result.properties.find((property) => property.name === name)?.trace;
  if (trace === undefined) throw new Error(`no trace of '${name}'`);
  return trace;
};
const coordinator = 'c/coordinator/';
const [p1, p2] = ['p1/participant/', 'p2/participant/'] as const;
const deliver = (from: string, to: string, type: string) => ({ type: 'deliver', from, to, message: { type } });

describe('two-phase commit whose coordinator sends its decision before the record of it is durable', () => {
  const result = check(durableCommit({ coordinator: 'early', crashes: { times: 1, nodes: ['c'] } }));
  const name = 'no participant commits what another aborts';
  const trace = traceOf(result, name);

  test('is caught, by the shortest run in which a crash takes the decision back', () => {
    expect(result).toMatchObject({ ok: false, complete: false, stoppedBy: 'violation' });
    expect(trace.steps).toEqual<unknown[]>([
      { type: 'flush', actor: coordinator },
      deliver(coordinator, p1, 'prepare'),
      { type: 'flush', actor: p1 },
      deliver(coordinator, p2, 'prepare'),
      { type: 'flush', actor: p2 },
      deliver(p1, coordinator, 'yes'),
      deliver(p2, coordinator, 'yes'),
      deliver(coordinator, p1, 'commit'),
      { type: 'crash', node: 'c' },
      { type: 'restart', node: 'c' },
      deliver(coordinator, p2, 'abort'),
    ]);
  });

  test('is shown as numbered steps with what came of each', () => {
    const lines = renderTrace(trace).split('\n');
    expect(lines.slice(0, 5)).toEqual([
      '  1. the oldest write of c/coordinator/ becomes durable',
      '     - c/coordinator/ sends prepare to p1/participant/',
      '     - c/coordinator/ sends prepare to p2/participant/',
      '  2. p1/participant/ receives prepare from c/coordinator/',
      '     - p1/participant/ is now prepared.waiting',
    ]);
    expect(lines).toContain(' 10. node c starts again');
    expect(lines.at(-1)).toBe('     - p2/participant/ is now aborted');
  });

  test('is shown as a sequence diagram', () => {
    const lines = renderDiagram(trace).split('\n');
    expect(lines.slice(0, 7)).toEqual([
      'sequenceDiagram',
      '  participant a0 as c/coordinator/',
      '  participant a1 as p1/participant/',
      '  participant a2 as p2/participant/',
      '  Note over a0: durable',
      '  a0->>a1: prepare',
      '  Note over a1: prepared.waiting',
    ]);
    expect(lines).toContain('  Note over a0: crash');
  });

  test('in which what was sent and has not arrived is shown, too', () => {
    const lines = renderDiagram(trace).split('\n');
    const underWay = lines.filter((line) => line.endsWith('(under way)'));
    expect(underWay).toEqual(['  a0--)a2: commit (under way)', '  a0--)a1: abort (under way)']);
    expect(lines.indexOf(underWay[0] ?? '')).toBeLessThan(lines.indexOf('  a0->>a1: commit'));
  });

  test('is summed up with its counterexample', () => {
    const text = renderResult(result, { diagrams: true });
    expect(text).toContain('two-phase commit with crashes: NOT OK');
    expect(text).toContain(`VIOLATED     always: ${name}`);
    expect(text).toContain(`Counterexample to '${name}', 11 steps:`);
    expect(text).toContain('```mermaid');
  });
});

test('two-phase commit that waits for its records survives two crashes', () => {
  const result = check(durableCommit({ crashes: { times: 2 } }));
  expect(result).toMatchObject({ ok: true, complete: true });
});

test('Paxos with quorums that do not intersect chooses two values', () => {
  const result = check(paxosConsensus(1));
  expect(result.properties).toContainEqual(
    expect.objectContaining({ name: 'one value is chosen', verdict: 'violated' }),
  );
});

describe('a timer that fires at once', () => {
  test('leaves nothing to wait for', () => {
    const result = check({ ...durableCommit({}), timers: { voteTimeout: 'at-once' } });
    expect(result.properties).toContainEqual({ name: 'all commit', kind: 'sometimes', verdict: 'unreached' });
    expect(result.properties).toContainEqual(expect.objectContaining({ name: 'all abort', verdict: 'reached' }));
  });

  test('and arms itself again is stopped with advice', () => {
    const model = durableCommit({ participant: 'inquiring' });
    expect(() => check({ ...model, timers: { inquiryInterval: 'at-once' } })).toThrow(CheckLimitError);
  });
});

describe('deadlocks', () => {
  test('participants that do not inquire wait for ever for a coordinator that does not come back', () => {
    const model = durableCommit({
      crashes: { times: 1, nodes: ['c'], restarts: false },
      network: { losses: 'unlimited' },
      mayNotEndUndecided: true,
    });
    const result = check(model);
    expect(traceOf(result, 'no deadlock').steps).toEqual([{ type: 'crash', node: 'c' }]);
  });

  test('a state that may end is none', () => {
    const result = check(durableCommit({ mayNotEndUndecided: true }));
    expect(result.properties).toContainEqual({ name: 'no deadlock', kind: 'always', verdict: 'holds' });
  });
});

describe('a limit of time', () => {
  const model = durableCommit({
    participant: 'inquiring',
    network: { kind: 'duplicating' },
    flush: 'at-once',
    crashes: { times: 'unlimited' },
  });
  /** Checks with a clock that stands still until the search for loops has looked at so many states. */
  const checkUntil = (looks: number) => {
    let looked = 0;
    const clock = { ...createVirtualClock(), nowMs: () => (looked > looks ? 60_000 : 0) };
    const holds = ({ actors }: SystemState): boolean => {
      looked += 1;
      // Nothing fair is possible any more when all have decided, and a search would end there.
      return actors.every(({ snapshot }) => ['committed', 'aborted'].includes(String(snapshot?.value)));
    };
    const eventually = { never: { holds, fair: ['deliver', 'timer', 'restart'] as const } };
    const result = check({ ...model, eventually }, { clock, maxSeconds: 59, maxStates: 50_000 });
    return { result, looked };
  };
  const { states } = check(model, { maxStates: 50_000 });
  const looks = checkUntil(Number.POSITIVE_INFINITY).looked;

  test('ends the search for loops, too, and shows that it did', () => {
    const { result, looked } = checkUntil(500);
    expect(result).toMatchObject({ ok: false, complete: false, stoppedBy: 'seconds', states });
    expect(result.properties).toContainEqual(
      expect.objectContaining({ name: 'never', verdict: 'inconclusive', because: 'stopped' }),
    );
    // What was told before is as certain as it was.
    const name = 'no participant commits what another aborts';
    expect(result.properties).toContainEqual({ name, kind: 'always', verdict: 'holds' });
    expect(looked).toBeLessThan(looks);
    expect(renderResult(result)).toContain('not complete: stopped by the limit of time');
  });

  test('ends it also when every state was looked at and only loops are left to find', () => {
    const { result, looked } = checkUntil(looks - 1);
    expect(looked).toBe(looks);
    expect(result).toMatchObject({ complete: false, stoppedBy: 'seconds' });
    expect(result.properties).toContainEqual(
      expect.objectContaining({ name: 'never', verdict: 'inconclusive', because: 'stopped' }),
    );
  });

  test('that is not reached changes nothing', () => {
    const { result } = checkUntil(looks);
    expect(result.complete).toBe(true);
    expect(result.properties).toContainEqual(expect.objectContaining({ name: 'never', verdict: 'violated' }));
  });
});

describe('liveness', () => {
  const fair = ['deliver', 'flush', 'timer'] as const;
  const inquiring = { participant: 'inquiring', network: { kind: 'duplicating' }, flush: 'at-once' } as const;

  test('participants decide while nothing crashes', () => {
    const result = check(durableCommit({ fair }));
    expect(result.properties).toContainEqual({ name: 'all decide', kind: 'eventually', verdict: 'holds' });
  });

  test('a coordinator that stays away blocks participants, which inquire for ever', () => {
    const result = check(durableCommit({ ...inquiring, crashes: { times: 1, nodes: ['c'] }, fair }));
    const trace = traceOf(result, 'all decide');
    expect(trace.loopFrom).toBeDefined();
    const loop = trace.steps.slice(trace.loopFrom);
    const inquiry = (actor: string): ModelStep => ({
      type: 'timer',
      actor: actor === p1 ? p1 : p2,
      delay: 'inquiryInterval',
      state: 'participant.prepared.inquiring',
    });
    expect(loop).toHaveLength(2);
    expect(loop).toEqual(expect.arrayContaining([inquiry(p1), inquiry(p2)]));
    expect(trace.steps.slice(0, trace.loopFrom)).toContainEqual({ type: 'crash', node: 'c' });
    expect(renderTrace(trace)).toContain('-- from here on, for ever:');
    expect(renderDiagram(trace)).toContain('  loop for ever');
  });

  test('they decide when it is bound to come back', () => {
    const model = durableCommit({ ...inquiring, crashes: { times: 1, nodes: ['c'] }, fair: [...fair, 'restart'] });
    expect(check(model).properties).toContainEqual({ name: 'all decide', kind: 'eventually', verdict: 'holds' });
  });

  test('without fairness they may inquire for ever although the answer is on its way', () => {
    const result = check(durableCommit({ ...inquiring, fair: [] }));
    const trace = traceOf(result, 'all decide');
    expect(trace.steps.slice(trace.loopFrom).every(({ type }) => type === 'timer' || type === 'deliver')).toBe(true);
  });
});
