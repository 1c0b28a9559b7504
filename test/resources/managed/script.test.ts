import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scriptServer } from '../../../src/resources/managed/script.ts';
import { freePort } from '../../fixtures/ports.ts';
import { removeDirectory, type ServerProcess, startProcess, temporaryDirectory } from '../../fixtures/servers.ts';
import { until } from '../../fixtures/until.ts';
import { conformsAsManagedServer } from './conformance.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const timeoutMs = 60_000;
const command = [join(root, 'examples', 'own-server.sh')];

function ask(port: number, request: unknown): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${JSON.stringify(request)}\n`));
    // Which hands on the errors of what it reads.
    createInterface({ input: socket })
      .on('error', reject)
      .on('line', (line) => resolve(JSON.parse(line)))
      .on('close', () => reject(new Error('expected an answer')));
  });
}

conformsAsManagedServer(
  "an example's own server behind a script",
  async () => {
    const directory = temporaryDirectory('quorate-own-server-', {});
    const ports = new Map<string, number>();
    for (const name of ['r1', 'r2', 'r3']) ports.set(name, await freePort());
    const running = new Map<string, ServerProcess>();
    const start = async (name: string): Promise<void> => {
      const port = ports.get(name) ?? 0;
      const args = ['--name', name, '--port', String(port), '--file', join(directory, `${name}.json`)];
      const started = startProcess(process.execPath, [join(root, 'dist/examples/own-server.js'), ...args], {});
      running.set(name, started);
      await until(`'${name}' to answer`, async () => {
        if (started.hasExited()) throw new Error(started.log());
        return await ask(port, { type: 'probe' });
      });
    };
    const close = async (): Promise<void> => {
      for (const server of running.values()) await server.end('SIGKILL');
      removeDirectory(directory);
    };
    try {
      for (const name of ports.keys()) await start(name);
    } catch (error) {
      await close();
      throw error;
    }
    const servers = Object.fromEntries([...ports].map(([name, port]) => [name, { host: '127.0.0.1', port }]));
    const signal = (name: string, which: NodeJS.Signals): void => {
      process.kill(running.get(name)?.pid ?? 0, which);
    };
    return {
      servers: ['r1', 'r2', 'r3'],
      reach: (server, manager) => scriptServer({ group: 'own', server, manager, servers, command }),
      write: async (server, value) => (await ask(ports.get(server) ?? 0, { type: 'write', value })).written === true,
      holds: async (server, value) => (await ask(ports.get(server) ?? 0, { type: 'holds', value })).holds === true,
      pause: async (server) => signal(server, 'SIGSTOP'),
      resume: async (server) => signal(server, 'SIGCONT'),
      crash: async (server) => await running.get(server)?.end('SIGKILL'),
      restart: start,
      close,
    };
  },
  { isDurable: true, comesBackAs: 'fenced' },
);

describe('a script', () => {
  let directory = '';
  beforeAll(() => {
    directory = temporaryDirectory('quorate-script-', {});
  });
  afterAll(() => removeDirectory(directory));

  const status = {
    role: 'fenced',
    incarnation: 'i1',
    position: { history: 'h1', offset: 1 },
    follows: null,
    isLinked: false,
    mark: null,
    confirmed: {},
  };
  /** A server whose script is this text for a shell. */
  const scripted = (text: string) => {
    const file = join(directory, `script-${text.length}-${Buffer.from(text).toString('hex').slice(-16)}`);
    writeFileSync(file, `#!/bin/sh\n${text}\n`);
    chmodSync(file, 0o755);
    const servers = { r1: { host: '10.0.0.1', port: 7001 } };
    return scriptServer({ group: 'own', server: 'r1', manager: 'm1', servers, command: [file, 'given'] });
  };
  const claim = { type: 'claim', term: 3 } as const;

  test('reads the request, and knows from arguments and variables what it is about', async () => {
    const seen = join(directory, 'seen');
    const answer = JSON.stringify({ ...status, term: 3 });
    const server = scripted(
      `cat > ${seen}; echo "$@ $QUORATE_GROUP $QUORATE_SERVER $QUORATE_HOST $QUORATE_PORT" >> ${seen}; echo '${answer}'`,
    );
    expect(await server.operate(claim, timeoutMs)).toEqual(status);
    const [request = '', words] = readFileSync(seen, 'utf8').split('\n');
    expect(JSON.parse(request)).toEqual({
      type: 'claim',
      term: 3,
      group: 'own',
      server: 'r1',
      manager: 'm1',
      servers: { r1: { host: '10.0.0.1', port: 7001 } },
    });
    expect(words).toBe('given claim own r1 10.0.0.1 7001');
  });

  test('is found out when it does not keep the term that it was told', async () => {
    const forgetful = scripted(`echo '${JSON.stringify({ ...status, term: 2 })}'`);
    await expect(forgetful.operate(claim, timeoutMs)).rejects.toMatchObject({ code: 'NOT_POSSIBLE' });
    const claimedByOther = scripted(`echo '${JSON.stringify({ ...status, term: 4 })}'`);
    await expect(claimedByOther.operate(claim, timeoutMs)).rejects.toMatchObject({ code: 'CLAIM_LOST' });
  });

  test('leaves open what has happened when it fails, hangs, or prints something else', async () => {
    await expect(scripted('echo broken >&2; exit 3').operate(claim, timeoutMs)).rejects.toMatchObject({
      code: 'RESOURCE_UNREACHABLE',
      message: expect.stringMatching(/ended with 3 for 'r1': broken/),
    });
    await expect(scripted('exec sleep 30').operate(claim, 200)).rejects.toMatchObject({ code: 'RESOURCE_DEADLINE' });
    await expect(scripted('echo hello').operate(claim, timeoutMs)).rejects.toMatchObject({
      code: 'RESOURCE_UNREACHABLE',
      message: expect.stringMatching(/got "hello\\n"/),
    });
    expect(await scripted('echo hello').probe(timeoutMs)).toBe('silent');
  });

  test('refuses by name, with its reason', async () => {
    const answer = JSON.stringify({ refused: 'NOT_POSSIBLE', message: 'not on Sundays' });
    await expect(scripted(`echo '${answer}'`).operate(claim, timeoutMs)).rejects.toMatchObject({
      code: 'NOT_POSSIBLE',
      message: "'r1' refuses: not on Sundays",
    });
  });
});
