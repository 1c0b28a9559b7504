/**
 * Failover of real servers on loopback, under write load: the primary is killed, and paused, again and again. How long clients
 * cannot write, and which acknowledged writes are gone in the end, durable and pass-through, beside Redis Sentinel over the same
 * kind of trio. `--busy SECONDS` also counts failovers of a group to which nothing happens while all processors are busy.
 *
 *     node dist/bench/failover.js redis [--crashes 10] [--pauses 10] [--pause-ms 5000] [--calm-ms 5000] [--busy 30] [--json]
 */

import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { pause, startGroup } from '../../examples/failover-trio.ts';
import type { GroupMode } from '../../statecharts/failover.ts';
import { median, printTable } from '../table.ts';
import { type Calm, type Fault, type Round, runCalm, runRound, type System } from './rounds.ts';
import { startSentinel } from './sentinel.ts';

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    crashes: { type: 'string', default: '10' },
    pauses: { type: 'string', default: '10' },
    'pause-ms': { type: 'string', default: '5000' },
    'calm-ms': { type: 'string', default: '5000' },
    busy: { type: 'string', default: '0' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

async function startQuorate(mode: GroupMode): Promise<System> {
  const group = await startGroup({ mode });
  return {
    name: `Quorate, ${mode}`,
    servers: group.servers,
    options: { port: group.proxyPort },
    async primary() {
      if (!(await group.hasSettled())) return undefined;
      const topology = await group.topology();
      return group.servers.find(({ name }) => name === topology?.primary?.server);
    },
    end: () => group.end(),
  };
}

const systems: Readonly<Record<string, () => Promise<System>>> = {
  durable: () => startQuorate('durable'),
  'pass-through': () => startQuorate('pass-through'),
  sentinel: () => startSentinel(1_000),
};

const faults: readonly Fault[] = [
  ...Array.from({ length: Number(values.crashes) }, (): Fault => ({ type: 'crash' })),
  ...Array.from(
    { length: Number(values.pauses) },
    (): Fault => ({ type: 'pause', pauseMs: Number(values['pause-ms']) }),
  ),
];

const rounds: Round[] = [];
const calms: Calm[] = [];
for (const [name, start] of Object.entries(systems)) {
  if (values.only !== undefined && values.only !== name) continue;
  const system = await start();
  try {
    calms.push(await runCalm(system, Number(values['calm-ms'])));
    for (const [index, fault] of faults.entries()) {
      const round = await runRound(system, fault, index);
      rounds.push(round);
      if (!values.json) {
        console.log(
          `${round.system}: ${round.fault}, ${Math.round(round.untilWriteMs)} ms, ${round.lost} lost of ${round.acknowledged}`,
        );
      }
    }
  } finally {
    await system.end();
  }
}

/** How often a group changes its primary although nothing happens to it, while all processors are busy. */
async function countMistakes(seconds: number): Promise<number> {
  const group = await startGroup({ mode: 'durable' });
  const spinning = Array.from({ length: availableParallelism() }, () =>
    spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
  );
  try {
    const before = await group.topology();
    await pause(seconds * 1_000);
    const after = await group.topology();
    return (after?.mark?.epoch ?? Number.NaN) - (before?.mark?.epoch ?? Number.NaN);
  } finally {
    for (const child of spinning) child.kill('SIGKILL');
    await group.end();
  }
}

const busySeconds = Number(values.busy);
const mistakes = busySeconds > 0 ? await countMistakes(busySeconds) : undefined;

const summary = [...new Set(rounds.map(({ system, fault }) => `${system}|${fault}`))].map((key) => {
  const [system = '', fault = ''] = key.split('|');
  const of = rounds.filter((round) => round.system === system && round.fault === fault);
  const times = of.map(({ untilWriteMs }) => untilWriteMs);
  const sum = (count: (round: Round) => number): number => of.reduce((total, round) => total + count(round), 0);
  return {
    system,
    fault,
    rounds: of.length,
    medianUntilWriteMs: median(times),
    worstUntilWriteMs: Math.max(...times),
    acknowledged: sum(({ acknowledged }) => acknowledged),
    lost: sum(({ lost }) => lost),
    lostOfPatient: sum(({ lostOfPatient }) => lostOfPatient),
  };
});

if (values.json) {
  console.log(
    JSON.stringify({ rounds, summary, calm: calms, ...(mistakes === undefined ? {} : { busySeconds, mistakes }) }),
  );
} else {
  console.log();
  printTable(
    [
      'until clients write again',
      'fault',
      'rounds',
      'median ms',
      'worst ms',
      'acknowledged',
      'lost',
      'of these, patient',
    ],
    summary.map((row) => Object.values(row)),
  );
  console.log();
  printTable(
    ['while nothing fails', 'writes/s', 'median ms', 'p99 ms'],
    calms.map((row) => Object.values(row)),
  );
  if (mistakes !== undefined)
    console.log(`\n${mistakes} failovers without a cause in ${busySeconds} s, all processors busy`);
}
if (rounds.some(({ system, lost }) => system.endsWith('durable') && lost > 0)) process.exitCode = 1;
