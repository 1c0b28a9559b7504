/** Resources that are more than what is asked of them: parts that share a state, what happens by itself, and sessions. */

import { describe, expect, test } from 'vitest';
import {
  type CheckResult,
  check,
  ModelError,
  type ResourceModel,
  renderTrace,
  resourceModel,
} from '../../src/checker.ts';
import { work } from './models/worker.ts';

interface Servers {
  readonly store: number;
  readonly copy: number;
  readonly session: number;
}
const start: Servers = { store: 0, copy: 0, session: 1 };
const isServers = (state: unknown): state is Servers => typeof state === 'object' && state !== null && 'copy' in state;

/** A store and a copy of it, whose sessions end now and then. */
const servers = (options: { readonly ends: boolean }): ResourceModel =>
  resourceModel<Servers, { readonly type: 'add'; readonly amount: number }>({
    start,
    parts: ['store', 'copy'],
    connect: ({ session }) => session,
    perform: (state, { amount }, { part, connection }) =>
      connection === state.session
        ? [{ state: { ...state, [part]: amount }, result: { type: 'done', value: undefined } }]
        : [{ state, result: { type: 'refused', error: 'the session has ended' } }],
    changes: (state) => [
      { name: 'copies', of: 'copy', state: { ...state, copy: state.store } },
      ...(options.ends && state.session === 1
        ? [{ name: 'ends', of: 'session', state: { ...state, session: 2 } }]
        : []),
    ],
  });

const isCopied = (state: unknown): boolean => isServers(state) && state.copy > 0;

describe('a resource', () => {
  const copied = 'the copy has it';
  const model = (ends: boolean, fair: readonly string[] = []) =>
    work({
      knowsIds: true,
      resources: { servers: servers({ ends }) },
      // What may be asked again and again ends no run.
      network: { kind: 'duplicating' },
      timers: 'unlimited',
      always: {},
      sometimes: { [copied]: ({ resource }) => isCopied(resource('servers')) },
      eventually: { [copied]: { holds: ({ resource }) => isCopied(resource('servers')) } },
      fair: ['timer', 'deliver', 'flush', 'execute', { steps: 'change', named: fair }],
    });
  const last = (result: CheckResult) => result.properties.find(({ kind }) => kind === 'sometimes')?.trace;

  test('is asked at one of its parts, and what happens to it by itself is a step with a name', () => {
    const result = check(model(false, ['copies']));
    expect(last(result)?.steps.at(-1)).toEqual({ type: 'change', resource: 'servers', name: 'copies', of: 'copy' });
    const trace = last(result);
    expect(trace === undefined ? '' : renderTrace(trace)).toContain('servers: copy copies');
    expect(result.properties.map(({ verdict }) => verdict)).toContain('holds');
  });

  test('does nothing by itself that is not fair', () => {
    const result = check(model(false, ['ends']));
    expect(result.properties.find(({ kind }) => kind === 'eventually')?.verdict).toBe('violated');
  });

  test('carries out an operation over the session in which it was asked', () => {
    const result = check(model(true, ['copies']));
    const run = result.properties.find(({ kind }) => kind === 'eventually');
    expect(run?.verdict).toBe('violated');
    expect(run?.trace?.steps).toContainEqual(
      expect.objectContaining({ type: 'execute', result: { type: 'refused', error: 'the session has ended' } }),
    );
  });

  const stepsOf = (resource: ResourceModel): (string | undefined)[] | undefined => {
    const finishes = check(work({ knowsIds: true, resources: { store: resource }, always: {} })).properties.find(
      ({ name }) => name === 'it finishes',
    );
    return finishes?.trace?.steps.map((step) =>
      step.type === 'execute' ? (step.result?.type ?? 'in part') : step.type,
    );
  };

  test('carries out an operation in parts, one step each', () => {
    const waits = resourceModel<string, { readonly type: 'add' | 'wait' }>({
      start: 'idle',
      perform: (state, { type }) =>
        type === 'add'
          ? [{ state: 'waiting', rest: { type: 'wait' } }]
          : [{ state, result: { type: 'done', value: undefined } }],
    });
    expect(stepsOf(waits)).toEqual(['timer', 'deliver', 'flush', 'in part', 'done', 'answer', 'local']);
  });

  const one = { state: 'idle', result: { type: 'done', value: undefined } } as const;
  test('carries out and answers in the step in which it is asked what need not wait', () => {
    const prompt = resourceModel({ start: 'idle', isAtOnce: () => true, perform: () => [one] });
    expect(stepsOf(prompt)).toEqual(['timer', 'deliver', 'flush', 'local']);
  });

  test('does at once only what ends in one way', () => {
    const doubtful = resourceModel({ start: 'idle', isAtOnce: () => true, perform: () => [one, one] });
    expect(() => stepsOf(doubtful)).toThrow(ModelError);
  });

  test('has no part that it does not name', () => {
    const named: ResourceModel = { ...servers({ ends: false }), parts: ['copy'] };
    expect(() => check(work({ knowsIds: true, resources: { servers: named }, always: {}, sometimes: {} }))).toThrow(
      ModelError,
    );
  });
});
