/** A server whose data directory is on this machine: pg_ctl, pg_rewind and pg_basebackup, as the user that owns the data. */

import { chown, copyFile, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, pause } from '../../../environment/clock.ts';
import { messageOf } from '../../../environment/message.ts';
import { type Budget, within } from '../../deadline.ts';
import { type CommandResult, runCommand, type User } from '../command.ts';
import { HostCommandError } from '../errors.ts';
import { termSetting } from './claims.ts';
import type { PostgresHost } from './host.ts';

export interface LocalHostOptions {
  /** The data directory. What has its name with an ending, beside it, is ours, too: `.log`, `.lock`, `.copy` and so on. */
  readonly data: string;
  /** Where pg_ctl and the others are, for instance /usr/lib/postgresql/15/bin. */
  readonly binaries: string;
  /** `config_file`, where it is not in the data directory. */
  readonly configFile?: string;
  readonly clock: Clock;
}

export const localHost = (options: LocalHostOptions): PostgresHost => new LocalHost(options);

/** What each server has of its own, and keeps when its data become those of another. */
const ownFiles = ['postgresql.conf', 'pg_hba.conf', 'pg_ident.conf'];
const settingsFile = 'postgresql.auto.conf';
/** What a killed server left behind may take a moment to go. */
const maxStarts = 5;
const startPauseMs = 100;
/** A copy may take long, and goes on when the operation is over that has asked for it. */
const maxCopyMs = 24 * 60 * 60 * 1_000;

class LocalHost implements PostgresHost {
  readonly #options: LocalHostOptions;
  readonly #closing = new AbortController();
  #restoring: Promise<void> | undefined;

  constructor(options: LocalHostOptions) {
    this.#options = options;
  }

