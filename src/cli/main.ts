#!/usr/bin/env node
/** `quorate`. */

import { commandsFor } from './commands.ts';
import { runProgram } from './program.ts';
import { systemTerminal } from './terminal.ts';

const terminal = systemTerminal();
const args = process.argv.slice(2);

await runProgram(args, await commandsFor(args, { terminal, program: import.meta.filename }), terminal);
