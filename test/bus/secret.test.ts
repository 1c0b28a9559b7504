import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  clientSecretOf,
  clusterSecretOf,
  createClusterSecret,
  createSecretFile,
  openSecretFile,
  readClientSecretFile,
  readSecretFile,
} from '../../src/bus/tcp.ts';
import { dist } from '../fixtures/processes.ts';

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-secret-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
const fileOf = (content: string, mode = 0o600): string => {
  const path = join(temporary(), 'secret');
  writeFileSync(path, content, { mode });
  chmodSync(path, mode);
  return path;
};
const long = 'x'.repeat(32);

/** A process that is ready to open secrets, and what makes it begin: it tells which ones it has got. */
async function startOpener(paths: readonly string[]): Promise<() => Promise<unknown>> {
  const module = pathToFileURL(join(dist, 'src/bus/tcp/secret/file.js')).href;
  const script = `import { openSecretFile } from ${JSON.stringify(module)};
process.stdin.once('data', () => {
  console.log(JSON.stringify(${JSON.stringify(paths)}.map((path) => openSecretFile(path).text())));
  process.exit();
});
console.log('ready');`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'readable');
  return async () => {
    child.stdin.end('begin');
    return JSON.parse((await text(child.stdout)).replace('ready', ''));
  };
}

describe('the secret of a cluster', () => {
  test('is new each time, and the same when it is read back', () => {
    const [one, other] = [createClusterSecret(), createClusterSecret()];
    expect(one.text()).not.toBe(other.text());
    expect(clusterSecretOf(` ${one.text()}\n`).peerKey()).toEqual(one.peerKey());
    expect(clusterSecretOf(one.text()).client().text()).toBe(one.client().text());
    expect(one.peerKey()).not.toEqual(other.peerKey());
  });

  test('yields keys that differ for each use, and none is part of another', () => {
    const secret = createClusterSecret();
    const client = secret.client();
    const all = [
      secret.text(),
      client.text(),
      client.httpToken(),
      ...[secret.peerKey(), client.key()].map((key) => Buffer.from(key).toString('base64url')),
    ].map((text) => text.replace(/^quorate-\w+-/, ''));
    for (const [at, text] of all.entries()) {
      expect(all.filter((other, index) => index !== at && other.includes(text))).toEqual([]);
    }
    expect(clientSecretOf(client.text()).key()).toEqual(client.key());
    expect(clientSecretOf(client.text()).httpToken()).toBe(client.httpToken());
  });

  test('shows nothing of itself when it is logged or encoded', () => {
    const secret = createClusterSecret();
    for (const it of [secret, secret.client()]) {
      expect(`${inspect(it, { showHidden: true, depth: 9 })} ${JSON.stringify(it)}`).not.toContain(
        it.text().slice(-20),
      );
    }
  });

  test.each([
    ['nothing', '', 'SECRET_EMPTY'],
    ['white space', ' \n', 'SECRET_EMPTY'],
    ['31 bytes', 'x'.repeat(31), 'SECRET_TOO_SHORT'],
    ["the clients' secret", createClusterSecret().client().text(), 'SECRET_KIND'],
    ['the HTTP token', createClusterSecret().client().httpToken(), 'SECRET_KIND'],
  ])('is not %s', (_, text, code) => {
    expect(() => clusterSecretOf(text)).toThrow(expect.objectContaining({ code }));
    expect(() => readSecretFile(fileOf(text))).toThrow(expect.objectContaining({ code }));
  });

  test.each([
    ['nothing', '', 'SECRET_EMPTY'],
    ["the cluster's", createClusterSecret().text(), 'SECRET_KIND'],
    ['some text', long, 'SECRET_KIND'],
    ['a part of it', createClusterSecret().client().text().slice(0, -1), 'SECRET_KIND'],
  ])('of clients is not %s', (_, text, code) => {
    expect(() => clientSecretOf(text)).toThrow(expect.objectContaining({ code }));
  });
});

describe('a file with a secret', () => {
  test('is made for its owner alone, is whole, and is not overwritten', () => {
    const path = join(temporary(), 'new', 'secret');
    const secret = createSecretFile(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(dirname(path))).toEqual(['secret']);
    expect(readSecretFile(path).text()).toBe(secret.text());
    expect(() => createSecretFile(path)).toThrow(expect.objectContaining({ code: 'SECRET_FILE' }));
    expect(openSecretFile(path).text()).toBe(secret.text());
    expect(readFileSync(path, 'utf8')).toBe(`${secret.text()}\n`);
  });

  test('is whole, whatever a crash has left of another attempt', () => {
    const path = join(temporary(), 'secret');
    mkdirSync(`${path}.a1b2c3`);
    writeFileSync(join(`${path}.a1b2c3`, 'new'), 'half', { mode: 0o644 });
    expect(openSecretFile(path).text()).toBe(readSecretFile(path).text());
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('is made once where four processes open it at once, and all of them have it', async () => {
    const directory = join(temporary(), 'new');
    const paths = Array.from({ length: 30 }, (_, at) => join(directory, `secret-${at}`));
    const openers = await Promise.all(Array.from({ length: 4 }, () => startOpener(paths)));
    const secrets = await Promise.all(openers.map((open) => open()));
    const kept = paths.map((path) => readSecretFile(path).text());
    expect(secrets).toEqual(openers.map(() => kept));
    expect(readdirSync(directory).sort()).toEqual(paths.map((path) => basename(path)).sort());
  });

  test('that cannot be where it is named is an error by name, which names it', () => {
    const below = join(fileOf(long), 'secret');
    const refusal = expect.objectContaining({ code: 'SECRET_FILE', message: expect.stringContaining(below) });
    expect(() => readSecretFile(below)).toThrow(refusal);
    expect(() => openSecretFile(below)).toThrow(refusal);
    expect(() => createSecretFile(below)).toThrow(refusal);
  });

  test('that is missing is named, with the way to make one', () => {
    const path = join(temporary(), 'none');
    expect(() => readSecretFile(path)).toThrow(
      expect.objectContaining({ code: 'SECRET_MISSING', message: expect.stringMatching(/none.*quorate secret new/) }),
    );
  });

  test.each([0o640, 0o604, 0o620, 0o644, 0o666, 0o610])('that others may use (mode %i) is refused', (mode) => {
    expect(() => readSecretFile(fileOf(long, mode))).toThrow(
      expect.objectContaining({ code: 'SECRET_EXPOSED', message: expect.stringContaining('chmod 600') }),
    );
  });

  test('may be one that its owner cannot write', () => {
    expect(readSecretFile(fileOf(long, 0o400)).text()).toBe(long);
  });

  test('is not a directory, and not a file of another kind', () => {
    const directory = join(temporary(), 'secret');
    mkdirSync(directory, { mode: 0o700 });
    expect(() => readSecretFile(directory)).toThrow(expect.objectContaining({ code: 'SECRET_FILE' }));
    expect(() => readSecretFile(fileOf('x'.repeat(5_000)))).toThrow(expect.objectContaining({ code: 'SECRET_FILE' }));
  });

  test('of clients is read likewise', () => {
    const client = createClusterSecret().client();
    expect(readClientSecretFile(fileOf(`${client.text()}\n`)).key()).toEqual(client.key());
    expect(() => readClientSecretFile(fileOf(client.text(), 0o644))).toThrow(
      expect.objectContaining({ code: 'SECRET_EXPOSED' }),
    );
  });
});
