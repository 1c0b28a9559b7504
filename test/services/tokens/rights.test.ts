/** What tokens open is one list, whichever way a client comes. */

import { describe, expect, test } from 'vitest';
import type { Grant } from '../../../src/services/tokens/grants.ts';
import { type Asking, patient, startEdges, value } from './edges.ts';

const bearers = ['reader', 'writer', 'operator', 'app', 'app-reader'] as const;
const grants: readonly Grant[] = [
  { name: 'reader', role: 'read' },
  { name: 'writer', role: 'write' },
  { name: 'operator', role: 'admin' },
  { name: 'app', role: 'write', prefixes: ['app/', 'shared/'] },
  { name: 'app-reader', role: 'read', prefixes: ['app/'] },
];

type Row = readonly [asking: Asking, ...mayBearers: (0 | 1)[]];

const put = (key: string) => ({ type: 'put', key, value }) as const;
const remove = (key: string) => ({ type: 'delete', key }) as const;
const get = (key: string) => ({ type: 'get', key }) as const;

/** Of bearers in their order: whether each may. */
const rows: readonly Row[] = [
  [{ type: 'get', key: 'app/x' }, 1, 1, 1, 1, 1],
  [{ type: 'get', key: 'shared/x' }, 1, 1, 1, 1, 0],
  [{ type: 'get', key: 'other' }, 1, 1, 1, 0, 0],
  [{ type: 'get', key: 'ap' }, 1, 1, 1, 0, 0],
  [{ type: 'history', key: 'app/x' }, 1, 1, 1, 1, 1],
  [{ type: 'history', key: 'other' }, 1, 1, 1, 0, 0],
  [{ type: 'put', key: 'app/x' }, 0, 1, 1, 1, 0],
  [{ type: 'put', key: 'other' }, 0, 1, 1, 0, 0],
  [{ type: 'put', key: 'other/app/' }, 0, 1, 1, 0, 0],
  [{ type: 'delete', key: 'app/y' }, 0, 1, 1, 1, 0],
  [{ type: 'delete', key: 'none' }, 0, 1, 1, 0, 0],
  [{ type: 'range' }, 1, 1, 1, 0, 0],
  [{ type: 'range', key: 'app/x' }, 1, 1, 1, 1, 1],
  [{ type: 'range', key: 'other' }, 1, 1, 1, 0, 0],
  [{ type: 'range', prefix: 'app/' }, 1, 1, 1, 1, 1],
  [{ type: 'range', prefix: 'ap' }, 1, 1, 1, 0, 0],
  [{ type: 'range', prefix: 'app/', from: 'a' }, 1, 1, 1, 1, 1],
  [{ type: 'range', from: 'app/' }, 1, 1, 1, 0, 0],
  [{ type: 'range', from: 'app/', to: 'app/z' }, 1, 1, 1, 1, 1],
  [{ type: 'range', from: 'app/', to: 'shared/z' }, 1, 1, 1, 0, 0],
  [{ type: 'watch', prefix: 'app/' }, 1, 1, 1, 1, 1],
  [{ type: 'watch', key: 'other' }, 1, 1, 1, 0, 0],
  [{ type: 'watch' }, 1, 1, 1, 0, 0],
  [{ type: 'transaction', success: [get('app/x')] }, 1, 1, 1, 1, 1],
  [{ type: 'transaction', success: [get('app/x'), get('other')] }, 1, 1, 1, 0, 0],
  [{ type: 'transaction', compared: 'other', success: [] }, 1, 1, 1, 0, 0],
  [{ type: 'transaction', success: [put('app/x'), remove('shared/x')] }, 0, 1, 1, 1, 0],
  [{ type: 'transaction', success: [put('app/x'), remove('none')] }, 0, 1, 1, 0, 0],
  [{ type: 'transaction', compared: 'app/x', success: [], failure: [put('other')] }, 0, 1, 1, 0, 0],
  [{ type: 'grant' }, 0, 1, 1, 1, 0],
  [{ type: 'namespaces' }, 1, 1, 1, 0, 0],
  [{ type: 'set-namespace' }, 0, 0, 1, 0, 0],
  [{ type: 'end-namespace' }, 0, 0, 1, 0, 0],
  [{ type: 'members' }, 1, 1, 1, 1, 1],
  [{ type: 'remove-member' }, 0, 0, 1, 0, 0],
  [{ type: 'hand-over' }, 0, 0, 1, 0, 0],
];