  async start(limit: Budget): Promise<void> {
    if (this.#restoring !== undefined) await this.#within(limit, this.#restoring);
    if (await this.#isRunning(limit)) return;
    // A rewind that was broken off leaves data of which no server could make anything.
    const brokenOff = await readFile(this.#beside('rewinding'), 'utf8').catch(() => undefined);
    if (brokenOff !== undefined) await this.restore('copy', brokenOff, limit);
    await this.#beStandby();
    const { clock, data } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      const log = this.#beside('log');
      const command = [
        ...this.#tool('pg_ctl'),
        'start',
        '-l',
        log,
        '-w',
        '-t',
        secondsOf(limit),
        ...this.#startOptions(),
      ];
      // `--close`: the server itself must not hold the lock for as long as it runs.
      const { exitCode, stderr } = await this.#alone(command, limit.remainingMs(), { flags: ['--close'] });
      if (exitCode === 0 || (await this.#isRunning(limit))) return;
      if (attempt === maxStarts || limit.remainingMs() === 0) {
        throw new HostCommandError(`expected the server of ${data} to start: ${stderr.trim()}; see ${log}`);
      }
      await pause(clock, startPauseMs);
    }
  }

  async stop(how: 'fast' | 'immediate', limit: Budget): Promise<void> {
    if (!(await this.#isRunning(limit))) return;
    const command = [...this.#tool('pg_ctl'), 'stop', '-m', how, '-w', '-t', secondsOf(limit)];
    const { exitCode, stderr } = await this.#run(command, limit.remainingMs());
    if (exitCode === 0 || !(await this.#isRunning(limit))) return;
    throw new HostCommandError(`expected the server of ${this.#options.data} to stop: ${stderr.trim()}`);
  }

  async restore(how: 'rewind' | 'copy', url: string, limit: Budget): Promise<void> {
    this.#restoring ??= this.#restore(how, url).finally(() => {
      this.#restoring = undefined;
    });
    this.#restoring.catch(() => undefined);
    await this.#within(limit, this.#restoring);
  }

  close(): void {
    this.#closing.abort();
  }

  async #restore(how: 'rewind' | 'copy', url: string): Promise<void> {
    if (how === 'copy' || !(await this.#rewind(url))) await this.#copy(url);
    await this.#beStandby();
  }

  /** Answers with false where the server is to be copied instead. */
  async #rewind(url: string): Promise<boolean> {
    const { connInfo, password } = sourceOf(url);
    const [rewinding, kept] = [this.#beside('rewinding'), this.#beside('kept')];
    if (await isThere(rewinding)) return false;
    await this.#endRecovery();
    await mkdir(kept, { recursive: true, mode: 0o700 });
    await this.#keep(this.#options.data, kept);
    await writeFile(rewinding, url, { mode: 0o600 });
    const { configFile } = this.#options;
    const settings = configFile === undefined ? [] : ['--config-file', configFile];
    const command = [...this.#tool('pg_rewind'), `--source-server=${connInfo}`, ...settings];
    const { exitCode } = await this.#alone(command, maxCopyMs, { password });
    if (exitCode !== 0) return false;
    await this.#keep(kept, this.#options.data);
    for (const each of [rewinding, kept]) await rm(each, { recursive: true, force: true });
    return true;
  }

  /**
   * Replays the log to its end, and closes it with a checkpoint: before version 16, pg_rewind knows the timeline of a server by
   * its last checkpoint alone, and one that was promoted, or has followed, may have made none since.
   */
  async #endRecovery(): Promise<void> {
    const { data, configFile } = this.#options;
    await rm(join(data, 'standby.signal'), { force: true });
    const settings = configFile === undefined ? [] : ['-c', `config_file=${configFile}`];
    const command = [...this.#tool('postgres', ['--single']), ...settings, 'template1'];
    const { exitCode, stderr } = await this.#alone(command, maxCopyMs);
    if (exitCode !== 0) {
      throw new HostCommandError(`expected the server of ${data} to replay its log: ${stderr.trim()}`);
    }
  }

  /** The data are there as a whole before the earlier ones go. */
  async #copy(url: string): Promise<void> {
    const { data } = this.#options;
    const { connInfo, password } = sourceOf(url);
    const [copied, old, kept] = [this.#beside('copy'), this.#beside('old'), this.#beside('kept')];
    await rm(copied, { recursive: true, force: true });
    await mkdir(copied, { mode: 0o700 });
    await this.#own(copied);
    const command = [
      ...[join(this.#options.binaries, 'pg_basebackup'), '-D', copied, '-X', 'stream', '-c', 'fast'],
      ...['-d', `${connInfo} application_name=quorate-copy`],
    ];
    const { exitCode, stderr } = await this.#alone(command, maxCopyMs, { password });
    if (exitCode !== 0) throw new HostCommandError(`expected pg_basebackup to copy to ${copied}: ${stderr.trim()}`);
    await this.#keep((await isThere(kept)) ? kept : data, copied);
    await rm(old, { recursive: true, force: true });
    await rename(data, old);
    await rename(copied, data);
    for (const each of [this.#beside('rewinding'), kept, old]) await rm(each, { recursive: true, force: true });
  }

  /** A server that finds this file when it starts is a standby. */
  async #beStandby(): Promise<void> {
    const signal = join(this.#options.data, 'standby.signal');
    await writeFile(signal, '');
    await this.#own(signal);
  }

  /** Copies what a server has of its own: its configuration, and the term that has claimed it last. */
  async #keep(from: string, to: string): Promise<void> {
    for (const file of ownFiles) {
      if (!(await isThere(join(from, file)))) continue;
      await copyFile(join(from, file), join(to, file));
      await this.#own(join(to, file));
    }
    const settings = await readFile(join(from, settingsFile), 'utf8').catch(() => '');
    const term = settings.split('\n').findLast((line) => line.startsWith(`${termSetting} =`));
    if (term === undefined) return;
    await writeFile(join(to, settingsFile), `${term}\n`, { flag: 'a' });
    await this.#own(join(to, settingsFile));
  }

  async #isRunning(limit: Budget): Promise<boolean> {
    return (await this.#run([...this.#tool('pg_ctl'), 'status'], limit.remainingMs())).exitCode === 0;
  }

  #tool(name: string, options: readonly string[] = []): readonly string[] {
    return [join(this.#options.binaries, name), ...options, '-D', this.#options.data];
  }

  #startOptions(): readonly string[] {
    const { configFile } = this.#options;
    return configFile === undefined ? [] : ['-o', `-c config_file=${configFile}`];
  }

  #beside(ending: string): string {
    return `${this.#options.data}.${ending}`;
  }

  /** One such command at a time, over all processes: it holds the lock itself, also where its manager was killed. */
  async #alone(command: readonly string[], timeoutMs: number, more: More = {}): Promise<CommandResult> {
    const lock = this.#beside('lock');
    await (await open(lock, 'a')).close();
    await this.#own(lock);
    return await this.#run(['flock', ...(more.flags ?? []), lock, ...command], timeoutMs, more);
  }

  async #run(command: readonly string[], timeoutMs: number, { password }: More = {}): Promise<CommandResult> {
    const user = await this.#owner();
    try {
      return await runCommand(command, {
        clock: this.#options.clock,
        timeoutMs,
        directory: '/',
        signal: this.#closing.signal,
        ...(user === undefined ? {} : { user }),
        // A list of processes shows what is an argument.
        ...(password === undefined ? {} : { variables: { PGPASSWORD: password } }),
      });
    } catch (cause) {
      throw new HostCommandError(`expected '${command[0]}' to run: ${messageOf(cause)}`, { cause });
    }
  }

  #within<T>(limit: Budget, work: Promise<T>): Promise<T> {
    const { clock, data } = this.#options;
    return within(clock, work, limit.remainingMs(), `the copying of data to ${data}`);
  }

  /** Who owns the data, where this process may be another; servers refuse to be run by root. */
  async #owner(): Promise<User | undefined> {
    if (process.getuid?.() !== 0) return undefined;
    const { uid, gid } = await stat(this.#options.data);
    return { uid, gid };
  }

  async #own(path: string): Promise<void> {
    const owner = await this.#owner();
    if (owner !== undefined) await chown(path, owner.uid, owner.gid);
  }
}

interface More {
  /** Of flock. */
  readonly flags?: readonly string[];
  readonly password?: string;
}

interface Source {
  readonly connInfo: string;
  readonly password: string;
}

function sourceOf(url: string): Source {
  const { hostname, port, username, password, pathname } = new URL(url);
  const parts = {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port || '5432',
    user: decodeURIComponent(username),
    dbname: decodeURIComponent(pathname.slice(1)) || 'postgres',
  };
  const connInfo = Object.entries(parts)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}='${value.replace(/[\\']/g, '\\$&')}'`)
    .join(' ');
  return { connInfo, password: decodeURIComponent(password) };
}

const secondsOf = (limit: Budget): string => String(Math.max(1, Math.ceil(limit.remainingMs() / 1_000)));

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
