/** What examinations of nodes mean, and what to do about it. */

import type { Finding } from '../../resources/transactional.ts';
import type { Examination } from '../../services/examination/examination.ts';
import type { ClusterReport } from '../status/nodes.ts';

/** Something that was looked at, and how it is. */
export interface NodeFinding extends Finding {
  /** The node; `cluster` where it is about all. */
  readonly of: string;
}

/** Two looks at one node, and when they were taken here: by the monotonic clock, in the middle of question and answer. */
export interface ExaminedTwice {
  readonly first: Seen;
  readonly last: Seen;
}

export interface Seen {
  readonly examination: Examination;
  readonly hereMs: number;
  readonly hereTimeOfDayMs: number;
  /** How far off that may be, in milliseconds: half of what question and answer took. */
  readonly uncertaintyMs: number;
}

/** Beyond these, something is said. */
const limits = {
  timeOfDayMs: 500,
  driftPpm: 1_000,
  slowWriteMs: 20,
  stallingWriteMs: 200,
  freeBytes: 2 ** 30,
  files: 4_096,
  usedShare: 0.8,
  machineFreeShare: 0.05,
  unflushedBytes: 16 * 2 ** 20,
} as const;

type Say = (level: Finding['level'], subject: string, message: string) => void;

/** All that there is to say, of one node after the other, and of the cluster last. */
export function findingsOf(
  report: ClusterReport,
  examined: ReadonlyMap<string, ExaminedTwice>,
): readonly NodeFinding[] {
  const found: NodeFinding[] = [];
  for (const [id, twice] of examined) {
    const { examination } = twice.last;
    const say: Say = (level, subject, message) => void found.push({ of: id, level, subject, message });
    sayClock(twice, say);
    sayDisk(examination, say);
    sayLimits(examination, say);
    sayJournal(examination, say);
    sayPorts(examination, [...examined.keys()], say);
  }
  for (const { node, code, message } of report.alarms) {
    found.push({ of: node ?? 'cluster', level: 'error', subject: code, message });
  }
  const told = [...examined.values()].map(({ last }) => last.examination);
  found.push(
    ...ofAll(
      'version',
      told.map(({ version }) => version),
      'finish the upgrade with quorate rolling-restart',
    ),
  );
  found.push(
    ...ofAll(
      'Node.js',
      told.map(({ runtime }) => runtime.split('.', 1)[0] ?? ''),
      'run the same on all',
    ),
  );
  return found;
}

function sayClock({ first, last }: ExaminedTwice, say: Say): void {
  const offsetMs = last.examination.clock.timeOfDayMs - last.hereTimeOfDayMs;
  const shown = `${Math.round(offsetMs)} ms`;
  if (Math.abs(offsetMs) - last.uncertaintyMs > limits.timeOfDayMs) {
    say(
      'warning',
      'time of day',
      `${shown} off that of this machine, so that lines of logs do not line up; run a time service (no promise rests on it)`,
    );
  } else say('ok', 'time of day', `${shown} off that of this machine`);
  const hereMs = last.hereMs - first.hereMs;
  const thereMs = last.examination.clock.monotonicMs - first.examination.clock.monotonicMs;
  const driftPpm = ((thereMs - hereMs) / hereMs) * 1e6;
  const unsurePpm = ((first.uncertaintyMs + last.uncertaintyMs) / hereMs) * 1e6;
  const drift = `${Math.round(driftPpm)} ppm against this machine, give or take ${Math.round(unsurePpm)}`;
  if (Math.abs(driftPpm) - unsurePpm > limits.driftPpm) {
    say(
      'error',
      'clock drift',
      `${drift}: leave --lease-drift-ppm off, or above that; see whether the machine is virtual and was suspended`,
    );
  } else say('ok', 'clock drift', drift);
}

