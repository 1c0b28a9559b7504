import { describe, expect, test } from 'vitest';
import { createPlaces } from '../../src/bus/tcp/guests/places.ts';
import { isLoopback, placeOf } from '../../src/bus/tcp/guests/remote.ts';

describe('the address at the other end', () => {
  test.each(['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1', '::FFFF:127.0.0.1'])(
    '%s is this machine',
    (address) => {
      expect(isLoopback(address)).toBe(true);
    },
  );
  test.each([
    '10.0.0.1',
    '128.0.0.1',
    '::ffff:10.0.0.1',
    '::ffff:127.0.0.1.example',
    'fe80::1',
    '::',
    '::7f00:1',
    '127.0.0.1.example.org',
    '127.evil',
    '',
    undefined,
  ])('%s is elsewhere', (address) => {
    expect(isLoopback(address)).toBe(false);
  });
  test('an IPv4 address written as an IPv6 one is the same place', () => {
    expect(placeOf('::ffff:10.0.0.1')).toBe(placeOf('10.0.0.1'));
    expect(placeOf('10.0.0.1')).not.toBe(placeOf('10.0.0.2'));
  });
  test('the first half of an IPv6 address is the place', () => {
    expect(placeOf('2001:db8:1:2::1')).toBe(placeOf('2001:db8:1:2:3:4:5:6'));
    expect(placeOf('2001:db8:1:2::1')).not.toBe(placeOf('2001:db8:1:3::1'));
    expect(placeOf('2001:db8::1')).toBe(placeOf('2001:db8:0:0:ffff::'));
    expect(placeOf('fe80::1%eth0')).toBe(placeOf('fe80::2'));
  });
});

test('the greediest place is the one from which most come, and its oldest come first', () => {
  const places = createPlaces<string>();
  expect(places.greediest()).toBeUndefined();
  places.add('a1', 'a');
  places.add('b1', 'b');
  places.add('b2', 'b');
  expect(places.greediest()).toEqual({ place: 'b', held: ['b1', 'b2'] });
  expect(places.delete('b1')).toBe(true);
  expect(places.delete('b1')).toBe(false);
  places.add('a2', 'a');
  expect(places.greediest()).toEqual({ place: 'a', held: ['a1', 'a2'] });
  expect([places.countOf('a'), places.countOf('c'), places.size]).toEqual([2, 0, 3]);
});
