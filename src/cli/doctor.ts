/** `quorate doctor`: looks at the nodes of a store and their machines, and says what to do. */

import { Command } from 'commander';
import * as v from 'valibot';
import { QuorateError } from '../../statecharts/actor.ts';
import type { HostPort } from '../bus/tcp.ts';
import { type Clock, pause, systemClock, timeOfDayMs } from '../environment/clock.ts';
import { examination } from '../services/examination/examination.ts';
import { type ExaminedTwice, findingsOf, type NodeFinding, type Seen } from './doctor/findings.ts';
import { exitCodes } from './errors.ts';
import {
  type Access,
  type AskedNode,
  jsonTold,
  NodeRequestError,
  problemIn,
  requestNode,
  withAccess,
} from './node-request.ts';
import { integerIn } from './options.ts';
import { askNode, judged } from './status/nodes.ts';
import { collected, defaultNodes } from './status.ts';
import type { Terminal } from './terminal.ts';

const help = `
Each node is asked twice, and looks at its clocks, disk, open files, memory, journal and connections; some writes of 4 KiB
show how long its disk takes. Beside them stand the alarms of quorate status, and what differs between nodes. How the clocks
drift is known the better, the more seconds lie between.

Examples:
  $ quorate doctor                                                  # the nodes of quorate up
  $ quorate doctor --node 10.0.0.1:4701 --node 10.0.0.2:4701 --node 10.0.0.3:4701 --secret-file /etc/quorate/secret

Exit codes: 0 no errors, 1 there are some, 2 wrong options.`;

interface DoctorOptions extends Access {
  readonly node?: readonly HostPort[];
  readonly seconds: number;
  readonly json: boolean;
}

/** Makes the command. */
export function doctorCommand(terminal: Terminal): Command {
  return withAccess(new Command('doctor'))
    .summary('look at the nodes of a store and their machines, and say what to do')
    .description('Looks at the nodes of a store and their machines, and says what to do.')
    .option(
      '--node <host:port>',
      'where a node serves HTTP; repeat it for each (default: those of quorate up)',
      collected,
    )
    .option('--seconds <number>', 'between the two looks at the clocks', integerIn(1, 3_600), 2)
    .option('--json', 'tell it as JSON', false)
    .addHelpText('after', help)
    .action(async (options: DoctorOptions) => {
      const findings = await examined(options, systemClock());
      terminal.out(options.json ? JSON.stringify({ findings }) : findings.map((it) => lineOf(it, terminal)).join('\n'));
      if (findings.some(({ level }) => level === 'error')) process.exitCode = exitCodes.failed;
    });
}

async function examined(
  { node = defaultNodes, seconds, json: _, ...access }: DoctorOptions,
  clock: Clock,
): Promise<readonly NodeFinding[]> {
  const look = (): Promise<PromiseSettledResult<Seen>[]> =>
    Promise.allSettled(node.map((it) => see({ node: it, ...access }, clock)));
  const firsts = await look();
  await pause(clock, seconds * 1_000);
  const lasts = await look();
  const twice = new Map<string, ExaminedTwice>();
  const failed: NodeFinding[] = [];
  for (const [at, last] of lasts.entries()) {
    const first = firsts[at];
    if (last.status === 'fulfilled' && first?.status === 'fulfilled') {
      twice.set(last.value.examination.id, { first: first.value, last: last.value });
      continue;
    }
    const reason: unknown =
      last.status === 'rejected' ? last.reason : first?.status === 'rejected' ? first.reason : undefined;
    if (!(reason instanceof QuorateError)) throw reason;
    // That it is out of reach, status says, too.
    if (reason.code !== 'NODE_UNREACHABLE')
      failed.push({ of: 'cluster', level: 'error', subject: reason.code, message: reason.message });
  }
  return [...findingsOf(judged(await Promise.all(node.map((it) => askNode(it, access)))), twice), ...failed];
}

/** @throws NodeRequestError */
async function see(asked: AskedNode, clock: Clock): Promise<Seen> {
  // The disk is looked at meanwhile, and the clocks at the end: what came before the answer is no part of its way.
  const beganMs = clock.nowMs();
  const answer = await requestNode(asked, { method: 'GET', path: '/examination', timeoutMs: 30_000 });
  const endedMs = clock.nowMs();
  const found = v.safeParse(examination, jsonTold(answer.text));
  if (answer.isOk && found.success) {
    const diskMs = found.output.disk.writeMs.reduce((sum, ms) => sum + ms, 0);
    const uncertaintyMs = Math.max(0, endedMs - beganMs - diskMs) / 2;
    return {
      examination: found.output,
      hereMs: endedMs - uncertaintyMs,
      hereTimeOfDayMs: timeOfDayMs() - uncertaintyMs,
      uncertaintyMs,
    };
  }
  const { code, message, whatToDo } = problemIn(asked, answer);
  throw new NodeRequestError(code, `${message}; ${whatToDo}`);
}

function lineOf({ level, of, subject, message }: NodeFinding, { outColours }: Terminal): string {
  const marks = {
    ok: outColours.green('ok     '),
    warning: outColours.yellow('warning'),
    error: outColours.red('error  '),
  };
  return `${marks[level]} ${of}: ${subject}: ${message}`;
}
