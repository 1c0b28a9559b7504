/** Certificates in files: who may read them, and how a node takes up those that change. Time is virtual, files are real. */

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { TlsIdentityError } from '../../src/bus/errors.ts';
import type { TlsIdentity, TlsTrust } from '../../src/bus/tcp.ts';
import {
  checkKeyFile,
  expiryOf,
  followTls,
  followTrust,
  readTls,
  readTrust,
  type TlsFiles,
  tlsFilesIn,
  trustFilesIn,
} from '../../src/cli/node/tls-files.ts';
import { createVirtualClock } from '../../src/simulator.ts';
import { testAuthorityOf } from '../fixtures/issued.ts';
import { until } from '../fixtures/until.ts';

const authority = testAuthorityOf();
const dayMs = 86_400_000;

async function lab(identity: TlsIdentity = authority.node('n1', { days: 100 }), crl?: string) {
  const first = { ...identity, ...(crl === undefined ? {} : { crl }) };
  const directory = mkdtempSync(join(tmpdir(), 'quorate-tls-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const at = (name: string): string => join(directory, name);
  const files: TlsFiles = {
    ...{ ca: at('ca.pem'), cert: at('n1.pem'), key: at('n1.key.pem') },
    ...(crl === undefined ? {} : { crl: at('crl.pem') }),
  };
  if (crl !== undefined) writeFileSync(at('crl.pem'), crl);
  const write = (identity: TlsIdentity): void => {
    for (const name of ['ca', 'cert', 'key'] as const) writeFileSync(files[name], identity[name], { mode: 0o600 });
  };
  write(first);
  const clock = createVirtualClock();
  const notices: string[] = [];
  const shown: TlsIdentity[] = [];
  const setTls = (identity: TlsIdentity): void => {
    if (identity.key === 'wrong') throw new TlsIdentityError('expected another key');
    shown.push(identity);
  };
  const end = followTls({ files, first, node: { setTls }, clock, notice: (code) => notices.push(code) });
  onTestFinished(end);
  /** Lets files be looked at once: the next look waits for this one to end. */
  const look = async (): Promise<void> => {
    clock.advance(10_000);
    await until('the end of a look', () => clock.nextAtMs() !== undefined);
  };
  return { first, files, write, clock, notices, shown, look, end };
}

describe('the files of a certificate', () => {
  test('are named together', () => {
    expect(tlsFilesIn({})).toBeUndefined();
    expect(tlsFilesIn({ ca: 'a', cert: 'b', key: 'c' })).toEqual({ ca: 'a', cert: 'b', key: 'c' });
    expect(tlsFilesIn({ ca: 'a', cert: 'b', key: 'c', crl: 'd' })).toEqual({ ca: 'a', cert: 'b', key: 'c', crl: 'd' });
    expect(() => tlsFilesIn({ ca: 'a', cert: 'b' })).toThrow(/got none for --key/);
    expect(trustFilesIn({})).toBeUndefined();
    expect(trustFilesIn({ ca: 'a', crl: 'd' })).toEqual({ ca: 'a', crl: 'd' });
    expect(() => trustFilesIn({ crl: 'd' })).toThrow(/expected --ca beside --crl/);
    expect(() => tlsFilesIn({ crl: 'd' })).toThrow(/got none for --ca and --cert and --key/);
  });

  test('hold a key that its owner alone can read, or a group where root owns it', async () => {
    const { files } = await lab();
    chmodSync(files.key, 0o604);
    await expect(readTls(files)).rejects.toMatchObject({ code: 'KEY_EXPOSED' });
    const allowed = (mode: number, uid: number): boolean => {
      try {
        checkKeyFile('key', { mode, uid });
        return true;
      } catch {
        return false;
      }
    };
    expect([0o600, 0o400, 0o640, 0o440, 0o660, 0o644, 0o604].map((mode) => allowed(mode, 0))).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
    expect([0o600, 0o400, 0o640, 0o604].map((mode) => allowed(mode, 1_000))).toEqual([true, true, false, false]);
  });

  test('are taken up when they change, and only then', async () => {
    const { write, look, shown, notices } = await lab();
    await look();
    expect(shown).toEqual([]);
    const changed = authority.node('n1', { days: 100 });
    write(changed);
    await look();
    await look();
    expect(shown).toEqual([changed]);
    expect(notices).toEqual(['CERTIFICATE_RENEWED']);
  });

  test('hold a list of revoked certificates, which is taken up as well', async () => {
    const { files, look, shown, first } = await lab(authority.node('n1', { days: 100 }), 'old');
    expect(await readTls(files)).toMatchObject({ crl: 'old' });
    writeFileSync(files.crl ?? '', 'new');
    await look();
    expect(shown).toEqual([{ ...first, crl: 'new' }]);
  });

  test('are told once when they cannot be used, not when one of them is late, and taken up when they can', async () => {
    const first = authority.node('n1', { days: 100 });
    const { write, files, look, shown, notices } = await lab(first);
    write({ ...first, key: 'wrong' });
    await look();
    expect(notices).toEqual([]);
    await look();
    await look();
    expect(notices).toEqual(['TLS_IDENTITY']);
    rmSync(files.cert);
    for (let count = 0; count < 4; count += 1) await look();
    expect(notices).toEqual(['TLS_IDENTITY', 'FILE']);
    const changed = authority.node('n1', { days: 100 });
    write(changed);
    await look();
    expect(shown).toEqual([changed]);
  });

  test('hold what clients believe, who take up another authority and another list', async () => {
    const { files } = await lab(authority.node('n1', { days: 100 }), 'old');
    const { ca, crl = '' } = files;
    const first = await readTrust({ ca, crl });
    expect(first).toEqual({ ca: authority.ca, crl: 'old' });
    const clock = createVirtualClock();
    const believed: TlsTrust[] = [];
    const notices: string[] = [];
    const setTls = (trust: TlsTrust): void => void believed.push(trust);
    const notice = (code: string): void => void notices.push(code);
    onTestFinished(followTrust({ files: { ca, crl }, first, node: { setTls }, clock, notice }));
    const look = async (): Promise<void> => {
      clock.advance(10_000);
      await until('the end of a look', () => clock.nextAtMs() !== undefined);
    };
    await look();
    expect(believed).toEqual([]);
    writeFileSync(crl, 'new');
    await look();
    expect([believed, notices]).toEqual([[{ ca: authority.ca, crl: 'new' }], ['TRUST_RENEWED']]);
  });

  test('are looked at no more once that is ended', async () => {
    const { end, clock } = await lab();
    end();
    expect(clock.nextAtMs()).toBeUndefined();
  });

  test('tell that a certificate runs out soon, or has', async () => {
    const identity = authority.node('n1', { days: 20 });
    const from = Date.now();
    expect(expiryOf(identity, new Date(from + 5 * dayMs))).toBeUndefined();
    expect(expiryOf(identity, new Date(from + 7.5 * dayMs))).toMatch(/expires in 12 days/);
    expect(expiryOf(identity, new Date(from + 21 * dayMs))).toMatch(/has expired/);
    const { notices } = await lab(authority.node('n1', { days: 3 }));
    expect(notices).toEqual(['CERTIFICATE_EXPIRES']);
  });
});
