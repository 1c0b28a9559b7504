import { describe, expect, test } from 'vitest';
import {
  BoundError,
  boundsOf,
  budget,
  choice,
  commandLineOf,
  count,
  flag,
  givenIn,
  list,
  optional,
  systemNameOf,
} from '../../src/proof/bounds.ts';

const table = {
  nodes: count({ about: 'servers', unit: ['server', 'servers'], least: 1, most: 5, default: 3 }),
  crashes: count({ about: 'crashes', unit: ['crash', 'crashes'], default: 0 }),
  losses: budget({ about: 'losses', unit: ['loss', 'losses'], default: 0 }),
  inquiries: budget({
    about: 'questions',
    unit: ['inquiry', 'inquiries'],
    none: 'no inquiry',
    default: { sumOf: ['crashes', 'losses'] },
  }),
  preVotes: flag({ about: 'ask first', default: true, otherwise: 'no pre-votes' }),
  crashing: optional(
    list({ about: 'who may crash', placeholder: 'nodes', pattern: /^n\d$/, expected: 'nodes', before: 'only of' }),
    'all',
  ),
  network: choice({
    about: 'how messages travel',
    of: ['unordered', 'ordered'],
    default: 'unordered',
    unit: 'network',
  }),
};

describe('a table of bounds', () => {
  test('gives every bound a value: what was given, a default, or what others come to together', () => {
    expect(boundsOf(table, { crashes: 2, losses: 1 })).toEqual({
      nodes: 3,
      crashes: 2,
      losses: 1,
      inquiries: 3,
      preVotes: true,
      crashing: undefined,
      network: 'unordered',
    });
    expect(boundsOf(table, { crashes: 2, losses: 'unlimited' }).inquiries).toBe('unlimited');
  });

  test('names a system by what was given, and leaves out what goes without saying', () => {
    expect(systemNameOf(table, {})).toBe('3 servers, unordered network');
    expect(systemNameOf(table, { crashes: 1, crashing: ['n1'], inquiries: 0, preVotes: false })).toBe(
      '3 servers, 1 crash, no inquiry, no pre-votes, only of n1, unordered network',
    );
  });

  test('writes the options that describe a system', () => {
    expect(commandLineOf(table, { losses: 'unlimited', preVotes: false, crashing: ['n1', 'n2'] })).toBe(
      '--losses unlimited --no-pre-votes --crashing n1,n2',
    );
  });

  test.each([
    ['a bound that it does not have', { quakes: 1 }],
    ['a number beyond its limit', { nodes: 6 }],
    ['a word that is none of the choices', { network: 'pigeons' }],
    ['half a crash', { crashes: 0.5 }],
  ])('refuses %s', (_what, given) => {
    expect(() => givenIn(table, given)).toThrow(BoundError);
    expect(() => boundsOf(table, given)).toThrow(BoundError);
  });
});
