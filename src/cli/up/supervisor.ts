/**
 * Keeps the process of one node running: starts it, hears what it reports, and starts it again, later after each
 * failure, when it dies. One that says that it would only fail again is left alone.
 */

import type { Clock, TimeoutHandle } from '../../environment/clock.ts';
import type { Report } from '../reports.ts';

/** A process of a node, as the supervisor sees it. */
export interface NodeProcess {
  readonly pid: number | undefined;
  /** Asks it to stop cleanly. */
  stop(): void;
  /** Ends it at once. */
  kill(): void;
  /** Stops it where it is, or lets it go on. */
  pause(isPaused: boolean): void;
  /** Tells it something, if it can hear. */
  tell(message: object): void;
}

/** What a process tells its supervisor. */
export interface NodeProcessListener {
  reported(report: Report): void;
  /** It says something else. */
  said?(message: unknown): void;
  /** Called once. `reason` is for people: a signal, an exit code. */
  exited(reason: string): void;
}

export interface SupervisorOptions {
  readonly clock: Clock;
  readonly start: (listener: NodeProcessListener) => NodeProcess;
  readonly onReport: (report: Report) => void;
  /** What it says besides reports. */
  readonly onMessage?: (message: unknown) => void;
  /** It was ended by hand. */
  readonly onHeld?: (reason: string) => void;
  /** It died; `restartInMs` is undefined when it is given up. */
  readonly onDeath: (reason: string, restartInMs: number | undefined) => void;
}

/** How a supervised node stands. `held`: it was ended by hand, and waits to be started by hand. */
export type Standing = 'starting' | 'ready' | 'waiting' | 'held' | 'given-up' | 'stopped';

export interface Supervisor {
  readonly standing: Standing;
  readonly pid: number | undefined;
  /** Ends the process cleanly, or by force when that takes longer than `graceMs`, and does not start it again. */
  stop(): Promise<void>;
  /** Ends the process at once, and does not start it again. */
  kill(): void;
  /** Ends the process at once; it is started again by `release` alone. */
  hold(): void;
  /** Starts the process that is held, or ends the one that runs, and starts it again. */
  release(): void;
  /** Stops the process where it is, or lets it go on. */
  pause(isPaused: boolean): void;
  /** Tells the process something, if it runs. */
  tell(message: object): void;
}

export const firstRestartMs = 500;
export const longestRestartMs = 30_000;
/** A node that ran for this long has recovered: its next restart is prompt again. */
export const recoveredAfterMs = 60_000;
/** Deaths in a row after which a node is given up. */
export const deathLimit = 10;
/** How long a clean stop may take before it is forced. */
export const graceMs = 10_000;

/** Starts the process at once. */
export function supervise({ clock, start, onReport, onMessage, onHeld, onDeath }: SupervisorOptions): Supervisor {
  let standing: Standing = 'starting';
  let child: NodeProcess | undefined;
  let deaths = 0;
  let isHopeless = false;
  let startedAtMs = 0;
  let restart: TimeoutHandle | undefined;
  let isStopping = false;
  /** What is to become of the process that is being ended by hand. */
  let byHand: 'hold' | 'restart' | undefined;
  let onExit = (): void => {};
  const exit = new Promise<void>((resolve) => {
    onExit = resolve;
  });

  const begin = (): void => {
    restart = undefined;
    standing = 'starting';
    startedAtMs = clock.nowMs();
    isHopeless = false;
    child = start({
      reported(report) {
        if (report.type === 'ready' && !isStopping) standing = 'ready';
        if (report.type === 'failed') isHopeless = report.isFinal;
        onReport(report);
      },
      said: (message) => onMessage?.(message),
      exited: bury,
    });
  };
  const bury = (reason: string): void => {
    child = undefined;
    if (isStopping) {
      standing = 'stopped';
      onExit();
      return;
    }
    const wanted = byHand;
    byHand = undefined;
    if (wanted === 'restart') {
      onHeld?.(reason);
      begin();
      return;
    }
    if (wanted === 'hold') {
      standing = 'held';
      onHeld?.(reason);
      return;
    }
    deaths = clock.nowMs() - startedAtMs >= recoveredAfterMs ? 1 : deaths + 1;
    if (isHopeless || deaths >= deathLimit) {
      standing = 'given-up';
      onDeath(reason, undefined);
      return;
    }
    standing = 'waiting';
    const restartInMs = Math.min(longestRestartMs, firstRestartMs * 2 ** (deaths - 1));
    restart = clock.setTimeout(begin, restartInMs);
    onDeath(reason, restartInMs);
  };
  const leave = (): void => {
    isStopping = true;
    if (restart !== undefined) clock.clearTimeout(restart);
    restart = undefined;
    if (child !== undefined) return;
    standing = 'stopped';
    onExit();
  };
  const end = (next: 'hold' | 'restart'): void => {
    if (isStopping) return;
    if (restart !== undefined) clock.clearTimeout(restart);
    restart = undefined;
    if (child !== undefined) {
      byHand = next;
      child.kill();
    } else if (next === 'restart') begin();
    else standing = 'held';
  };
  begin();

  return {
    get standing() {
      return standing;
    },
    get pid() {
      return child?.pid;
    },
    async stop() {
      leave();
      // One that is paused would not hear that it is to end.
      child?.pause(false);
      child?.stop();
      const force = clock.setTimeout(() => child?.kill(), graceMs);
      await exit;
      clock.clearTimeout(force);
    },
    kill() {
      leave();
      child?.kill();
    },
    hold: () => end('hold'),
    release: () => end('restart'),
    pause: (isPaused) => child?.pause(isPaused),
    tell: (message) => child?.tell(message),
  };
}
