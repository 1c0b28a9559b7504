/** `quorate secret`: makes the secret of a cluster, and derives from it what clients are given. */

import { Command, InvalidArgumentError } from 'commander';
import { createSecretFile, readSecretFile } from '../bus/tcp/secret/file.ts';
import { isTokenName } from '../bus/tcp/secret/secret.ts';
import type { Terminal } from './terminal.ts';

const help = `
All nodes of a cluster share one secret, each in a file that only its owner can read (mode 0600). It opens everything:
copy it to the machines of nodes, and to no others. Clients on other machines are given what is derived from it, which
opens services alone, and cannot be turned back into it.

Examples:
  $ quorate secret new --secret-file /etc/quorate/secret
  $ quorate secret client --secret-file /etc/quorate/secret     # for connect([...], { secret })
  $ quorate secret http --secret-file /etc/quorate/secret       # for curl -H "Authorization: Bearer ..."
  $ quorate secret token app --secret-file /etc/quorate/secret  # for either, and connect([...], { token }): of a name in --tokens

Exit codes: 0 done, 1 the file cannot be used (the line says why), 2 wrong options.`;

interface SecretOptions {
  readonly secretFile: string;
  readonly json: boolean;
}

/** @throws InvalidArgumentError */
function tokenNameIn(text: string): string {
  if (isTokenName(text)) return text;
  throw new InvalidArgumentError("Expected 1 to 64 letters, digits, '-' or '_'.");
}

/** What a command says: the value, alone, unless there is a remark in its place. */
interface Said {
  readonly value: Readonly<Record<string, string>>;
  readonly remark?: string;
}

/** Makes the command. */
export function secretCommand(terminal: Terminal): Command {
  const about = (name: string, summary: string, act: (path: string, name: string) => Said): Command =>
    new Command(name)
      .description(summary)
      .requiredOption('--secret-file <file>', 'the secret that all nodes of the cluster share')
      .option('--json', 'tell it as JSON', false)
      .action((...called: readonly unknown[]) => {
        const [name] = called;
        const command = called.at(-1);
        if (!(command instanceof Command)) return;
        const { secretFile, json } = command.opts<SecretOptions>();
        const { value, remark } = act(secretFile, typeof name === 'string' ? name : '');
        if (remark !== undefined) terminal.err(remark);
        if (json) terminal.out(JSON.stringify(value));
        else if (remark === undefined) terminal.out(Object.values(value).join('\n'));
      });
  return new Command('secret')
    .summary('make the secret of a cluster, and what clients are given')
    .description('Makes the secret that the nodes of a cluster share, and derives from it what clients are given.')
    .addHelpText('after', help)
    .addCommand(
      about('new', 'make a secret in a new file that only its owner can read', (path) => {
        createSecretFile(path);
        const remark = `Made a secret in ${path}; copy the file to the machine of each node, with mode 0600.`;
        return { value: { secretFile: path }, remark };
      }),
    )
    .addCommand(
      about('client', 'print the secret of clients, which opens services over TCP', (path) => ({
        value: { secret: readSecretFile(path).client().text() },
      })),
    )
    .addCommand(
      about(
        'token',
        'print the token of a name, which opens over HTTP and TCP what the nodes list for it (--tokens)',
        (path, name) => ({
          value: { token: readSecretFile(path).token(name) },
        }),
      ).argument('<name>', 'the name in the list', tokenNameIn),
    )
    .addCommand(
      about('http', 'print the token of clients, which opens services over HTTP', (path) => ({
        value: { token: readSecretFile(path).client().httpToken() },
      })),
    );
}
