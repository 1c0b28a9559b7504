/** The command line in this process, for what is said and how it ends, where no process of its own is needed for that. */

import pc from 'picocolors';
import { commandsFor } from '../../src/cli/commands.ts';
import { runProgram } from '../../src/cli/program.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import { program } from '../fixtures/processes.ts';

/** What a command wrote, and how it ended. */
export interface Ended {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `quorate` with `args` here, one command at a time. */
export async function quorate(...args: readonly string[]): Promise<Ended> {
  const written = { stdout: '', stderr: '' };
  const plain = pc.createColors(false);
  const terminal: Terminal = {
    out(text) {
      written.stdout += `${text}\n`;
    },
    err(text) {
      written.stderr += `${text}\n`;
    },
    outColours: plain,
    errColours: plain,
  };
  const before = process.exitCode;
  process.exitCode = undefined;
  try {
    await runProgram(args, await commandsFor(args, { terminal, program }), terminal);
    return { code: process.exitCode ?? 0, ...written };
  } finally {
    process.exitCode = before;
  }
}
