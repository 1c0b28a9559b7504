/**
 * Restarts the nodes of a store one after the other. Each is taken only while all of them are well, so that a majority
 * serves throughout; one that leads lets another lead first; and the next is taken when the last one has come back with all
 * that was committed meanwhile. What ends a process and starts it again is the caller's.
 */

import { QuorateError } from '../../../statecharts/actor.ts';
import { type Clock, pause } from '../../environment/clock.ts';
import { type AnsweredNode, judged, type Told } from '../status/nodes.ts';

/** A node was not restarted, or has not come back; those after it were left alone. */
export class RollingRestartError extends QuorateError {
  readonly code = 'NOT_RESTARTED';
}

/** A node that is to be restarted. */
export interface Target {
  /** Where it serves HTTP. */
  readonly at: string;
  readonly id: string;
  readonly pid: number | undefined;
}

export interface RollingParts {
  readonly clock: Clock;
  /** Asks all nodes how they stand, in the same order each time. */
  ask(): Promise<readonly AnsweredNode[]>;
  /** Whether the node there serves. */
  isReady(at: string): Promise<boolean>;
  /** Has another node lead than the one there, which leads. @throws QuorateError when none does */
  handOver(at: string): Promise<void>;
  /** Has the process end and another begin; resolves at the latest when it has ended. @throws QuorateError */
  restart(target: Target): Promise<void>;
  /** Told when a node has come back. */
  restarted(node: Restarted): void;
  /** How long the nodes may take to be well, before a restart and after it, in milliseconds. */
  readonly patienceMs: number;
}

/** A node that has come back. */
export interface Restarted {
  readonly id: string;
  readonly at: string;
  /** Whether it led, and another one was told to first. */
  readonly led: boolean;
  /** From its restart until it served again with all that was committed. */
  readonly tookMs: number;
}

/** How often nodes are asked. */
const pollMs = 100;

/**
 * Restarts all nodes, the one that leads last.
 *
 * @throws RollingRestartError, which names the node that did not come back, or what was not well
 */
export async function restartAll(parts: RollingParts): Promise<readonly Restarted[]> {
  const before = await untilAllAreWell(parts, 'before the first restart');
  requireAll(before);
  const leader = before[0]?.status.leader;
  const order = [...before].sort((a, b) => Number(a.status.id === leader) - Number(b.status.id === leader));
  const done: Restarted[] = [];
  for (const { at, status } of order) {
    const restarted = await restartOne(parts, at, status.id);
    parts.restarted(restarted);
    done.push(restarted);
  }
  return done;
}

async function restartOne(parts: RollingParts, at: string, id: string): Promise<Restarted> {
  const { clock, patienceMs } = parts;
  const untilMs = clock.nowMs() + patienceMs;
  let led = false;
  for (;;) {
    const [first, ...others] = await untilAllAreWell(parts, `before the restart of ${id}`);
    const leads = first?.status.leader === id && others.length > 0;
    if (!leads) break;
    led = true;
    try {
      await parts.handOver(at);
    } catch (cause) {
      // An election may have come between; who leads is asked again.
      if (!(cause instanceof QuorateError)) throw cause;
      if (clock.nowMs() >= untilMs) throw failed(id, `no other node came to lead: ${cause.message}`, cause);
      await pause(clock, pollMs);
    }
  }
  const pid = pidOf(await parts.ask(), at);
  const beganMs = clock.nowMs();
  try {
    await parts.restart({ at, id, pid });
  } catch (cause) {
    if (!(cause instanceof QuorateError)) throw cause;
    throw failed(id, cause.message, cause);
  }
  await untilAllAreWell(parts, `after the restart of ${id}`, (told) => {
    const uptimeMs = told.find((it) => it.at === at)?.status.uptimeMs;
    // A process that has run for longer than that is the one from before.
    return uptimeMs !== undefined && uptimeMs <= clock.nowMs() - beganMs ? undefined : `${id} runs as before`;
  });
  return { id, at, led, tookMs: Math.round(clock.nowMs() - beganMs) };
}

interface Answered {
  readonly at: string;
  readonly status: Told;
}

const pidOf = (answers: readonly AnsweredNode[], at: string): number | undefined =>
  answers.flatMap((it) => ('status' in it && it.at === at ? [it.status] : []))[0]?.pid;

/**
 * Waits until all nodes answer, agree on who leads, serve, and have applied what was committed when they first did.
 *
 * @param more what else has to be; returns what is not
 */
async function untilAllAreWell(
  parts: RollingParts,
  when: string,
  more: (told: readonly Answered[]) => string | undefined = () => undefined,
): Promise<readonly Answered[]> {
  const { clock, patienceMs } = parts;
  const untilMs = clock.nowMs() + patienceMs;
  let committed: number | undefined;
  for (;;) {
    const told: Answered[] = [];
    let trouble = await troubleOf(parts, told);
    trouble ??= more(told);
    if (trouble === undefined) {
      committed ??= Math.max(...told.map(({ status }) => status.commitIndex));
      const behind = told.find(({ status }) => status.appliedIndex < (committed ?? 0));
      if (behind === undefined) return told;
      trouble = `${behind.status.id} has not applied yet what is committed`;
    }
    if (clock.nowMs() >= untilMs) {
      throw new RollingRestartError(
        `expected all nodes to be well ${when} within ${patienceMs} ms, but ${trouble}; mend that, then begin again`,
      );
    }
    await pause(clock, pollMs);
  }
}

/** What is wrong now, if anything. @param told is filled with what the nodes have said */
async function troubleOf(parts: RollingParts, told: Answered[]): Promise<string | undefined> {
  const answers = await parts.ask();
  for (const it of answers) if ('status' in it) told.push(it);
  const [alarm] = judged(answers).alarms;
  if (alarm !== undefined) return `${alarm.node ?? 'the cluster'} has ${alarm.code}: ${alarm.message}`;
  const leaders = new Set(told.map(({ status }) => status.leader));
  if (leaders.size > 1) return `the nodes do not agree on who leads (${[...leaders].join(', ')})`;
  for (const { at, status } of told) if (!(await parts.isReady(at))) return `${status.id} is not ready`;
  return undefined;
}

/** @throws RollingRestartError when a member was not named, whose absence could cost the majority */
function requireAll(told: readonly Answered[]): void {
  const named = new Set(told.map(({ status }) => status.id));
  const missing = [...new Set(told.flatMap(({ status }) => status.peers))].filter((id) => !named.has(id)).sort();
  if (missing.length === 0) return;
  throw new RollingRestartError(
    `expected every node of the cluster, got none at ${missing.join(', ')}; name it, too, with --node`,
  );
}

const failed = (id: string, why: string, cause: QuorateError): RollingRestartError =>
  new RollingRestartError(`${id} was not restarted, nor any node after it: ${why}`, { cause });
