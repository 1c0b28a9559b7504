/** The log of a manager: one line of JSON each (pino), or a line for people where those look at a terminal. */

import { type Logger, pino } from 'pino';
import * as v from 'valibot';
import type { ManagerNews, ManagerNode } from '../../services/failover/manager-node.ts';
import type { Colours, Terminal } from '../terminal.ts';

/** Makes the log of a process that manages `group` as `id`. */
export function managerLog({ out, outColours }: Terminal, isForPeople: boolean, base: Record<string, string>): Logger {
  const options = {
    base,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (level: string) => ({ level }) },
  };
  return pino(options, { write: (line) => out(isForPeople ? forPeople(line, outColours) : line.trimEnd()) });
}

const entry = v.looseObject({ time: v.string(), level: v.string(), msg: v.optional(v.string(), '') });

function forPeople(line: string, colours: Colours): string {
  const { time, level, msg, group: _, id: __, ...rest } = v.parse(entry, JSON.parse(line));
  const colour = level === 'error' ? colours.red : level === 'warn' ? colours.yellow : colours.green;
  const fields = Object.entries(rest)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => colours.dim(`${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`));
  return [time.slice(11, 23), colour(level.padEnd(5)), msg, ...fields].join(' ');
}

/** Writes down what happens at a manager. */
export function logNews(log: Logger, { news, bus }: ManagerNode): void {
  news.subscribe((it) => logOne(log, it));
  const told = new Map<string, string>();
  bus.peers.subscribe(({ node: peer, status, reason }) => {
    if (told.get(peer) === status) return;
    told.set(peer, status);
    log[status === 'connected' ? 'info' : 'warn']({ peer, reason }, `manager ${status}`);
  });
}

function logOne(log: Logger, it: ManagerNews): void {
  switch (it.type) {
    case 'transition': {
      const { phase, reason, server, epoch, term, manager, revision, change } = it.transition;
      log.info({ phase, reason, server, epoch, term, manager, revision }, `recorded: ${change}`);
      return;
    }
    case 'opinion': {
      const { opinion, why } = it.change;
      const isWell = opinion === 'trusted' || opinion === 'recovered';
      log[isWell ? 'info' : 'warn']({ server: it.server, why: why.type }, `server ${opinion}`);
      return;
    }
    case 'trouble':
      log.warn({ code: it.code }, it.message);
      return;
    case 'manager':
      logOutput(log, it.output);
  }
}

function logOutput(log: Logger, output: Extract<ManagerNews, { type: 'manager' }>['output']): void {
  switch (output.type) {
    case 'office':
      log.info({ term: output.term }, output.isHeld ? 'in office' : 'out of office');
      return;
    case 'raised':
      log.error({ alarm: output.alarm, epoch: output.epoch }, 'alarm: look at quorate failover status');
      return;
    case 'cleared':
      log.info({ alarm: output.alarm, epoch: output.epoch }, 'alarm cleared');
      return;
    case 'chosen': {
      const { server, epoch, reason, loss } = output;
      if (loss === null) log.info({ server, epoch, reason }, 'primary chosen, without loss');
      else
        log.error(
          { server, epoch, reason, lossBytes: loss.bytes, seenLossBytes: loss.seenBytes },
          'primary chosen, and writes may be lost',
        );
    }
  }
}
