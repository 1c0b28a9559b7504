import { expect, test } from 'vitest';
import { createAdmission } from '../../src/bus/tcp/guests/admission.ts';

function admission(handshakeLimit: number, connectionLimit: number) {
  const gone: string[] = [];
  const it = createAdmission<string>('n1', { handshakeLimit, connectionLimit }, (held) => gone.push(held));
  const client = (held: string, place: string): string | undefined => {
    it.arrived(held, place);
    const verdict = it.forClient(place);
    if (verdict === undefined) it.opened(held, place, 'client');
    else it.closed(held);
    return verdict?.code;
  };
  return { ...it, client, gone };
}

test('one address may take all slots of clients while nobody else wants one', () => {
  const { client, gone } = admission(9, 3);
  expect([client('a1', 'a'), client('a2', 'a'), client('a3', 'a')]).toEqual([undefined, undefined, undefined]);
  expect(client('a4', 'a')).toBe('too-many-connections');
  expect(gone).toEqual([]);
});

test('one address cannot take all slots from others: its latest gives way', () => {
  const { client, gone } = admission(9, 3);
  for (const held of ['a1', 'a2', 'a3']) client(held, 'a');
  expect(client('b1', 'b')).toBeUndefined();
  expect(gone).toEqual(['a3']);
  expect(client('b2', 'b')).toBe('too-many-connections');
  expect(client('a4', 'a')).toBe('too-many-connections');
  expect(gone).toEqual(['a3']);
});

test('a slot that was given up is free again', () => {
  const { client, closed } = admission(9, 1);
  client('a1', 'a');
  closed('a1');
  expect(client('b1', 'b')).toBeUndefined();
});

test('peers need no slot', () => {
  const { client, arrived, opened, forClient } = admission(9, 1);
  for (const held of ['n2', 'n3', 'n4']) {
    arrived(held, 'a');
    opened(held, 'a', 'node');
  }
  expect(client('a1', 'a')).toBeUndefined();
  expect(forClient('a')).toMatchObject({ code: 'too-many-connections' });
});

test('whoever holds most handshakes loses its oldest, and others none', () => {
  const { arrived, gone } = admission(4, 9);
  arrived('b1', 'b');
  for (const held of ['a1', 'a2', 'a3', 'a4', 'a5']) arrived(held, 'a');
  expect(gone).toEqual(['a1', 'a2']);
  arrived('c1', 'c');
  expect(gone).toEqual(['a1', 'a2', 'a3']);
});

test('a handshake that is over counts no more', () => {
  const { arrived, opened, closed, gone } = admission(2, 9);
  arrived('a1', 'a');
  arrived('a2', 'a');
  opened('a1', 'a', 'client');
  closed('a2');
  arrived('a3', 'a');
  arrived('a4', 'a');
  expect(gone).toEqual([]);
});
