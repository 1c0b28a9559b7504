/** `quorate choose`: some questions, and a method with its reasons, its costs and the code to begin with. */

import { Command } from 'commander';
import { conclude, converse } from './choose/conclude.ts';
import { askingAt } from './choose/prompts.ts';
import { AnswerMissingError, questionNames, questions, readAnswers } from './choose/questions.ts';
import { reportOf, tellConclusion } from './choose/report.ts';
import { readJson } from './config/values.ts';
import { exitCodes } from './errors.ts';
import type { Terminal } from './terminal.ts';

interface ChooseOptions {
  readonly answers?: string;
  readonly json: boolean;
}

const help = `
The questions, and how a file answers them:
${questionNames.map((name) => `  ${name.padEnd(11)}${questions[name].text}\n${choicesOf(name)}`).join('\n')}

  {"loss": "nothing", "downtime": "seconds", "machines": 3, "zones": 3, "databases": "none", "distance": "region", "retries": "yes"}

Which questions are asked depends on the answers: docs/choosing.md draws that, and says why each step is taken.

Exit codes: 0 a method is recommended, 1 none can be, and it is said why, 2 wrong options, or answers that are unknown, missing
or contradictory.`;

function choicesOf(name: (typeof questionNames)[number]): string {
  const asked = questions[name];
  return 'choices' in asked
    ? Object.entries(asked.choices)
        .map(([word, text]) => `             "${word}": ${text}`)
        .join('\n')
    : `             ${asked.least} to ${asked.most}`;
}

/** Makes the command. */
export function chooseCommand(terminal: Terminal): Command {
  return new Command('choose')
    .summary('answer some questions, and hear which method fits, why, and what it costs')
    .description(
      'Asks what may be lost and how long it may be down, and says which method fits, why, and what it costs.',
    )
    .option('--answers <file>', 'answers in JSON, instead of asking for them')
    .option('--json', 'tell the result as JSON', false)
    .addHelpText('after', help)
    .action(async (options: ChooseOptions) => {
      process.exitCode = await choose(options, terminal);
    });
}

/** @returns the exit code */
async function choose({ answers, json }: ChooseOptions, terminal: Terminal): Promise<number> {
  const conclusion = answers === undefined ? await converse(askingPerson()) : conclude(readAnswers(readJson(answers)));
  if (json) terminal.out(JSON.stringify(reportOf(conclusion)));
  else tellConclusion(conclusion, terminal);
  return 'recommended' in conclusion ? exitCodes.done : exitCodes.failed;
}

/** Questions go where people read them, and the result where scripts do. @throws AnswerMissingError without a terminal */
function askingPerson() {
  if (process.stdin.isTTY === true && process.stderr.isTTY === true) return askingAt(process.stdin, process.stderr);
  throw new AnswerMissingError(
    'expected a terminal to ask the questions at, got none; give the answers with --answers FILE',
  );
}
