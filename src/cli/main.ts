#!/usr/bin/env node
/** `quorate`. One file per command; a new one is registered here. */

import { agreeCommand } from './agree.ts';
import { checkCommand } from './check.ts';
import { historyCommand } from './history.ts';
import { memberCommand } from './member.ts';
import { nodeCommand } from './node.ts';
import { runProgram } from './program.ts';
import { proveCommand } from './prove.ts';
import { secretCommand } from './secret.ts';
import { simulateCommand } from './simulate.ts';
import { systemTerminal } from './terminal.ts';
import { txnCommand } from './txn.ts';
import { upCommand } from './up.ts';

const terminal = systemTerminal();
const commands = [
  upCommand(terminal, import.meta.filename),
  nodeCommand(terminal),
  agreeCommand(terminal),
  memberCommand(terminal),
  secretCommand(terminal),
  historyCommand(terminal),
  simulateCommand(terminal),
  checkCommand(terminal),
  proveCommand(terminal),
  txnCommand(terminal),
];

await runProgram(process.argv.slice(2), commands, terminal);
