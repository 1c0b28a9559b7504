/** The command line as a whole: which commands there are, and how each of them ends. */

import { Command, CommanderError } from 'commander';
import { version } from '../services/version.ts';
import { exitCodes, tell } from './errors.ts';
import type { Terminal } from './terminal.ts';

const help = `
Start here:
  $ quorate up                                            three nodes on this machine
  $ curl -X PUT --data hello localhost:4701/kv/greeting
  $ curl localhost:4702/kv/greeting

'quorate help COMMAND' says more about a command.`;

/** Runs the command that `args` asks for. Sets the exit code of the process; never throws. */
export async function runProgram(
  args: readonly string[],
  commands: readonly Command[],
  terminal: Terminal,
): Promise<void> {
  const program = new Command('quorate')
    .enablePositionalOptions()
    .description('Fault-tolerance protocols as statechart actors: run them, watch them, check what they did.')
    .showHelpAfterError('(add --help to see what there is)')
    .helpCommand(true)
    .version(version, '--version', 'print the version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
    })
    .addHelpText('after', help);
  for (const command of commands) program.addCommand(inheriting(command, program));
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    else process.exitCode = tell(error, terminal);
  }
}

/** Makes `command` and those below it end and write as `above` does, which commander does only for what it makes itself. */
function inheriting(command: Command, above: Command): Command {
  command.copyInheritedSettings(above);
  for (const below of command.commands) inheriting(below, command);
  return command;
}
