import { expect, test } from 'vitest';
import { seededRandomness } from '../../../src/environment/random.ts';
import { createRouter, defaultRouterLimits } from '../../../src/services/store/requests/router.ts';
import type { Request } from '../../../src/services/store/requests/wire.ts';
import { createVirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { QuorateError } from '../../../statecharts/actor.ts';

/** The router of one life of a node, which asks n2, and what it has sent and been answered. */
function lifeOf(life: number) {
  const clock = createVirtualClock();
  const sent: Request[] = [];
  const answers: unknown[] = [];
  const router = createRouter({
    clock,
    random: seededRandomness(1).stream(`store/n1/${life}`),
    limits: defaultRouterLimits,
    candidates: () => ['n2'],
    reaches: () => true,
    send: (_node, requests) => void sent.push(...requests),
  });
  const ask = (question: string, deadlineAtMs = 5_000): void =>
    router.submit({
      prepare: () => ({ type: 'query', question, stale: false }),
      deadlineAtMs,
      done: (error, value) => void answers.push(error ?? value),
    });
  return { clock, sent, answers, router, ask };
}

test('an answer to what a node asked before it crashed answers nothing that it asks afterwards', () => {
  const [before, after] = [lifeOf(1), lifeOf(2)];
  for (let count = 0; count < 100; count += 1) {
    before.ask('earlier');
    after.ask('later');
  }
  before.clock.advance(1);
  after.clock.advance(1);
  expect(before.sent).toHaveLength(100);
  after.router.receive(
    'n2',
    before.sent.map(({ id }) => ({ id, status: 'done', value: 'an answer of another life' })),
  );
  expect(after.answers).toEqual([]);
  after.router.receive(
    'n2',
    after.sent.map(({ id }) => ({ id, status: 'done', value: 'its own answer' })),
  );
  expect(after.answers).toEqual(Array.from({ length: 100 }, () => 'its own answer'));
});

test('what a token may not is asked no more: a question has not happened, and a write may have, where an attempt was lost', () => {
  const { clock, sent, answers, router, ask } = lifeOf(1);
  const write = (): void =>
    router.submit({
      prepare: () => ({ type: 'keyed', key: 'k', command: new Uint8Array() }),
      deadlineAtMs: 5_000,
      done: (error, value) => void answers.push(error ?? value),
    });
  const refuse = (): void => {
    clock.advance(300);
    const { id = 0 } = sent.at(-1) ?? {};
    router.receive('n2', [{ id, status: 'refused', reason: 'forbidden' }]);
  };
  for (const submit of [() => ask('where'), write]) {
    submit();
    refuse();
    submit();
    clock.advance(1);
    router.lost('n2');
    refuse();
  }
  const codes = answers.map((it) => (it instanceof QuorateError ? it.code : it));
  expect(codes).toEqual(['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'OUTCOME_UNKNOWN']);
  expect(router.inFlight).toBe(0);
});

test.each([300, 1_000, 5_000])(
  'a request that may take %i ms is asked again before that, and not much more often',
  (deadlineMs) => {
    const life = lifeOf(1);
    life.ask('lost', deadlineMs);
    life.clock.advance(deadlineMs + 100);
    expect(life.sent.length).toBeGreaterThanOrEqual(2);
    expect(life.sent.length).toBeLessThanOrEqual(4);
    expect(life.answers).toHaveLength(1);
  },
);
