/** Commands of the operator's, such as one that starts a server. No shell comes between; what they print is bounded. */

import { spawn } from 'node:child_process';
import type { Clock } from '../../environment/clock.ts';
import { ResourceDeadlineError } from '../errors.ts';

export interface CommandResult {
  /** Null where a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  /** The end of what it printed there. */
  readonly stderr: string;
}

export interface CommandOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Added to the environment of this process. */
  readonly variables?: Readonly<Record<string, string>>;
  /** What it reads on its standard input; default none. */
  readonly input?: string;
  /** A longer output is cut off; default 1 MiB. */
  readonly maxOutputBytes?: number;
  /** Who runs it; default: who runs this process. */
  readonly user?: User;
  /** Where it runs; default: where this process does. */
  readonly directory?: string;
  /** Kills it. */
  readonly signal?: AbortSignal;
}

/** A user of the operating system. */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Runs a command to its end. One that does not end in time is killed.
 *
 * @throws ResourceDeadlineError, and what prevents a process from being started
 */
export function runCommand(
  [command = '', ...args]: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const { clock, timeoutMs, variables = {}, input = '', maxOutputBytes = 1_048_576, user, directory, signal } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...user,
      stdio: 'pipe',
      env: { ...process.env, ...variables },
      ...(directory === undefined ? {} : { cwd: directory }),
      ...(signal === undefined ? {} : { signal }),
    });
    let stdout = '';
    let stderr = '';
    let quietTurns = 0;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      quietTurns = 0;
      stdout = (stdout + text).slice(0, maxOutputBytes);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      quietTurns = 0;
      stderr = (stderr + text).slice(-maxErrorCharacters);
    });
    const timeout = clock.setTimeout(() => {
      child.kill('SIGKILL');
      reject(
        new ResourceDeadlineError(`expected an end of '${command}' within ${Math.ceil(timeoutMs)} ms; it was killed`),
      );
    }, timeoutMs);
    child.on('error', (error) => {
      clock.clearTimeout(timeout);
      reject(error);
    });
    const readToTheEnd = (exitCode: number | null): void => {
      quietTurns += 1;
      if (quietTurns < turnsUntilRead) {
        clock.enqueue(() => readToTheEnd(exitCode));
        return;
      }
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ exitCode, stdout, stderr });
    };
    // Not `close`: a server that the command starts may keep its output open.
    child.on('exit', (exitCode) => {
      clock.clearTimeout(timeout);
      readToTheEnd(exitCode);
    });
    // A command that reads nothing may end before its input is written.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

const maxErrorCharacters = 4_096;

/**
 * What a command wrote before it ended is in its pipes by then, and a whole turn of the event loop reads it. Where the end
 * of another command told of this one's, that turn is yet to come.
 */
const turnsUntilRead = 4;