type Leases = Readonly<Record<'own' | 'foreign' | 'empty', number>>;

/** Leases whose keys are those of app, those of another, and none. */
const rowsOf = ({ own, foreign, empty }: Leases): readonly Row[] => [
  [{ type: 'lease', lease: own }, 1, 1, 1, 1, 1],
  [{ type: 'lease', lease: foreign }, 1, 1, 1, 0, 0],
  [{ type: 'lease', lease: empty }, 1, 1, 1, 0, 0],
  [{ type: 'keep', lease: own }, 0, 1, 1, 1, 0],
  [{ type: 'keep', lease: foreign }, 0, 1, 1, 0, 0],
  [{ type: 'keep', lease: empty }, 0, 1, 1, 0, 0],
  [{ type: 'put', key: 'app/leased', lease: own }, 0, 1, 1, 1, 0],
  [{ type: 'put', key: 'other', lease: own }, 0, 1, 1, 0, 0],
  [{ type: 'put', key: 'app/leased', lease: 999_999 }, 0, 1, 1, 1, 0],
];

describe('a token', () => {
  test('opens over HTTP and TCP what is listed for its role and its prefixes, and nothing else', async () => {
    const { edges, admin } = await startEdges(grants);
    const client = await admin();
    for (const key of ['app/x', 'shared/x', 'other']) await client.put(key, value, patient);
    const leaseOf = async (key?: string): Promise<number> => {
      const { lease } = await client.grantLease(600_000, patient);
      if (key !== undefined) await client.put(key, value, { ...patient, lease });
      return lease;
    };
    const leases: Leases = { own: await leaseOf('app/leased'), foreign: await leaseOf('far'), empty: await leaseOf() };
    for (const { name, may } of edges) {
      for (const [asking, ...expected] of [...rows, ...rowsOf(leases)]) {
        const got: (0 | 1)[] = [];
        for (const bearer of bearers) got.push((await may(bearer, asking)) ? 1 : 0);
        expect(got, `${name}: ${JSON.stringify(asking)}`).toEqual(expected);
      }
    }
  });

  test('ends no lease whose keys it may not write, and joins none, whatever the way', async () => {
    const { edges, admin, clientOf } = await startEdges(grants);
    const client = await admin();
    const { lease: foreign } = await client.grantLease(600_000, patient);
    await client.put('far', value, { ...patient, lease: foreign });
    for (const { may } of edges) {
      expect(await may('app', { type: 'put', key: 'app/x', lease: foreign })).toBe(false);
      expect(await may('app', { type: 'revoke', lease: foreign })).toBe(false);
      const { lease: empty } = await client.grantLease(600_000, patient);
      expect(await may('app', { type: 'revoke', lease: empty })).toBe(false);
      // It is the first one there, and has it from then on.
      expect(await may('app', { type: 'put', key: 'app/first', lease: empty })).toBe(true);
      expect(await may('app', { type: 'revoke', lease: empty })).toBe(true);
    }
    const { lease: own } = await client.grantLease(600_000, patient);
    const app = await clientOf('app');
    const joining = (lease: number) => app.transaction({ success: [{ ...put('app/t'), lease }] }, patient);
    await expect(joining(foreign)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await joining(own);
    expect(await client.lease(own, patient)).toMatchObject({ keys: ['app/t'] });
    expect(await client.lease(foreign, patient)).toMatchObject({ keys: ['far'] });
  });
});
