import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { createSecretFile } from '../../src/bus/tcp/secret/file.ts';
import { freePorts } from '../fixtures/ports.ts';
import { type Run, type RunOptions, run } from '../fixtures/processes.ts';
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
function quorate(args: readonly string[], options: RunOptions = {}): Run {
  const it = run(args, options);
  started.push(it);
  return it;
}

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-node-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** The arguments of a node that makes a cluster by itself. */
async function alone(directory: string): Promise<{ args: string[]; url: string; http: string; tcp: string }> {
  const [httpPort, tcpPort] = await freePorts(2);
  const http = `127.0.0.1:${httpPort}`;
  const tcp = `127.0.0.1:${tcpPort}`;
  const args = ['node', '--id', 'n1', '--listen', tcp, '--http', http, '--data', join(directory, 'n1')];
  return { args, url: `http://${http}`, http, tcp };
}

/** Writes; requests have a deadline of their own, which a machine with other work may miss. */
const put = (url: string, key: string, value: string): Promise<boolean> =>
  until(`a write of ${key}`, async () => (await fetch(`${url}/kv/${key}`, { method: 'PUT', body: value })).ok);

const get = (url: string, key: string): Promise<string> =>
  until(`a read of ${key}`, async () => {
    const answer = await fetch(`${url}/kv/${key}`);
    const text = await answer.text();
    return answer.ok ? text : undefined;
  });

/** The term in which it leads: the first, unless its disk takes longer than an election. */
const termIn = ([, term]: RegExpExecArray): number => Number(term);

