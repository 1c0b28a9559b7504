/** Datagrams between hosts, to see what a fault does to them. */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Heal, Host } from '../fixtures/hosts.ts';
import { until } from '../fixtures/until.ts';

/** What sends and receives on one host. */
export interface Station {
  readonly host: Host;
  /** What was received, in order. */
  readonly received: string[];
  /** Sends so many datagrams, of 1,000 bytes each. Resolves when they have left. */
  send(to: Station, text: string, count: number): Promise<void>;
  close(): void;
}

const port = 9_999;
const sizeBytes = 1_000;
const script = `
const socket = require('node:dgram').createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
socket.on('message', (bytes) => console.log('got ' + bytes.toString().trim()));
socket.bind(${port}, () => console.log('ready'));
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const [address, text, count] = line.split(' ');
  let left = Number(count);
  for (let sent = 0; sent < Number(count); sent += 1) {
    socket.send(text.padEnd(${sizeBytes}), ${port}, address, () => { left -= 1; if (left === 0) console.log('sent'); });
  }
});`;

export async function startStation(host: Host): Promise<Station> {
  const [command = '', ...args] = [...host.prefix, process.execPath, '-e', script];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const received: string[] = [];
  let sent = 0;
  let isReady = false;
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'ready') isReady = true;
    else if (line === 'sent') sent += 1;
    else received.push(line.slice('got '.length));
  });
  await until('the station to listen', () => isReady);
  return {
    host,
    received,
    async send(to, text, count) {
      const before = sent;
      child.stdin.write(`${to.host.address} ${text} ${count}\n`);
      await until('the datagrams to be sent', () => sent > before);
    },
    close: () => void child.kill('SIGKILL'),
  };
}

let counted = 0;

/** How many of so many datagrams arrive while there is a fault. */
export async function countUnder(
  fault: () => Promise<Heal>,
  from: Station,
  to: Station,
  count: number,
): Promise<number> {
  // Those of earlier counts may still arrive.
  counted += 1;
  const [during, after] = [`during-${counted}`, `after-${counted}`];
  const heal = await fault();
  await from.send(to, during, count);
  await heal();
  // Datagrams keep their order: behind this one, none of the others comes.
  await until('a datagram after the fault', async () => {
    await from.send(to, after, 1);
    return to.received.includes(after);
  });
  return to.received.filter((text) => text === during).length;
}
