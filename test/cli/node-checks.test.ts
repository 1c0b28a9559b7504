import { describe, expect, test } from 'vitest';
import { checkMembers, checkSecurity } from '../../src/cli/node/checks.ts';

const here = { id: 'n1', listen: { host: '127.0.0.1', port: 4_801 }, http: { host: '::1', port: 4_701 } };
const elsewhere = { host: '10.0.0.1', port: 4_801 };
const files = { ca: 'ca.pem', cert: 'n1.pem', key: 'n1.key.pem' };
const code = 'CLUSTER_OPTIONS';

describe('a node that is reached from other machines', () => {
  test.each(['10.0.0.1', '0.0.0.0', '::', 'n1.internal', '127.evil.example'])(
    'at %s needs TLS, or to be told that it is insecure, on TCP and HTTP',
    (host) => {
      for (const place of [
        { ...here, listen: { host, port: 4_801 } },
        { ...here, http: { host, port: 4_701 } },
      ]) {
        expect(() => checkSecurity(place, undefined)).toThrow(expect.objectContaining({ code }));
        checkSecurity({ ...place, insecure: true }, undefined);
        checkSecurity(place, files);
      }
    },
  );

  test('over NATS may have any place, and its HTTP may not', () => {
    checkSecurity({ ...here, listen: elsewhere, nats: 'nats://n' }, undefined);
    expect(() => checkSecurity({ ...here, http: elsewhere, nats: 'nats://n' }, undefined)).toThrow(
      expect.objectContaining({ code }),
    );
  });
});

test.each(['127.0.0.1', '127.9.9.9', '::1', 'localhost'])('a node at %s needs no TLS', (host) => {
  checkSecurity({ ...here, listen: { host, port: 4_801 } }, undefined);
});

test('tokens need the secret that they are derived from', () => {
  expect(() => checkMembers({ ...here, tokens: 'tokens.json' })).toThrow(expect.objectContaining({ code }));
  checkMembers({ ...here, tokens: 'tokens.json', secretFile: 'secret' });
});