describe('quorate node', () => {
  test('says where it answers, tells its role, and stops cleanly', async () => {
    const { args, url, tcp } = await alone(temporary());
    const node = quorate(args);
    const term = termIn(await node.printed(/leader in term (\d+)/));
    expect(node.stdout).toContain(`answers at ${url} (HTTP) and ${tcp} (nodes and clients), process ${node.pid}`);
    await put(url, 'x', 'kept');
    node.signal('SIGTERM');
    expect(await node.end()).toBe(0);
    expect(node.stderr).toBe('');

    const again = quorate(args);
    expect(termIn(await again.printed(/leader in term (\d+)/))).toBeGreaterThan(term);
    expect(await get(url, 'x')).toBe('kept');
    again.signal('SIGINT');
    expect(await again.end()).toBe(0);
  });

  test('writes JSON where no person looks, and for people when it is told to', async () => {
    const { args, url } = await alone(temporary());
    const node = quorate(args);
    await node.printed(/leader in term/);
    await node.printed(/"type":"ready"/);
    node.signal('SIGTERM');
    expect(await node.end()).toBe(0);
    const lines = node.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    for (const line of lines) expect(line).toMatchObject({ time: expect.any(String), level: 'info', id: 'n1' });
    expect(lines).toContainEqual(expect.objectContaining({ type: 'ready', httpUrl: url, pid: node.pid }));
    expect(lines).toContainEqual(
      expect.objectContaining({ type: 'role', role: 'leader', former: 'candidate', rules: expect.any(Array) }),
    );

    const forPeople = quorate([...args, '--logs', 'human']);
    await forPeople.printed(/^ +\+\d+\.\ds {2}n1 {2}leader in term \d+/m);
    forPeople.signal('SIGTERM');
    expect(await forPeople.end()).toBe(0);
  });

  test('keeps what it acknowledged when it is killed', async () => {
    const { args, url } = await alone(temporary());
    const node = quorate(args);
    await node.printed(/leader in term/);
    await put(url, 'x', 'kept');
    node.signal('SIGKILL');
    expect(await node.end()).toBe('SIGKILL');
    const again = quorate(args);
    await again.printed(/leader in term/);
    expect(await get(url, 'x')).toBe('kept');
  });

  test('stops by itself when the process that watches it is gone, and minds no Ctrl-C before', async () => {
    const { args, url } = await alone(temporary());
    const node = quorate(args, { isWatched: true });
    await until('the node to run', async () => (await fetch(`${url}/healthz`)).ok);
    node.signal('SIGINT');
    await put(url, 'x', 'v');
    node.disconnect();
    expect(await node.end()).toBe(0);
  });

  test('stops by itself also when the process that watches it is gone before it runs', async () => {
    const { args } = await alone(temporary());
    const node = quorate(args, { isWatched: true });
    node.disconnect();
    expect(await node.end()).toBe(0);
  });

  test('lets tokens do what is listed for them, and notes who did what', async () => {
    const directory = temporary();
    const { args, url, http } = await alone(directory);
    const [secretFile, tokens, auditLog] = ['secret', 'tokens.json', 'audit.jsonl'].map((name) =>
      join(directory, name),
    );
    if (secretFile === undefined || tokens === undefined || auditLog === undefined) throw new Error('unreachable');
    const secret = createSecretFile(secretFile);
    writeFileSync(tokens, JSON.stringify({ tokens: [{ name: 'app', role: 'write', prefixes: ['app/'] }] }));
    const node = quorate([...args, '--secret-file', secretFile, '--tokens', tokens, '--audit-log', auditLog]);
    await node.printed(/leader in term/);
    const write = async (key: string, token?: string): Promise<number> => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      return (await fetch(`${url}/kv/${key}`, { method: 'PUT', body: 'v', headers })).status;
    };
    const token = secret.token('app');
    await until('a write', async () => (await write('app/x', token)) === 200);
    expect([await write('x', token), await write('app/x')]).toEqual([403, 401]);
    const tokenFile = join(directory, 'token');
    writeFileSync(tokenFile, `${token}\n`);
    const list = await quorateHere('member', 'list', '--node', http, '--token-file', tokenFile);
    expect(list.code, list.stderr).toBe(0);
    const refused = await quorateHere('backup', join(directory, 'backup'), '--node', http, '--token-file', tokenFile);
    expect([refused.code, refused.stderr.startsWith('FORBIDDEN: ')]).toEqual([1, true]);
    node.signal('SIGTERM');
    expect(await node.end()).toBe(0);
    const lines = readFileSync(auditLog, 'utf8').trimEnd().split('\n');
    // On a machine with other work, the write may have been tried before.
    expect(lines.slice(-4).map((line) => JSON.parse(line))).toMatchObject([
      { node: 'n1', level: 'info', who: 'app', method: 'PUT', keys: ['app/x'], status: 200, time: expect.any(String) },
      { who: 'app', level: 'warn', keys: ['x'], status: 403, code: 'FORBIDDEN' },
      { level: 'warn', keys: ['app/x'], status: 401, code: 'TOKEN_REQUIRED' },
      { who: 'app', route: '/backup', status: 403, code: 'FORBIDDEN' },
    ]);
    const { mode } = statSync(auditLog);
    expect(mode & 0o777).toBe(0o600);
  });

  test('serves the inspector on request', async () => {
    const { args } = await alone(temporary());
    const node = quorate([...args, '--inspect']);
    const [, inspector = ''] = await node.printed(/inspector at (http:\S+?);/);
    const page = await fetch(inspector);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(await page.text()).toContain('stately.ai');
  });

  test('names in one line what keeps it from starting, and ends with 1', async () => {
    const directory = temporary();
    const { args, url, http } = await alone(directory);
    const node = quorate(args);
    await node.printed(/leader in term/);
    const [freeHttp, freeTcp] = await freePorts(2);
    const other = ['node', '--id', 'n1', '--listen', `127.0.0.1:${freeTcp}`, '--http', `127.0.0.1:${freeHttp}`];
    const elsewhere = ['--data', join(directory, 'elsewhere')];
    const taken = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void taken.close());
    for (const [wrong, message] of [
      [[...other, '--data', join(directory, 'n1')], /^JOURNAL_LOCKED: .*stop that node first/],
      [[...other.with(6, http), ...elsewhere], /^HTTP_LISTEN: .*choose another port/],
      [[...other.with(4, http), ...elsewhere], /^ADDRESS_IN_USE: .*choose another port/],
      [[...other, '--data', join(directory, 'n1', '0000000001.segment')], /^JOURNAL_DIRECTORY: /],
    ] as const) {
      const refused = quorate(wrong);
      expect(await refused.end(), refused.stderr).toBe(1);
      expect(refused.stderr).toMatch(message);
      expect(refused.stderr.trimEnd().split('\n')).toHaveLength(1);
      expect(JSON.parse(refused.stdout)).toMatchObject({ level: 'fatal', type: 'failed' });
    }
    // The one that runs does not mind.
    await put(url, 'x', 'v');
    node.signal('SIGTERM');
    expect(await node.end()).toBe(0);

    const owned = quorate(args.with(2, 'n2'));
    expect(await owned.end()).toBe(1);
    expect(owned.stderr).toMatch(/^JOURNAL_OWNER: .*n1/);
    const secretFile = join(temporary(), 'secret');
    createSecretFile(secretFile);
    const widened = quorate([
      ...args,
      '--secret-file',
      secretFile,
      '--peer',
      'n2=127.0.0.1:1',
      '--peer',
      'n3=127.0.0.1:2',
    ]);
    await until('a notice', () => /PEER_NOT_A_MEMBER.*does not name n2, n3/.test(widened.stdout + widened.stderr));
    await put(url, 'x', 'alone');
    widened.signal('SIGTERM');
    expect(await widened.end()).toBe(0);
  });

  test('refuses nodes that cannot form a cluster, and options that make no sense, with 2', async () => {
    const { args } = await alone(temporary());
    const cases = [
      [[...args, '--peer', 'n1=127.0.0.1:9'], /^CLUSTER_OPTIONS: .*n1 itself/],
      [
        [...args, '--peer', 'n2=127.0.0.1:9', '--peer', 'n3=127.0.0.1:9'],
        /^CLUSTER_OPTIONS: .*--peer n2 and --peer n3/,
      ],
      [[...args, '--peer', `n2=${args[4]}`], /^CLUSTER_OPTIONS: .*--listen of n1 and --peer n2/],
      [[...args, '--peer', 'n2=127.0.0.1:9'], /^CLUSTER_OPTIONS: .*--secret-file/],
      [args.with(4, '10.0.0.1:4801'), /^CLUSTER_OPTIONS: .*--listen 10\.0\.0\.1:4801 .*--insecure/],
      [args.with(6, '0.0.0.0:4701'), /^CLUSTER_OPTIONS: .*--http 0\.0\.0\.0:4701 .*--insecure/],
      [[...args, '--tokens', 'tokens.json'], /^CLUSTER_OPTIONS: .*--secret-file/],
      [[...args, '--ca', 'ca.pem'], /^CLUSTER_OPTIONS: .*got none for --cert and --key/],
      [[...args, '--ca', 'ca.pem', '--cert', 'n1.pem', '--key', 'n1.key.pem'], /^FILE: .*ca\.pem/],
      [[...args, '--heartbeat-ms', '200'], /^CLUSTER_OPTIONS: .*3 heartbeats, 600 ms, got 500 ms/],
    ] as const;
    await Promise.all(
      cases.map(async ([wrong, message]) => {
        const refused = quorate(wrong);
        expect(await refused.end(), wrong.join(' ')).toBe(2);
        expect(refused.stderr, wrong.join(' ')).toMatch(message);
      }),
    );
    for (const [wrong, message] of [
      [[...args, '--peer', 'n2=127.0.0.1:9', '--peer', 'n2=127.0.0.1:8'], /named before/],
      [[...args, '--open-clients', 'some'], /Expected all, loopback or none/],
      [[...args, '--peer', 'n2'], /Expected ID=HOST:PORT/],
      [[...args, '--pear', 'n2=127.0.0.1:9'], /Did you mean --peer/],
      [args.with(4, '5701'), /did you mean 127\.0\.0\.1:5701/],
      [['node', '--id', 'n1'], /a node needs --listen, --http, --data as well/],
      [['nod'], /Did you mean node/],
    ] as const) {
      const refused = await quorateHere(...wrong);
      expect(refused.stderr, wrong.join(' ')).toMatch(message);
      expect(refused.code, wrong.join(' ')).toBe(2);
    }
  });

  test('explains itself', async () => {
    for (const [args, text] of [
      [['--help'], 'quorate up'],
      [['node', '--help'], '--peer n2=10.0.0.2:4801'],
      [['up', '--help'], 'quorate up --nodes 5'],
      [['help', 'history'], 'docs/history-format.md'],
    ] as const) {
      const help = await quorateHere(...args);
      expect(help.stdout).toContain(text);
      expect(help.code).toBe(0);
    }
  });
});
