import { expect, test } from 'vitest';
import { isPlace } from '../../../statecharts/raft.ts';

test.each([
  '10.0.0.4:4801',
  'n4.example:1',
  'host_1:65535',
  '[::1]:4801',
  '[fe80::1%eth0]:4801',
  'bücher.example:4801',
])('%j is a place that a node can look for', (place) => expect(isPlace(place)).toBe(true));

test.each([
  'n4:0',
  'n4:65536',
  'n4:99999',
  'n4:',
  ':4801',
  '[]:4801',
  '::1:4801',
  'a b:4801',
  'user@n4:4801',
  'n4/x:4801',
  'n4\0:4801',
  `${'n'.repeat(256)}:4801`,
  4801,
  undefined,
])('%j is none', (place) => expect(isPlace(place)).toBe(false));
