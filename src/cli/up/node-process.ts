/** The process of a node that `quorate up` starts: a child that reports over its channel and stops when that closes. */

import { fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import { reportIn } from '../reports.ts';
import type { NodeProcess, NodeProcessListener } from './supervisor.ts';

/** Starts `quorate node` with `args`. What it writes to its standard error goes to `onLine`, line by line. */
export function forkNode(
  program: string,
  args: readonly string[],
  onLine: (line: string) => void,
  listener: NodeProcessListener,
): NodeProcess {
  const child = fork(program, ['node', ...args], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  if (child.stderr !== null) createInterface({ input: child.stderr }).on('line', onLine);
  child.on('message', (message) => {
    const report = reportIn(message);
    if (report === undefined) listener.said?.(message);
    else listener.reported(report);
  });
  let isOver = false;
  const over = (reason: string): void => {
    if (isOver) return;
    isOver = true;
    listener.exited(reason);
  };
  child.on('error', (error) => {
    if (child.pid === undefined) over(`could not be started: ${error.message}`);
  });
  // `close` comes after `exit`, when everything that the process wrote and reported has been read.
  child.on('close', (code, signal) => over(signal === null ? `exit code ${code}` : `signal ${signal}`));
  return {
    pid: child.pid,
    stop: () => void child.kill('SIGTERM'),
    kill: () => void child.kill('SIGKILL'),
    pause: (isPaused) => void child.kill(isPaused ? 'SIGSTOP' : 'SIGCONT'),
    tell(message) {
      // One that is about to end hears nothing any more, and its end is told.
      if (child.connected) child.send(message, () => {});
    },
  };
}
