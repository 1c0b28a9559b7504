/**
 * Failover to watch: three Redis servers, three managers and a proxy as processes of their own, clients that write without a
 * pause, and a primary that is killed every ten seconds. At the end every acknowledged write is looked for.
 *
 *     node dist/examples/failover.js [--kills 6] [--every-ms 10000] [--mode durable] [--dashboard PORT]
 */

import { parseArgs } from 'node:util';
import { picture, type Slot } from './failover-picture.ts';
import { eventually, pause, startGroup, type TrioServer } from './failover-trio.ts';
import { lostOf, startWriter, type Writer } from './failover-writers.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '6' },
    'every-ms': { type: 'string', default: '10000' },
    mode: { type: 'string', default: 'durable' },
    /** The port of a page that shows what the first manager sees: opinions of the detectors, the pool of standbys, the plan. */
    dashboard: { type: 'string' },
  },
});
const kills = Number(values.kills);
const everyMs = Number(values['every-ms']);
const slotMs = 250;

console.log('Starting three Redis servers, three managers and a proxy ...');
const group = await startGroup({
  mode: values.mode === 'pass-through' ? 'pass-through' : 'durable',
  ...(values.dashboard === undefined ? {} : { dashboardPort: Number(values.dashboard) }),
});
if (group.dashboardUrl !== undefined) console.log(`see it at ${group.dashboardUrl}`);
const names = group.servers.map(({ name }) => name);
const primary = async (): Promise<TrioServer | undefined> => {
  const known = (await group.topology())?.primary;
  return group.servers.find(({ name }) => name === known?.server);
};
const writers: readonly Writer[] = ['a', 'b', 'c'].map((key) => startWriter(key, { port: group.proxyPort }, false));
const acknowledged = (): number => writers.reduce((sum, writer) => sum + writer.acknowledged.length, 0);

const slots: Slot[] = [];
let drawn = 0;
/** Over what was drawn before, on a terminal; elsewhere once, at the end. */
function draw(): void {
  const lines = picture(names, slots.slice(-100));
  if (drawn > 0) process.stdout.write(`\u001b[${drawn}A`);
  for (const line of lines) process.stdout.write(`\u001b[2K${line}\n`);
  drawn = lines.length;
}

let isOver = false;
const watching = (async () => {
  for (let before = acknowledged(); !isOver; ) {
    await pause(slotMs);
    const topology = await group.topology();
    slots.push({ topology, writes: acknowledged() - before });
    before = acknowledged();
    if (process.stdout.isTTY) draw();
  }
})();

try {
  for (let kill = 1; kill <= kills; kill += 1) {
    await pause(everyMs / 2);
    const victim = await eventually('a primary', primary);
    victim.signal('SIGKILL');
    // It is started again, without what it held in memory.
    await pause(everyMs / 2);
    await victim.start();
    await eventually('the group to settle', async () => ((await group.hasSettled()) ? true : undefined));
  }
  isOver = true;
  await watching;
  for (const writer of writers) await writer.stop();
  const last = await eventually('a primary', primary);
  let lost = 0;
  for (const writer of writers) lost += await lostOf(writer, last.client);
  if (!process.stdout.isTTY) for (const line of picture(names, slots)) console.log(line);
  console.log(`${kills} primaries killed; no write for ${longestOutage(writers)} ms at most.`);
  console.log(`${acknowledged()} writes acknowledged, ${lost} of them lost.`);
  if (lost > 0) process.exitCode = 1;
} finally {
  isOver = true;
  for (const writer of writers) await writer.stop();
  await group.end();
}

/** The longest time between two acknowledgements. */
function longestOutage(all: readonly Writer[]): number {
  const times = all.flatMap((writer) => writer.acknowledged.map(({ atMs }) => atMs)).sort((one, other) => one - other);
  let longestMs = 0;
  for (const [index, atMs] of times.entries()) longestMs = Math.max(longestMs, atMs - (times[index - 1] ?? atMs));
  return Math.round(longestMs);
}
