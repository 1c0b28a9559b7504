/** The command line in this process, for what is said and how it ends, where no process of its own is needed for that. */

import pc from 'picocolors';
import { checkCommand } from '../../src/cli/check.ts';
import { historyCommand } from '../../src/cli/history.ts';
import { memberCommand } from '../../src/cli/member.ts';
import { nodeCommand } from '../../src/cli/node.ts';
import { runProgram } from '../../src/cli/program.ts';
import { secretCommand } from '../../src/cli/secret.ts';
import { simulateCommand } from '../../src/cli/simulate.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import { txnCommand } from '../../src/cli/txn.ts';
import { upCommand } from '../../src/cli/up.ts';
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
  const commands = [
    nodeCommand,
    memberCommand,
    secretCommand,
    historyCommand,
    simulateCommand,
    checkCommand,
    txnCommand,
  ].map((command) => command(terminal));
  const before = process.exitCode;
  process.exitCode = undefined;
  try {
    await runProgram(args, [upCommand(terminal, program), ...commands], terminal);
    return { code: process.exitCode ?? 0, ...written };
  } finally {
    process.exitCode = before;
  }
}
