/** `quorate check`: explores every run of a small system of real actors, and shows what goes wrong in the shortest. */

import { Command } from 'commander';
import { protocols } from '../proof/protocols.ts';
import { protocolCommand } from './check/command.ts';
import { printList, protocolIn, withList } from './protocols.ts';
import type { Terminal } from './terminal.ts';

/** Makes the command. */
export function checkCommand(terminal: Terminal): Command {
  const command = withList(new Command('check'))
    .summary('check a protocol in every run of a small system')
    .description(
      'Explores every state that a small system of real actors can reach, and checks its properties in each.',
    )
    .option('--json', 'tell the list as JSON', false)
    .argument('[protocol]', 'what to check', protocolIn)
    .action((_protocol: unknown, { list, json }: { readonly list: boolean; readonly json: boolean }, self: Command) => {
      if (!list) self.help({ error: true });
      printList(terminal, json);
    });
  for (const protocol of protocols) command.addCommand(protocolCommand(protocol, terminal));
  return command;
}
