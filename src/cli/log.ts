/** The log of a process: one line of JSON each (pino), or a line for people where those look at a terminal. */

import { type Logger, pino } from 'pino';
import * as v from 'valibot';
import type { Colours, Terminal } from './terminal.ts';

/**
 * Makes the log of a process.
 *
 * @param base fields that each line of JSON has, such as the name of the group
 */
export function createLog({ out, outColours }: Terminal, isForPeople: boolean, base: Record<string, string>): Logger {
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
