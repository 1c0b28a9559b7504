/** Records a trace: pings a process over loopback, with as many others as asked for that keep the processors busy. */

import { type ChildProcess, spawn } from 'node:child_process';
import { createConnection } from 'node:net';
import { systemClock } from '../../src/environment/clock.ts';
import type { Trace } from './traces.ts';

const echo =
  "require('node:net').createServer((s) => s.setNoDelay().pipe(s)).listen(0, '127.0.0.1', function () { console.log(this.address().port) })";

/**
 * Sends `sent` pings, and notes when each answer comes.
 *
 * @param busy how many processes do nothing but count meanwhile
 */
export async function recordTrace(name: string, sent: number, intervalMs: number, busy: number): Promise<Trace> {
  const children: ChildProcess[] = [];
  const start = (code: string): ChildProcess => {
    const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    return child;
  };
  try {
    const port = await new Promise<number>((resolve, reject) => {
      const answering = start(echo);
      answering.once('error', reject);
      answering.stdout?.once('data', (data: Buffer) => resolve(Number(data)));
    });
    for (let index = 0; index < busy; index += 1) start('for (;;) {}');
    return { name, intervalMs, sent, arrivals: await ping(port, sent, intervalMs) };
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
}

function ping(port: number, sent: number, intervalMs: number): Promise<Trace['arrivals']> {
  const clock = systemClock();
  const arrivals: (readonly [number, number])[] = [];
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port, host: '127.0.0.1', noDelay: true });
    let startedMs = 0;
    let rest = Buffer.alloc(0);
    const next = (sequence: number): void => {
      const number = Buffer.alloc(4);
      number.writeUInt32BE(sequence);
      socket.write(number);
      const dueMs = startedMs + (sequence + 1) * intervalMs;
      if (sequence < sent) clock.setTimeout(() => next(sequence + 1), Math.max(0, dueMs - clock.nowMs()));
    };
    socket.once('error', reject);
    socket.once('connect', () => {
      startedMs = clock.nowMs() - intervalMs;
      next(1);
    });
    socket.on('data', (data: Buffer) => {
      const arrivalMs = Math.round((clock.nowMs() - startedMs) * 100) / 100;
      rest = Buffer.concat([rest, data]);
      for (; rest.length >= 4; rest = rest.subarray(4)) arrivals.push([rest.readUInt32BE(), arrivalMs]);
      if (arrivals.length < sent) return;
      socket.destroy();
      resolve(arrivals);
    });
  });
}
