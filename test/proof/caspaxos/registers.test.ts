import { expect, test } from 'vitest';
import { check } from '../../../src/checker.ts';
import { type RegisterRules, registerRules } from '../../../statecharts/paxos.ts';
import { type RegisterModelOptions, registerModel } from './registers.ts';

const { prepare, tellCurrent } = registerRules;

test('registers of two nodes change a value one after the other, in every run', { timeout: 120_000 }, () => {
  const { ok, states, properties } = check(registerModel());
  expect(properties.filter(({ verdict }) => verdict !== 'holds' && verdict !== 'reached')).toEqual([]);
  expect([ok, states]).toEqual([true, 25_915]);
});

const prepareUnwritten: RegisterRules['prepare'] = (context) => {
  const { effects = [], ...change } = prepare(context);
  return { ...change, effects: effects.filter(({ type }) => type === 'send') };
};
/** Of the quorum, the acceptance that comes first, whatever its ballot. */
const tellAny: RegisterRules['tellCurrent'] = (context) => {
  const first = context.promises.find(({ accepted }) => accepted !== null);
  return tellCurrent({ ...context, promises: first === undefined ? [] : [first] });
};
const tellNone: RegisterRules['tellCurrent'] = (context) => tellCurrent({ ...context, promises: [] });

test.each<[string, RegisterModelOptions, string]>([
  [
    'a register takes no notice of what was accepted',
    { broken: { tellCurrent: tellNone } },
    'each change is made to the latest chosen value',
  ],
  [
    "a register takes the value of any acceptance instead of the highest ballot's",
    { registers: 3, broken: { tellCurrent: tellAny } },
    'each change is made to the latest chosen value',
  ],
  [
    'a round is used again after a restart',
    { registers: 1, crashes: 1, broken: { prepare: prepareUnwritten } },
    'a ballot has one value',
  ],
  ['a change in conflict is made again', { repeats: true, pauses: 1 }, 'no change is made twice'],
])('it is found out when %s', { timeout: 120_000 }, (_mistake, options, violated) => {
  const { properties } = check(registerModel(options), { maxStates: 300_000 });
  expect(properties.flatMap(({ name, verdict }) => (verdict === 'violated' ? [name] : []))).toContain(violated);
});
