/** `quorate check`: explores every run of a small system of real actors, and shows what goes wrong in the shortest. */

import { Command } from 'commander';
import { raftCommand } from './check/raft.ts';
import { twoPhaseCommitCommand } from './check/two-phase-commit.ts';
import type { Terminal } from './terminal.ts';

/** Makes the command. */
export function checkCommand(terminal: Terminal): Command {
  return new Command('check')
    .summary('check a protocol in every run of a small system')
    .description(
      'Explores every state that a small system of real actors can reach, and checks its properties in each.',
    )
    .addCommand(raftCommand(terminal))
    .addCommand(twoPhaseCommitCommand(terminal));
}
