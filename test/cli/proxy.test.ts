import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { createClusterSecret } from '../../src/bus/tcp.ts';
import { serving } from '../fixtures/http.ts';
import { freePort } from '../fixtures/ports.ts';
import { program, run } from '../fixtures/processes.ts';
import { until } from '../fixtures/until.ts';
import { dial, echo, standing } from '../services/proxy/lab.ts';
import { quorate } from './commands.ts';

/** A manager that tells one topology to all who watch. */
const manager = (topology: object, token?: string): Promise<string> =>
  serving((request, response) => {
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      response.writeHead(401).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`data: ${JSON.stringify(topology)}\n\n`);
  });

function configure(config: object): string {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-proxy-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'orders.json');
  writeFileSync(file, JSON.stringify(config));
  return file;
}

const group = (http: string, more: object = {}) => ({
  group: 'orders',
  kind: 'script',
  mode: 'pass-through',
  managers: { m1: { listen: '127.0.0.1:1', http, data: './m1' } },
  servers: { r1: { address: '127.0.0.1:2', command: ['true'] } },
  ...more,
});

/** A file of a group of a Redis server, whose proxy is to listen where no machine is. */
const redisGroup = ({ proxy, ...more }: { readonly proxy?: object; readonly login?: object }) =>
  configure(
    group('127.0.0.1:3', {
      kind: 'redis',
      servers: { r1: { address: '127.0.0.1:2' } },
      proxy: { listen: '192.0.2.1:6400', ...proxy },
      ...more,
    }),
  );

test('quorate proxy follows the managers of the file, serves clients and metrics, and stops when it is told to', async () => {
  const r1 = await echo('r1');
  const http = await manager(standing(4, { primary: r1 }));
  const [port, httpPort] = [await freePort(), await freePort()];
  const file = configure(group(http, { proxy: { listen: `127.0.0.1:${port}` } }));
  const child = spawn(process.execPath, [program, 'proxy', '--config', file, '--http', `127.0.0.1:${httpPort}`]);
  let log = '';
  child.stdout.on('data', (text) => {
    log += text;
  });
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  onTestFinished(() => void child.kill('SIGKILL'));
  await until('clients to be let in', () => log.includes('clients are let in') || undefined);
  const client = dial({ port });
  client.socket.write('hello');
  await client.sees('r1:hello');
  const get = async (path: string) => (await fetch(`http://127.0.0.1:${httpPort}${path}`)).text();
  expect(JSON.parse(await get('/healthz'))).toEqual({ status: 'ok', route: 'routed' });
  expect(JSON.parse(await get('/readyz'))).toEqual({ status: 'ready', route: 'routed', obstacles: [] });
  expect(JSON.parse(await get('/status'))).toMatchObject({ group: 'orders', known: { revision: 4 } });
  expect(await get('/metrics')).toMatch(/quorate_proxy_connections{door="primary",group="orders"} 1/);
  const lines = log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines).toContainEqual(expect.objectContaining({ level: 'info', group: 'orders', code: 'ROUTED' }));
  client.socket.end();
  child.kill('SIGTERM');
  expect(await exit).toBe(0);
});

test('quorate proxy asks managers that want a token by that of its file, or of the secret', async () => {
  const r1 = await echo('r1');
  const secret = createClusterSecret();
  const http = await manager(standing(4, { primary: r1 }), secret.client().httpToken());
  for (const named of [{ proxy: { tokenFile: './token' } }, { secretFile: './secret' }]) {
    const listen = `127.0.0.1:${await freePort()}`;
    const file = configure(group(http, { ...named, proxy: { ...named.proxy, listen } }));
    writeFileSync(join(dirname(file), 'token'), `${secret.client().httpToken()}\n`);
    writeFileSync(join(dirname(file), 'secret'), secret.text(), { mode: 0o600 });
    const started = run(['proxy', '--config', file]);
    onTestFinished(() => started.signal('SIGKILL'));
    await started.printed(/"code":"ROUTED"/);
    started.signal('SIGTERM');
    expect(await started.end()).toBe(0);
  }
});

test('a proxy whose file of the token is none is refused', async () => {
  const file = configure(group('127.0.0.1:3', { proxy: { listen: '127.0.0.1:1', tokenFile: './none' } }));
  const { code, stderr } = await quorate('proxy', '--config', file);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^FILE: expected what quorate secret http prints in '.*none'/);
});

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
const [certificate = '', another = ''] = rootCertificates;
const ca = { login: { tls: { caFile: './text' } } };
const own = { login: { tls: { certFile: './text', keyFile: './key' } } };
const keyless = { login: { tls: { certFile: './text', keyFile: './text' } } };
const password = { login: { passwordFile: './text' } };
const token = { proxy: { tokenFile: './text' } };

test.each([
  ['certificates that are none', ca, 'garbage', /expected certificates in '.*text', as PEM, and there are none/],
  ['no certificates at all', ca, '', /expected certificates in '.*text', as PEM, and there are none/],
  ['certificates of which one is cut off', ca, `${certificate}\n${another.slice(0, 400)}`, /number 2 of 2/],
  ['a certificate that is none', own, 'garbage', /expected certificates in '.*text'/],
  ['a key of another certificate', own, certificate, /in '.*text' in '.*key', as PEM: it is that of another one/],
  ['a key that is none', keyless, certificate, /expected the key of the certificate in '.*text' in '.*text'/],
  ['a password of two lines', password, 'one\ntwo\n', /expected a password in '.*text' on one line/],
  ['a password that is blank', password, ' \n', /expected a password in '.*text', and there is nothing/],
  ['a token of two lines', token, 'one\ntwo\n', /on one line/],
  ['a token that no header carries', token, 'schlüssel', /and there are other characters/],
  ['what is no text', password, Buffer.of(0xff, 0xfe, 0x41), /it is not UTF-8/],
  ['what has no end', { login: { passwordFile: '/dev/zero' } }, '', /it is longer than/],
])('a proxy is refused before it listens: %s', async (_what, more, content, said) => {
  const file = redisGroup(more);
  writeFileSync(join(dirname(file), 'text'), content);
  writeFileSync(join(dirname(file), 'key'), key);
  const { code, stderr } = await quorate('proxy', '--config', file);
  expect(stderr).toMatch(said);
  expect(stderr).toMatch(/^FILE: /);
  expect(code).toBe(2);
});

test.each([
  ['several certificates, with words between them', ca, `Roots\n${certificate}\nmore\n${another}\n`],
  ['a token that an editor began with a byte-order mark', token, '\uFEFFtoken\n'],
])('a proxy takes %s', async (_what, more, content) => {
  const file = redisGroup(more);
  writeFileSync(join(dirname(file), 'text'), content);
  // An address that no machine has, as what was read is not told otherwise.
  expect((await quorate('proxy', '--config', file)).stderr).toMatch(/^DOOR_LISTEN: /);
});

test('a proxy that is not told where to listen is refused', async () => {
  const file = configure(group('127.0.0.1:3'));
  const { code, stderr } = await quorate('proxy', '--config', file);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^PROXY_LISTEN_MISSING: expected where to listen/);
});