function sayDisk({ disk: { writeMs, freeBytes, usedBytes } }: Examination, say: Say): void {
  const median = writeMs[Math.floor(writeMs.length / 2)] ?? 0;
  const longest = writeMs.at(-1) ?? 0;
  const took = `${median.toFixed(1)} ms until a write is durable, ${longest.toFixed(1)} at most of ${writeMs.length}`;
  if (longest > limits.stallingWriteMs) {
    say(
      'error',
      'disk latency',
      `${took}: heartbeats of 100 ms wait behind that; give the data a disk of its own, or raise --election-timeout-ms`,
    );
  } else if (median > limits.slowWriteMs) {
    say(
      'warning',
      'disk latency',
      `${took}: every acknowledged write waits for it; use a disk with a protected cache, or an SSD`,
    );
  } else say('ok', 'disk latency', took);
  const wanted = Math.max(limits.freeBytes, usedBytes);
  const room = `${mebibytes(freeBytes)} free, ${mebibytes(usedBytes)} used by the node`;
  if (freeBytes < wanted) {
    say('error', 'disk room', `${room}: snapshots need as much again; make room, as a full disk stops the node`);
  } else say('ok', 'disk room', room);
}

function sayLimits({ files, memory }: Examination, say: Say): void {
  if (files !== undefined) {
    const text = `${files.open} open of ${files.limit}`;
    if (files.open > limits.usedShare * files.limit)
      say('error', 'open files', `${text}: connections are refused soon; raise ulimit -n (LimitNOFILE)`);
    else if (files.limit < limits.files)
      say('warning', 'open files', `${text}: too few for many clients; raise ulimit -n (LimitNOFILE) to 65536`);
    else say('ok', 'open files', text);
  }
  const { heapBytes, heapLimitBytes, residentBytes, machineBytes, machineFreeBytes } = memory;
  const heap = `${mebibytes(heapBytes)} of ${mebibytes(heapLimitBytes)}`;
  if (heapBytes > limits.usedShare * heapLimitBytes) {
    say(
      'error',
      'heap',
      `${heap}: the process ends when it is full; raise --max-old-space-size (NODE_OPTIONS), or look for what takes it`,
    );
  } else say('ok', 'heap', heap);
  const machine = `${mebibytes(residentBytes)} of the process, ${mebibytes(machineFreeBytes)} of ${mebibytes(machineBytes)} free`;
  if (machineFreeBytes < limits.machineFreeShare * machineBytes) {
    say(
      'warning',
      'memory',
      `${machine}: a machine that swaps pauses for longer than an election timeout; give it more, or run less on it`,
    );
  } else say('ok', 'memory', machine);
}

function sayJournal({ journal: { notices, unflushedBytes } }: Examination, say: Say): void {
  for (const { kind, detail } of notices) {
    say('warning', 'journal', `${kind} when it was opened: ${detail}; look at the disk if this comes again`);
  }
  const waiting = `${mebibytes(unflushedBytes)} wait for the disk`;
  if (unflushedBytes > limits.unflushedBytes) say('error', 'journal', `${waiting}: it is slower than what is written`);
  else say('ok', 'journal', `reads to its end, ${waiting}`);
}

function sayPorts({ id, peers }: Examination, asked: readonly string[], say: Say): void {
  // Of nodes that were not asked nothing is expected; clients are peers of the bus, too.
  for (const peer of asked.filter((it) => it !== id)) {
    const { status, reason } = peers.find(({ node }) => node === peer) ?? { status: 'not known', reason: undefined };
    if (status === 'connected') say('ok', 'ports', `connected with ${peer}`);
    else
      say(
        'error',
        'ports',
        `${status} with ${peer}${reason === undefined ? '' : `: ${reason}`}; see that its port of --listen is open to this node`,
      );
  }
}

function ofAll(subject: string, values: readonly string[], whatToDo: string): readonly NodeFinding[] {
  const different = [...new Set(values)].sort();
  const text = different.join(', ');
  if (different.length < 2)
    return different.length === 0 ? [] : [{ of: 'cluster', level: 'ok', subject, message: text }];
  return [{ of: 'cluster', level: 'warning', subject, message: `${text} side by side; ${whatToDo}` }];
}

const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20).toLocaleString('en-US')} MiB`;
