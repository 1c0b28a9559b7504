/** `quorate namespace`: which namespaces a store has, what they hold, and their quotas. It asks over HTTP. */

import { Command } from 'commander';
import * as v from 'valibot';
import { ask } from './node-question.ts';
import { type AskedNode, withAccess } from './node-request.ts';
import { integerIn, nodeOption } from './options.ts';
import type { Terminal } from './terminal.ts';

const help = `
A namespace is the keys that begin with its name and a slash. The store counts them, and refuses what would take one beyond
its quota; what it has already stays.

  $ quorate namespace set tenant-a --keys 10000 --bytes 100000000
  $ quorate namespace list
  $ quorate namespace end tenant-a            # its keys stay, and are counted no more

Exit codes: 0 done, 1 refused, or not known whether it was done (the line says which), 2 wrong options.`;

const namespaceSchema = v.object({
  name: v.string(),
  quota: v.object({ keys: v.exactOptional(v.number()), bytes: v.exactOptional(v.number()) }),
  keys: v.number(),
  bytes: v.number(),
});
type Namespace = v.InferOutput<typeof namespaceSchema>;
const listSchema = v.object({ namespaces: v.array(namespaceSchema) });

interface Asked extends AskedNode {
  readonly json: boolean;
}

interface QuotaOptions extends Asked {
  readonly keys?: number;
  readonly bytes?: number;
}

const amountIn = integerIn(0, 999_999_999_999_999);

/** Makes the command. */
export function namespaceCommand(terminal: Terminal): Command {
  const about = (command: Command): Command =>
    withAccess(command).addOption(nodeOption()).option('--json', 'tell the result as JSON', false);
  const tell = ({ json }: Asked, namespaces: readonly Namespace[]): void =>
    terminal.out(json ? JSON.stringify(namespaces) : tableOf(namespaces));
  const list = about(
    new Command('list').description('Prints all namespaces, with what they have of their quotas.'),
  ).action(async (options: Asked) => {
    tell(options, (await ask(options, listing)).namespaces);
  });
  const set = about(
    new Command('set')
      .description('Makes a namespace, or gives it another quota.')
      .argument('<name>', 'what its keys begin with, before a slash')
      .option('--keys <count>', 'keys that it may have (default: any)', amountIn)
      .option('--bytes <count>', 'bytes of its keys and values (default: any)', amountIn),
  ).action(async (name: string, { keys, bytes, ...options }: QuotaOptions) => {
    const json = { ...(keys === undefined ? {} : { keys }), ...(bytes === undefined ? {} : { bytes }) };
    tell(options, [await ask(options, { ...questionOf(name), method: 'PUT', json })]);
  });
  const end = about(
    new Command('end')
      .description('Ends a namespace. Its keys stay.')
      .argument('<name>', 'what its keys begin with, before a slash'),
  ).action(async (name: string, options: Asked) => {
    const ended = await ask(options, { ...questionOf(name), method: 'DELETE' });
    terminal.out(
      options.json ? JSON.stringify(ended) : `${name} is no namespace any more; its keys (${ended.keys}) stay.`,
    );
  });
  return new Command('namespace')
    .summary('namespaces of a store, and their quotas')
    .description('Tells what the namespaces of a store have, and gives them quotas of keys and bytes.')
    .addHelpText('after', help)
    .addCommand(list)
    .addCommand(set)
    .addCommand(end);
}

const ifUnknown = 'quorate namespace list tells how they are';
const listing = { method: 'GET', path: '/namespaces', answer: listSchema, ifUnknown } as const;
const questionOf = (name: string) => ({
  path: `/namespaces/${encodeURIComponent(name)}`,
  answer: namespaceSchema,
  ifUnknown,
});

/** One line for each namespace. */
function tableOf(namespaces: readonly Namespace[]): string {
  if (namespaces.length === 0) return 'There is no namespace.';
  const of = (used: number, most: number | undefined, unit: string): string =>
    `${used.toLocaleString('en')}${most === undefined ? '' : ` of ${most.toLocaleString('en')}`} ${unit}`;
  const longest = Math.max(...namespaces.map(({ name }) => name.length));
  return namespaces
    .map(
      ({ name, keys, bytes, quota }) =>
        `${name.padEnd(longest)}  ${of(keys, quota.keys, 'keys')}, ${of(bytes, quota.bytes, 'bytes')}`,
    )
    .join('\n');
}
