/** `quorate agree`: lets the nodes of a cluster agree on a value, or tells on which they have. It asks over HTTP. */

import { Command } from 'commander';
import { jsonIn } from '../services/http/json.ts';
import { type AskedNode, NodeRequestError, problemIn, requestNode, withAccess } from './node-request.ts';
import { nodeOption } from './options.ts';
import type { Terminal } from './terminal.ts';

const help = `
All who ask for a key hear the same value, whatever they propose, and for ever: the one that a majority of the acceptors
has accepted (Paxos). The acceptors of a key are the nodes with which the cluster began, for ever: also once some of them
were replaced. Where so many were that no majority is left, --acceptors names others for new keys, the same in each call.

  $ quorate up
  $ quorate agree owner n1                                  n1
  $ quorate agree owner n2 --node 127.0.0.1:4702            n1
  $ quorate agree owner                                     n1

Exit codes: 0 it was printed, 1 it is not known (the line says why), 2 wrong options.`;

interface AgreeCommandOptions extends AskedNode {
  readonly acceptors?: string;
  readonly json: boolean;
}

/** Makes the command. */
export const agreeCommand = (terminal: Terminal): Command =>
  withAccess(new Command('agree'))
    .summary('one value for a key, the same for all and for ever')
    .description('Proposes a value for a key, and prints the one that is chosen. Without a value it proposes none.')
    .argument('<key>', 'what to agree on; it is kept for ever')
    .argument('[value]', 'what to propose')
    .addOption(nodeOption())
    .option(
      '--acceptors <nodes>',
      'the acceptors of the key, separated by commas (default: the nodes with which the cluster began)',
    )
    .option('--json', 'tell the result as JSON', false)
    .addHelpText('after', help)
    .action(async (key: string, value: string | undefined, options: AgreeCommandOptions) => {
      const { acceptors } = options;
      const path = `/agree/${encodeURIComponent(key)}`;
      const answer = await requestNode(options, {
        method: value === undefined ? 'GET' : 'PUT',
        path: acceptors === undefined ? path : `${path}?acceptors=${encodeURIComponent(acceptors)}`,
        ...(value === undefined ? {} : { body: value }),
      });
      if (!answer.isOk) {
        const { code, message, whatToDo } = problemIn(options, answer);
        throw new NodeRequestError(code, `${message}: ${whatToDo}`);
      }
      // What is no JSON on the wire is text.
      terminal.out(options.json ? JSON.stringify({ key, value: jsonIn(answer.text) ?? answer.text }) : answer.text);
    });
