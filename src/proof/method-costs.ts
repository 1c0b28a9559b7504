/**
 * What each method costs that `quorate choose` can recommend, gathered from what is measured of it elsewhere: the messages and
 * flushes of a command and of a commit, which are counted here and now on virtual time, how long writes wait when a
 * machine dies, and what the comparison of all methods found, which are recorded.
 */

import type { ReplayReport } from './incidents/table.ts';
import { provenLogs } from './logs.ts';
import { measureCommands } from './store/command-costs.ts';
import { inOrder, medianOf, type RecordedOutages, shapeName, worstOf } from './store/outages.ts';
import { crashes, shapes } from './store/partial-partitions.ts';
import { measuredAsItIs, measuredAsManaged } from './two-phase-commit/costs/compare.ts';

/** One figure, and the command that measures it again. */
export interface Figure {
  readonly what: string;
  readonly value: string;
  readonly command: string;
}

/** What is recorded beside what is counted here. */
export interface Recordings {
  readonly outages: RecordedOutages;
  readonly replays: readonly ReplayReport[];
  /** What a comparison found of a method. @param remark what is otherwise there than in what is recommended */
  compared(method: string, remark?: string): readonly Figure[];
}

/** A pool is compared under a quorum of managers on three machines, with servers in memory. */
const passThrough = 'three machines, a warm standby';

const made = 'npm run docs';
const partitions = 'npm run bench:partitions';

/** The figures of each method, by the name that methods have in `costsOf`. */
export function methodCosts({ outages, replays, compared }: Recordings): Readonly<Record<string, readonly Figure[]>> {
  const raft = measureCommands(provenLogs.raft);
  return {
    'single-node': compared('none'),
    raft: [...ofLog('raft', outages), ...ofStaleHub('Raft', outages), ...compared('raft')],
    paxos: [...ofLog('paxos', outages), ...ofStaleHub('Multi-Paxos', outages), ...compared('multi-paxos')],
    'primary-backup-sync': [...ofLog('primary-backup', outages), ...compared('primary-backup-sync')],
    'primary-backup-async': [...ofLog('primary-backup', outages), ...compared('primary-backup-async')],
    'failover-durable-hot': [...ofGroups(replays), ...compared('failover-hot')],
    'failover-durable-cold': [...ofGroups(replays), ...compared('failover-cold')],
    'failover-pass-through': compared('failover-warm', passThrough),
    'two-phase-commit': [...ofCommits(undefined), ...compared('2pc-journal')],
    'paxos-commit': [...ofCommits(1), ...compared('paxos-commit')],
    'decision-register': [
      ...ofCommits(undefined),
      {
        what: 'messages of the register for each of its two commands, three servers',
        value: raft.messagesPerCommand.toFixed(1),
        command: made,
      },
      { what: 'flushes of the register for each of them', value: raft.writesPerCommand.toFixed(1), command: made },
      ...compared('2pc-register'),
    ],
  };
}

function ofLog(name: keyof typeof provenLogs, outages: RecordedOutages): readonly Figure[] {
  const log = provenLogs[name];
  const { messagesPerCommand, writesPerCommand, messagesPerIdleSecond } = measureCommands(log);
  const [crash] = crashes;
  const waited = crash === undefined ? undefined : outages[log.title]?.shapes[shapeName(crash)]?.nextWriteMs;
  if (waited === undefined) throw new Error(`no crashes of ${log.title} are recorded: ${partitions}`);
  const sorted = inOrder(waited);
  return [
    { what: 'messages per command, three servers', value: messagesPerCommand.toFixed(1), command: made },
    { what: 'flushes per command', value: writesPerCommand.toFixed(1), command: made },
    { what: 'messages per second without commands', value: messagesPerIdleSecond.toFixed(1), command: made },
    {
      what: `next write after the leader has crashed: median and worst of ${sorted.length}`,
      value: `${medianOf(sorted)} and ${worstOf(sorted)} ms`,
      command: partitions,
    },
  ];
}

/** How often nothing was written while the one server that a majority saw had an old log. */
function ofStaleHub(title: string, outages: RecordedOutages): readonly Figure[] {
  const shape = shapes.find(({ name }) => name === 'constrained election');
  const waited = shape === undefined ? undefined : outages[title]?.shapes[shapeName(shape)]?.nextWriteMs;
  if (waited === undefined) return [];
  const never = waited.filter((ms) => ms === null).length;
  return [
    {
      what: 'runs in which nothing is written while the only server that a majority of five sees has an old log',
      value: `${never} of ${waited.length}`,
      command: partitions,
    },
  ];
}

const groupIncidents = {
  'wrong-server': 'next write after the primary has died, its data with it',
  'waking-primary': 'next write after the primary stands still',
  'short-partition': 'next write after the primary is cut off',
} as const;

const ofGroups = (replays: readonly ReplayReport[]): readonly Figure[] =>
  Object.entries(groupIncidents).flatMap(([name, what]) => {
    const found = replays.find((it) => it.name === name);
    return found === undefined
      ? []
      : [{ what, value: `${found.nextWriteMs} ms`, command: `npx quorate incident ${name} --seed ${found.seed}` }];
  });

function ofCommits(faults: number | undefined): readonly Figure[] {
  const placement = faults === undefined ? ('apart' as const) : ('leader-with-acceptor' as const);
  const spread = measuredAsItIs({ participants: 2, faults, placement });
  const managed = measuredAsManaged({ participants: 2, faults });
  return [
    {
      what: 'messages between nodes per commit of two databases, as managers run it',
      value: `${managed.messages} in ${managed.delays} delays`,
      command: made,
    },
    {
      what: 'the same with each participant on a node of its own',
      value: `${spread.messages} in ${spread.delays} delays`,
      command: made,
    },
    { what: 'stable writes until the outcome is known', value: String(managed.stableWrites), command: made },
  ];
}
