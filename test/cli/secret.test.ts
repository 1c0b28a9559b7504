import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { createSecretFile } from '../../src/bus/tcp/secret/file.ts';
import { clientSecretOf, readSecretFile } from '../../src/bus/tcp.ts';
import { connect } from '../../src/services/store/tcp-client.ts';
import { freePort, freePorts } from '../fixtures/ports.ts';
import { type Run, run } from '../fixtures/processes.ts';
import { until } from '../fixtures/until.ts';
import { quorate as quorateHere } from './commands.ts';

// Processes take their time to start on a busy machine.
const started: Run[] = [];
afterEach(async () => {
  for (const it of started.splice(0)) {
    it.signal('SIGKILL');
    await it.end();
  }
});
function quorate(...args: string[]): Run {
  const it = run(args);
  started.push(it);
  return it;
}
function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-secret-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

describe('quorate secret', () => {
  test('makes a secret that its owner alone can read, once, and prints what clients are given', async () => {
    const path = join(temporary(), 'secret');
    expect((await quorateHere('secret', 'new', '--secret-file', path)).code).toBe(0);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const client = readSecretFile(path).client();
    const again = await quorateHere('secret', 'new', '--secret-file', path);
    expect(again.code).toBe(1);
    expect(again.stderr).toMatch(/^SECRET_FILE: /);
    const forTcp = await quorateHere('secret', 'client', '--secret-file', path);
    const forHttp = await quorateHere('secret', 'http', '--secret-file', path);
    expect([forTcp.code, forHttp.code]).toEqual([0, 0]);
    expect(clientSecretOf(forTcp.stdout).text()).toBe(client.text());
    expect(forHttp.stdout).toBe(`${client.httpToken()}\n`);
    const named = await quorateHere('secret', 'token', 'app', '--secret-file', path);
    expect(named.stdout).toBe(`${readSecretFile(path).token('app')}\n`);
    expect(named.stdout).toMatch(/^quorate-token-app\.[\w-]{43}\n$/);
    const unnamed = await quorateHere('secret', 'token', 'a b', '--secret-file', path);
    expect([unnamed.code, unnamed.stderr.includes('letters, digits')]).toEqual([2, true]);
    const asJson = await Promise.all([
      quorateHere('secret', 'client', '--secret-file', path, '--json'),
      quorateHere('secret', 'http', '--secret-file', path, '--json'),
    ]);
    expect(asJson.map(({ stdout }) => JSON.parse(stdout))).toEqual([
      { secret: client.text() },
      { token: client.httpToken() },
    ]);
    const other = join(temporary(), 'other');
    const made = await quorateHere('secret', 'new', '--secret-file', other, '--json');
    expect(JSON.parse(made.stdout)).toEqual({ secretFile: other });
  });

  test('says of a path through a file that it leads nowhere, and not that there is a secret', async () => {
    const file = join(temporary(), 'file');
    writeFileSync(file, 'text');
    const { code, stderr } = await quorateHere('secret', 'new', '--secret-file', join(file, 'secret'));
    expect(stderr).toMatch(/^SECRET_FILE: cannot keep a secret at '.*file\/secret': EEXIST.*; name another file/);
    expect(code).toBe(1);
    expect(readFileSync(file, 'utf8')).toBe('text');
  });

  test('names what is wrong with a file, as every command does that reads one', async () => {
    const directory = temporary();
    const exposed = join(directory, 'exposed');
    writeFileSync(exposed, 'x'.repeat(40));
    chmodSync(exposed, 0o644);
    const short = join(directory, 'short');
    writeFileSync(short, 'secret', { mode: 0o600 });
    const data = join(directory, 'data');
    const node = ['node', '--id', 'n1', '--listen', '127.0.0.1:0', '--http', '127.0.0.1:0', '--data', data];
    for (const [file, code] of [
      [join(directory, 'none'), 'SECRET_MISSING'],
      [exposed, 'SECRET_EXPOSED'],
      [short, 'SECRET_TOO_SHORT'],
    ] as const) {
      const refused = quorate(...node, '--secret-file', file);
      expect(await refused.end()).toBe(1);
      const { code: ended, stderr } = await quorateHere('secret', 'client', '--secret-file', file);
      expect(ended).toBe(1);
      for (const said of [refused.stderr, stderr]) expect(said).toMatch(new RegExp(`^${code}: `));
    }
    const up = quorate(
      'up',
      '--data',
      data,
      '--port',
      String(await freePort([0, 1, 2, 100, 101, 102])),
      '--secret-file',
      short,
    );
    expect(await up.end()).toBe(1);
    expect(up.stderr).toMatch(/^SECRET_TOO_SHORT: /);
    expect(existsSync(data)).toBe(false);
  });
});

test('a node that is closed to all without a secret takes the client and the token that have one', async () => {
  const directory = temporary();
  const secretFile = join(directory, 'secret');
  createSecretFile(secretFile);
  const [httpPort, tcpPort] = await freePorts(2);
  const [http, tcp] = [`127.0.0.1:${httpPort}`, `127.0.0.1:${tcpPort}`];
  const place = ['--listen', tcp, '--http', http, '--data', join(directory, 'n1'), '--secret-file', secretFile];
  await quorate('node', '--id', 'n1', ...place, '--open-clients', 'none').printed(/leader in term/);
  const secret = readSecretFile(secretFile).client();

  const url = `http://${http}/kv/greeting`;
  expect((await fetch(url)).status).toBe(401);
  const headers = { authorization: `Bearer ${secret.httpToken()}` };
  const put = () => fetch(url, { method: 'PUT', body: 'hello', headers });
  await until('a write', async () => (await put()).status === 200 || undefined);

  // Within a second, or more on a busy machine, it has heard why.
  await until('the reason', async () => {
    const why = await connect([tcp], { connectMs: 1_000 }).catch(String);
    return /did not offer to prove.*quorate secret client/.test(String(why));
  });
  await expect(connect([tcp], { secret: 'quorate-cluster-x' })).rejects.toMatchObject({ code: 'SECRET_KIND' });
  const client = await connect([tcp], { secret: secret.text(), connectMs: 60_000 });
  onTestFinished(() => client.close());
  expect(new TextDecoder().decode((await client.get('greeting', { deadlineMs: 60_000 }))?.value)).toBe('hello');
  expect(readFileSync(secretFile, 'utf8')).not.toContain(secret.text());
});
