/** `quorate completion`: what a shell completes of this command line, made from the commands themselves. */

import { Argument, Command } from 'commander';
import type { Terminal } from './terminal.ts';

const shells = ['bash', 'zsh', 'fish'] as const;

const help = `
Examples:
  $ eval "$(quorate completion bash)"                                  # in ~/.bashrc
  $ eval "$(quorate completion zsh)"                                   # in ~/.zshrc, after compinit
  $ quorate completion fish > ~/.config/fish/completions/quorate.fish

Exit codes: 0 done, 2 no such shell.`;

/** Makes the command. @param others all other commands */
export const completionCommand = (terminal: Terminal, others: () => Promise<readonly Command[]>): Command =>
  new Command('completion')
    .summary('print what a shell needs to complete commands and options')
    .description('Prints a script that lets a shell complete the commands of quorate, and their options.')
    .addArgument(new Argument('<shell>', 'for which shell').choices(shells))
    .addHelpText('after', help)
    .action(async (shell: (typeof shells)[number]) => {
      const words = wordsOf([new Command('quorate').option('--help').option('--version'), ...(await others())]);
      terminal.out(shell === 'fish' ? fishScript(words) : bashScript(words, shell === 'zsh'));
    });

/** What may follow a path of commands, such as `failover status`; the empty path is that of `quorate` itself. */
type Words = ReadonlyMap<string, readonly string[]>;

function wordsOf([program, ...commands]: readonly Command[]): Words {
  const words = new Map<string, readonly string[]>();
  const visit = (
    path: string,
    options: readonly { readonly long?: string | undefined }[],
    below: readonly Command[],
  ) => {
    words.set(path, [...below.map((it) => it.name()), ...options.flatMap(({ long }) => long ?? [])]);
    for (const it of below) visit(`${path} ${it.name()}`.trim(), it.options, it.commands);
  };
  visit('', program?.options ?? [], commands);
  return words;
}

/** Words and paths are names of commands and options, so that none needs a quote. */
function bashScript(words: Words, isZsh: boolean): string {
  const cases = [...words].map(([path, next]) => `    '${path}') next='${next.join(' ')}' ;;`);
  return [
    ...(isZsh ? ['autoload -Uz bashcompinit && bashcompinit'] : []),
    `_quorate() {
  local path= word next=
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  case $path in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$next" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _quorate quorate`,
  ].join('\n');
}

function fishScript(words: Words): string {
  return [...words]
    .flatMap(([path, next]) => {
      const seen = path.split(' ').filter((it) => it !== '');
      const when =
        seen.length === 0
          ? '__fish_use_subcommand'
          : seen.map((it) => `__fish_seen_subcommand_from ${it}`).join('; and ');
      return next.map((word) =>
        word.startsWith('--')
          ? `complete -c quorate -n '${when}' -l ${word.slice(2)}`
          : `complete -c quorate -n '${when}' -f -a ${word}`,
      );
    })
    .join('\n');
}
