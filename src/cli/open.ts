/** `quorate open`: shows a recorded run or counterexample on a page of this machine, or the playground. */

import { Command } from 'commander';
import { maxRecordingLength, parseRecording } from '../dashboard/recording.ts';
import { messageOf } from '../environment/message.ts';
import { readText } from './config/files.ts';
import { FileError } from './errors.ts';
import { integerIn } from './options.ts';
import { type ShowOptions, showPlayground, showRecording } from './show/recording.ts';
import type { Terminal } from './terminal.ts';

const help = `
Recordings are written by 'quorate simulate PROTOCOL --recording FILE' and 'quorate check PROTOCOL --recording FILE'.
The page is served on loopback alone and needs nothing from elsewhere. Its URL holds the view and the step, to be shared.

Examples:
  $ quorate simulate raft --seed 7 --runs 1 --recording run.json && quorate open run.json
  $ quorate open run.json --port 4800 --browser
  $ quorate open                             # play with clusters in the browser: PAGE/playground.html?protocol=raft&seed=7

Exit codes: 0 when it was asked to end, 1 the page cannot be served, or the file is no recording, 2 wrong options, or a file
that cannot be read.`;

/** Makes the command. */
export function openCommand(terminal: Terminal): Command {
  return new Command('open')
    .summary('show a recorded run or counterexample on a page, or the playground')
    .description('Serves a recording on a page of this machine, to be stepped through, until Ctrl-C.')
    .argument('[file]', 'the recording; without one, the playground is served, which runs clusters in the browser')
    .option('--port <number>', 'where it is served (default: any port that is free)', integerIn(0, 65_535))
    .option('--browser', 'tell the browser of this machine to open it', false)
    .option('--no-wait', 'end when all is found to be in its place, and serve nothing')
    .option('--json', 'tell the URL as JSON', false)
    .addHelpText('after', help)
    .action(async (file: string | undefined, options: ShowOptions) => {
      if (file === undefined) await showPlayground(options, terminal);
      else await showRecording(parseRecording(textOf(file)), options, terminal);
    });
}

/** @throws FileError */
function textOf(file: string): string {
  try {
    return readText(file, maxRecordingLength);
  } catch (cause) {
    throw new FileError(`cannot read '${file}': ${messageOf(cause)}; name a file that --recording wrote`, { cause });
  }
}
