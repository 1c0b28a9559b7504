import { describe, expect, test } from 'vitest';
import { type Choice, exploreProcess, ProcessError } from '../../src/odds.ts';

type Place = string;
const one = (state: Place): Choice<Place> => ({ outcomes: [{ probability: 1, state }] });
const either = (probability: number, yes: Place, no: Place): Choice<Place> => ({
  outcomes: [
    { probability, state: yes },
    { probability: 1 - probability, state: no },
  ],
});
const of = (choices: Readonly<Record<Place, readonly Choice<Place>[]>>) =>
  exploreProcess<Place>({ start: 'start', choices: (state) => choices[state] ?? [] });
const isGoal = (state: Place): boolean => state.endsWith('won');
const isPlayed = (state: Place): boolean => state.startsWith('played');

describe('a probability under a condition', () => {
  test('counts the runs alone in which the condition comes about', () => {
    const process = of({
      start: [either(0.5, 'played', 'stayed')],
      played: [either(0.3, 'played won', 'played lost')],
    });
    for (const over of ['least', 'greatest'] as const) {
      const bounds = process.conditional(isGoal, isPlayed, { over });
      expect(bounds?.lower).toBeCloseTo(0.3, 9);
      expect(bounds?.upper).toBeCloseTo(0.3, 9);
    }
  });

  test('is no quotient of the greatest probabilities: one scheduler chooses for both', () => {
    // The one way plays often and wins seldom, the other one the other way round.
    const process = of({
      start: [either(0.5, 'played badly', 'stayed'), either(0.1, 'played well', 'stayed')],
      'played badly': [either(0.2, 'played badly, won', 'played badly, lost')],
      'played well': [either(0.8, 'played well, won', 'played well, lost')],
    });
    expect(process.conditional(isGoal, isPlayed, { over: 'greatest' })?.upper).toBeCloseTo(0.8, 9);
    expect(process.conditional(isGoal, isPlayed, { over: 'least' })?.lower).toBeCloseTo(0.2, 9);
    // The quotients would be 0.1 / 0.5 and 0.08 / 0.1.
    expect(process.probability(isGoal, { over: 'greatest' }).upper).toBeCloseTo(0.1, 9);
    expect(process.probability(isPlayed, { over: 'greatest' }).upper).toBeCloseTo(0.5, 9);
  });

  test('lets a scheduler give up a run that would spoil it', () => {
    const process = of({
      start: [either(0.5, 'lucky', 'unlucky')],
      lucky: [one('played won')],
      unlucky: [one('played lost'), one('stayed')],
    });
    expect(process.conditional(isGoal, isPlayed, { over: 'greatest' })?.upper).toBeCloseTo(1, 9);
    expect(process.conditional(isGoal, isPlayed, { over: 'least' })?.lower).toBeCloseTo(0.5, 9);
  });

  test('is not there where the condition never comes about', () => {
    const process = of({ start: [one('stayed')] });
    expect(process.conditional(isGoal, isPlayed, { over: 'greatest' })).toBeUndefined();
  });

  test('looks for the goal from the condition on', () => {
    const process = of({ start: [one('won')], won: [one('played')] });
    expect(process.conditional(isGoal, isPlayed, { over: 'greatest' })).toEqual({ lower: 0, upper: 0 });
  });

  test('refuses a condition that ends', () => {
    const process = of({ start: [one('played')], played: [one('stayed')] });
    expect(() => process.conditional(isGoal, isPlayed, { over: 'least' })).toThrow(ProcessError);
  });
});
