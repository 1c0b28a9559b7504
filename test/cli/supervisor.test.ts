import { describe, expect, test } from 'vitest';
import type { Report } from '../../src/cli/reports.ts';
import {
  deathLimit,
  firstRestartMs,
  graceMs,
  longestRestartMs,
  type NodeProcessListener,
  recoveredAfterMs,
  supervise,
} from '../../src/cli/up/supervisor.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';

const ready: Report = {
  type: 'ready',
  id: 'n1',
  pid: 1,
  httpUrl: 'http://127.0.0.1:1',
  tcp: '127.0.0.1:2',
  dataDirectory: 'd',
  isNew: true,
};
const failed = (isFinal: boolean): Report => ({ type: 'failed', id: 'n1', code: 'X', message: 'x', isFinal });

function bench() {
  const clock = createVirtualClock();
  const processes: NodeProcessListener[] = [];
  const signals: string[] = [];
  const deaths: (number | undefined)[] = [];
  const supervisor = supervise({
    clock,
    start(listener) {
      processes.push(listener);
      return {
        pid: processes.length,
        stop: () => signals.push('stop'),
        kill: () => signals.push('kill'),
        pause: (isPaused) => signals.push(isPaused ? 'pause' : 'go on'),
        tell: () => {},
      };
    },
    onReport: () => {},
    onDeath: (_reason, restartInMs) => deaths.push(restartInMs),
  });
  const latest = (): NodeProcessListener => {
    const listener = processes.at(-1);
    if (listener === undefined) throw new Error('nothing was started');
    return listener;
  };
  return { clock, processes, signals, deaths, supervisor, latest };
}

describe('a supervised process', () => {
  test('is started at once, and ready when it says so', () => {
    const { processes, supervisor, latest } = bench();
    expect(processes).toHaveLength(1);
    expect(supervisor.standing).toBe('starting');
    latest().reported(ready);
    expect(supervisor.standing).toBe('ready');
  });

  test('is started again when it dies, later each time, and given up in the end', () => {
    const { clock, processes, deaths, supervisor, latest } = bench();
    for (let death = 1; death < deathLimit; death += 1) {
      latest().exited('signal SIGKILL');
      const delayMs = Math.min(longestRestartMs, firstRestartMs * 2 ** (death - 1));
      expect(deaths.at(-1)).toBe(delayMs);
      expect(supervisor.standing).toBe('waiting');
      clock.advance(delayMs - 1);
      expect(processes).toHaveLength(death);
      clock.advance(1);
      expect(processes).toHaveLength(death + 1);
    }
    latest().exited('signal SIGKILL');
    expect(deaths.at(-1)).toBeUndefined();
    expect(supervisor.standing).toBe('given-up');
    clock.advance(10 * longestRestartMs);
    expect(processes).toHaveLength(deathLimit);
  });

  test('that ran for a while is started again promptly', () => {
    const { clock, deaths, latest } = bench();
    for (let death = 1; death <= 4; death += 1) {
      latest().exited('exit code 1');
      clock.advance(deaths.at(-1) ?? 0);
    }
    expect(deaths.at(-1)).toBe(firstRestartMs * 8);
    clock.advance(recoveredAfterMs);
    latest().exited('exit code 1');
    expect(deaths.at(-1)).toBe(firstRestartMs);
  });

  test('is left alone when it says that it would only fail again', () => {
    const { clock, processes, deaths, supervisor, latest } = bench();
    latest().reported(failed(true));
    latest().exited('exit code 1');
    expect(deaths).toEqual([undefined]);
    expect(supervisor.standing).toBe('given-up');
    clock.advance(10 * longestRestartMs);
    expect(processes).toHaveLength(1);
  });

  test('is started again after a failure that may be over', () => {
    const { deaths, latest } = bench();
    latest().reported(ready);
    latest().reported(failed(false));
    latest().exited('exit code 1');
    expect(deaths).toEqual([firstRestartMs]);
  });

  test('is stopped cleanly, and not started again', async () => {
    const { clock, processes, signals, deaths, supervisor, latest } = bench();
    const stopped = supervisor.stop();
    expect(signals).toEqual(['go on', 'stop']);
    latest().exited('exit code 0');
    await stopped;
    expect(supervisor.standing).toBe('stopped');
    expect(deaths).toEqual([]);
    clock.advance(10 * graceMs);
    expect(signals).toEqual(['go on', 'stop']);
    expect(processes).toHaveLength(1);
  });

  test('is ended by force when it does not stop in time', async () => {
    const { clock, signals, supervisor, latest } = bench();
    const stopped = supervisor.stop();
    clock.advance(graceMs - 1);
    expect(signals).toEqual(['go on', 'stop']);
    clock.advance(1);
    expect(signals).toEqual(['go on', 'stop', 'kill']);
    latest().exited('signal SIGKILL');
    await stopped;
  });

  test('is not started again when it was to be when stopping began', async () => {
    const { clock, processes, supervisor, latest } = bench();
    latest().exited('signal SIGKILL');
    await supervisor.stop();
    clock.advance(10 * longestRestartMs);
    expect(processes).toHaveLength(1);
    expect(supervisor.standing).toBe('stopped');
  });

  test('that is held is ended, is no death, and starts again only when it is released', () => {
    const { clock, processes, signals, deaths, supervisor, latest } = bench();
    latest().reported(ready);
    supervisor.hold();
    expect(signals).toEqual(['kill']);
    latest().exited('signal SIGKILL');
    expect(supervisor.standing).toBe('held');
    clock.advance(10 * longestRestartMs);
    expect(processes).toHaveLength(1);
    expect(deaths).toEqual([]);
    supervisor.release();
    expect(processes).toHaveLength(2);
    expect(supervisor.standing).toBe('starting');
  });

  test('is ended and started at once when it is released while it runs, or waits to be started', () => {
    const { clock, processes, signals, deaths, supervisor, latest } = bench();
    supervisor.release();
    expect(signals).toEqual(['kill']);
    latest().exited('signal SIGKILL');
    expect(processes).toHaveLength(2);
    latest().exited('exit code 1');
    expect(deaths).toEqual([firstRestartMs]);
    supervisor.release();
    expect(processes).toHaveLength(3);
    clock.advance(10 * longestRestartMs);
    expect(processes).toHaveLength(3);
  });

  test('that is held when all is to stop has stopped', async () => {
    const { supervisor, latest } = bench();
    supervisor.hold();
    latest().exited('signal SIGKILL');
    await supervisor.stop();
    expect(supervisor.standing).toBe('stopped');
    supervisor.release();
    expect(supervisor.standing).toBe('stopped');
  });
});
