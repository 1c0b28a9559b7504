/** How charts take what is sent to them, and what comes to them where they say nothing of it. */

import { describe, expect, test } from 'vitest';
import {
  check,
  type Model,
  mergeReceptions,
  neverTaken,
  type Receptions,
  renderHole,
  renderReceptions,
  untaken,
} from '../../src/checker.ts';
import { assigning } from './models/assigning.ts';
import { work } from './models/worker.ts';

const receptionsOf = <History>(model: Model<History>): Receptions => check(model, { keepGoing: true }).receptions;
const flow = { from: 'monitor', type: 'assign', to: 'keeper' };
const none = { taken: 0, ignored: 0, absent: 0, unspecified: 0 };

describe('a message that comes to a chart none of whose guards lets it in', () => {
  test('is a hole, with a shortest run to where it comes', () => {
    const { holes, receptions } = receptionsOf(assigning(['primary', 'waiting'], { network: { kind: 'ordered' } }));
    expect(holes).toMatchObject([{ ...flow, state: 'primary', letter: { message: { goal: 'waiting' } } }]);
    expect(holes[0]?.trace.steps).toMatchObject([{ type: 'deliver', message: { goal: 'primary' } }]);
    expect(receptions).toContainEqual({ ...flow, state: 'primary', fates: { ...none, unspecified: 1 } });
  });

  test('is a hole also when another order of messages is well', () => {
    const { holes, receptions } = receptionsOf(assigning(['primary', 'draining']));
    expect(holes).toMatchObject([{ ...flow, state: 'standby', letter: { message: { goal: 'draining' } } }]);
    expect(receptions).toContainEqual({ ...flow, state: 'standby', fates: { ...none, taken: 1, unspecified: 1 } });
  });

  test('is a hole also between actors of one node, whether that is a step or not', () => {
    for (const localMessages of ['step', 'at-once'] as const) {
      const { holes } = receptionsOf(assigning(['primary', 'waiting'], { keeperNode: 'm', localMessages }));
      expect(holes).toMatchObject([{ ...flow, state: 'primary' }]);
    }
  });

  test('is none when the chart says in writing that it ignores it', () => {
    const { holes, receptions } = receptionsOf(assigning(['primary', 'draining'], { isComplete: true }));
    expect(holes).toEqual([]);
    expect(receptions).toContainEqual({ ...flow, state: 'standby', fates: { ...none, taken: 1, ignored: 1 } });
  });

  test('is none where nothing of the kind comes', () => {
    expect(receptionsOf(assigning(['primary', 'draining'], { network: { kind: 'ordered' } })).holes).toEqual([]);
  });
});

test('a message may bring an actor to life, or find none', () => {
  const { receptions, holes } = receptionsOf(work({ knowsIds: false }));
  const [birth] = receptions.filter(({ to, state }) => to === 'worker' && state === '(none)');
  expect(birth?.fates).toMatchObject({ unspecified: 0 });
  expect(birth?.fates.taken).toBeGreaterThan(0);
  expect(holes).toEqual([]);
});

test('what is asked and answered is told by where it comes from', () => {
  const senders = new Set(receptionsOf(work({ knowsIds: false })).receptions.map(({ from }) => from));
  expect(senders).toContain('(resource)');
});

test('a message that arrives, and that no state takes, is named', () => {
  const receptions = receptionsOf(assigning(['waiting'], { isComplete: true }));
  expect(neverTaken(receptions)).toEqual([flow]);
  expect(neverTaken(receptionsOf(assigning(['primary'])))).toEqual([]);
});

test('a message that is sent and arrives nowhere is named', () => {
  const crowded: Pick<Model, 'network'> = { network: { kind: 'ordered' } };
  expect(receptionsOf(assigning(['primary'], crowded)).undelivered).toEqual([]);
  const { undelivered } = check(assigning(['primary'], crowded), { maxStates: 0 }).receptions;
  expect(undelivered).toEqual([flow]);
});

test('transitions that nothing takes are named, but for those that do nothing', () => {
  const receptions = receptionsOf(assigning(['primary']));
  expect(untaken(receptions)).toMatchObject([
    { actor: 'keeper', source: 'primary', guard: 'draining', targets: ['draining'] },
  ]);
  expect(untaken(receptionsOf(assigning(['primary', 'draining'])))).toEqual([]);
});

test('several systems together have taken what any of them has', () => {
  const one = receptionsOf(assigning(['primary']));
  const other = receptionsOf(assigning(['primary', 'draining']));
  const together = mergeReceptions([one, other, one]);
  expect(untaken(together)).toEqual([]);
  expect(together.holes).toMatchObject([{ ...flow, state: 'standby' }]);
  expect(together.receptions).toContainEqual({
    ...flow,
    state: 'standby',
    fates: { ...none, taken: 3, unspecified: 1 },
  });
  const nothing = check(assigning(['primary']), { maxStates: 0 }).receptions;
  expect(mergeReceptions([nothing, one]).undelivered).toEqual([]);
});

test('steps that are only taken again are not counted again', () => {
  const model = work({ knowsIds: false });
  expect(check(model, { recomputeEvery: 1 }).receptions).toEqual(check(model).receptions);
});

test('they are shown as a table, with what to do about a hole and what to look at', () => {
  const receptions = receptionsOf(assigning(['primary', 'waiting'], { network: { kind: 'ordered' } }));
  expect(receptions.holes.map(renderHole)).toEqual([
    [
      "UNSPECIFIED: assign {goal: waiting} from m/monitor/ comes to k/keeper/, which stands at 'primary' and says nothing to it:",
      '  1. k/keeper/ receives assign {goal: primary} from m/monitor/',
      '     - k/keeper/ is now primary',
    ].join('\n'),
  ]);
  expect(renderReceptions(receptions).split('\n')).toEqual([
    '2 receptions, 1 unspecified; 1 of 2 transitions taken',
    '',
    'monitor -> keeper',
    '  message  taken  ignored  absent  unspecified  in',
    '  assign       -        -       -            1  primary',
    '  assign       1        -       -            -  standby',
    '',
    "UNSPECIFIED: end the transitions for it with what holds otherwise, if only '{}':",
    '  monitor -> keeper: assign, in primary',
    '',
    'Transitions that nothing took:',
    '  keeper: primary, on assign [draining] -> draining',
  ]);
});
