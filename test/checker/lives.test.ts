/** Births, ends, crashes and recoveries, writes that are not durable, resources: what happens to single actors. */

import { describe, expect, test } from 'vitest';
import { type CheckResult, check } from '../../src/checker.ts';
import { work } from './models/worker.ts';

const verdicts = (result: CheckResult) =>
  Object.fromEntries(result.properties.map(({ name, verdict }) => [name, verdict]));
const stepsTo = (result: CheckResult, wanted: string): string[] | undefined =>
  result.properties.find(({ name }) => name === wanted)?.trace?.steps.map(({ type }) => type);

describe('a worker', () => {
  test('is born of a message, works, and ends; every part of that is a step', () => {
    const result = check(work({ knowsIds: false }));
    expect(result).toMatchObject({ ok: true, complete: true });
    expect(stepsTo(result, 'it finishes')).toEqual(['timer', 'deliver', 'flush', 'execute', 'answer', 'local']);
  });

  test('takes fewer steps when flushes and local messages are none', () => {
    const result = check(work({ knowsIds: false, flush: 'at-once', localMessages: 'at-once' }));
    expect(stepsTo(result, 'it finishes')).toEqual(['timer', 'deliver', 'execute', 'answer']);
  });

  test('asks nothing of a resource before its record is durable', () => {
    const result = check(
      work({
        knowsIds: false,
        always: {
          'work begins on durable records': ({ actors, resource }) =>
            JSON.stringify(resource('store')).includes('"sum":0') || actors.every((it) => it.unflushedRecords === 0),
        },
      }),
    );
    expect(result.ok).toBe(true);
  });
});

describe('with crashes', () => {
  const crashes = { times: 2, nodes: ['n'] };

  test('work is done twice at a resource that does not know ids', () => {
    const result = check(work({ knowsIds: false, crashes }));
    expect(verdicts(result)['it is added once']).toBe('violated');
    expect(stepsTo(result, 'it is added once')).toEqual([
      'timer',
      'deliver',
      'flush',
      'crash',
      'restart',
      'execute',
      'execute',
    ]);
  });

  test('work is done once at a resource that does', () => {
    const result = check(work({ knowsIds: true, crashes }));
    expect(verdicts(result)).toMatchObject({ 'it is added once': 'holds', 'what is finished was added': 'holds' });
    expect(result).toMatchObject({ ok: true, complete: true });
  });

  test('a message that was received before its record was durable is lost with it', () => {
    const crash = { times: 1, nodes: ['n'] };
    const mayEnd = ({ history }: { readonly history: readonly string[] }) => history.includes('finished');
    const result = check(work({ knowsIds: true, crashes: crash, mayEnd }));
    expect(stepsTo(result, 'no deadlock')).toEqual(['timer', 'deliver', 'crash', 'restart']);
  });

  test('an operation under way at a crash may still take effect', () => {
    const result = check(
      work({
        knowsIds: true,
        crashes: { times: 1, nodes: ['n'], restarts: false },
        always: {},
        sometimes: {
          'done for a dead worker': ({ actors, resource }) =>
            actors.some(({ life }) => life === 'down') && JSON.stringify(resource('store')).includes('"sum":1'),
        },
      }),
    );
    expect(result.ok).toBe(true);
  });
});

test('an answer may be unknown, as often as its budget says', () => {
  expect(check(work({ knowsIds: true, sometimes: { doubted: ({ history }) => history.includes('doubted') } })).ok).toBe(
    false,
  );
  const result = check(
    work({ knowsIds: true, unknownAnswers: 1, sometimes: { doubted: ({ history }) => history.includes('doubted') } }),
  );
  expect(result.ok).toBe(true);
  expect(stepsTo(result, 'doubted')).toEqual(['timer', 'deliver', 'flush', 'unknown']);
});

test('a timer fires no more often than its budget says', () => {
  const twice = check(work({ knowsIds: true, timers: { interval: 2 } }));
  expect(twice).toMatchObject({ ok: true, complete: true });
  expect(twice.states).toBeGreaterThan(check(work({ knowsIds: true })).states);
  expect(() => check(work({ knowsIds: true, timers: { unheardOf: 1 } }))).toThrow(/unheardOf/);
});
