/** The place of one node of a live comparison, whose process is killed, started again, and made to stand still. */

import type { LiveNode } from '../../compare/live/cluster.ts';
import { forkNode } from '../up/node-process.ts';
import type { NodeProcess } from '../up/supervisor.ts';

export interface NodePlace extends LiveNode {
  /** The node runs and answers. */
  readonly isReady: boolean;
  /** What was counted when it became leader; undefined while it does not lead. */
  readonly ledSince: number | undefined;
  /** What it did by itself that it should not have: it ended, or could not start. */
  readonly problem: string | undefined;
  /** Kills it, and starts it no more. Resolves when its process is gone. */
  end(): Promise<void>;
}

export interface NodePlaceOptions {
  readonly id: string;
  readonly address: string;
  /** The file that its process runs. */
  readonly program: string;
  /** Of `quorate node`. */
  readonly args: readonly string[];
  /** Counts the elections of its cluster: more each time. */
  readonly elected: () => number;
}

/** A process that was started, until it is gone. */
interface Running {
  readonly process: NodeProcess;
  readonly gone: Promise<void>;
  isToEnd: boolean;
}

/** The last lines that are told of a node that has failed. */
const mostLines = 20;

/** Makes the place; nothing runs there yet. */
export function createNodePlace({ id, address, program, args, elected }: NodePlaceOptions): NodePlace {
  let running: Running | undefined;
  let isReady = false;
  let ledSince: number | undefined;
  let problem: string | undefined;
  let isEnded = false;
  let lines: readonly string[] = [];

  const launch = (): Running => {
    let leave = (): void => {};
    const gone = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const process = forkNode(
      program,
      args,
      (line) => {
        lines = [...lines, line].slice(-mostLines);
      },
      {
        reported(report) {
          if (report.type === 'ready') isReady = true;
          if (report.type === 'failed') problem = `${id} failed: ${report.code}: ${report.message}`;
          if (report.type !== 'role') return;
          ledSince = report.role === 'leader' ? elected() : undefined;
        },
        exited(reason) {
          if (!launched.isToEnd) problem ??= [`${id} ended: ${reason}`, ...lines].join('\n');
          if (running === launched) running = undefined;
          isReady = false;
          ledSince = undefined;
          leave();
        },
      },
    );
    const launched: Running = { process, gone, isToEnd: false };
    return launched;
  };

  const signal = (name: 'SIGSTOP' | 'SIGCONT'): void => {
    const pid = running?.process.pid;
    if (pid !== undefined) process.kill(pid, name);
  };
  const kill = async (): Promise<void> => {
    if (running === undefined) return;
    const { process, gone } = running;
    running.isToEnd = true;
    process.kill();
    await gone;
  };
  return {
    id,
    address,
    get isReady() {
      return isReady;
    },
    get ledSince() {
      return ledSince;
    },
    get problem() {
      return problem;
    },
    kill,
    start() {
      if (!isEnded && running === undefined) running = launch();
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    end() {
      isEnded = true;
      return kill();
    },
  };
}
