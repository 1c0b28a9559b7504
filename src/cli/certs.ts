/** `quorate certs`: an authority for one cluster, and the certificates by which its nodes know each other. */

import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { nodeUri } from '../bus/tcp.ts';
import { timeOfDay } from '../environment/calendar.ts';
import { messageOf } from '../environment/message.ts';
import { createFile, replaceFile } from '../environment/new-file.ts';
import type { Issued } from './certs/issue.ts';
import { revokeCommand } from './certs/revoke.ts';
import { FileError } from './errors.ts';
import { integerIn, nameIn, nodeIdIn } from './options.ts';
import type { Terminal } from './terminal.ts';

const help = `
Writes ca.pem and ca.key.pem, unless they are there, and NODE.pem and NODE.key.pem for each node, in the place of earlier ones: nodes
that run take new certificates up without a restart. A certificate names its node by URI (quorate://CLUSTER/NODE), and the
hosts under which clients reach it over HTTP; localhost is always among them.

Give each machine ca.pem and the two files of its node. ca.key.pem opens everything: keep it elsewhere. Any other authority
will do as well, if what it signs names the node by that URI, or by its id as a DNS name.

Examples:
  $ quorate certs n1=10.0.0.1 n2=10.0.0.2 n3=10.0.0.3,n3.internal
  $ quorate node --id n1 --ca certs/ca.pem --cert certs/n1.pem --key certs/n1.key.pem ...
  $ quorate status --node 10.0.0.1:4701 --ca certs/ca.pem

Exit codes: 0 done, 2 wrong options, or files that cannot be used or written (the line says why).`;

interface CertsOptions {
  readonly directory: string;
  readonly cluster: string;
  readonly days: number;
  readonly json: boolean;
}

interface Named {
  readonly id: string;
  readonly hosts: readonly string[];
}

const authorityDays = 3_650;
/** Under these, a node is always reached on its own machine. */
const ownHosts = ['localhost', '127.0.0.1', '::1'];

/** Makes the command. */
export function certsCommand(terminal: Terminal): Command {
  return new Command('certs')
    .summary('make an authority and the certificates of nodes')
    .description('Makes the authority of a cluster, and the certificates by which its nodes know each other.')
    .argument('[node=host,host...]', 'a node, and the hosts under which it is reached, separated by commas', namedIn)
    .option('--directory <dir>', 'where the files are', 'certs')
    .option('--cluster <name>', 'the name of the cluster', nameIn, 'quorate')
    .option('--days <number>', 'how long certificates of nodes are good for', integerIn(1, authorityDays), 365)
    .option('--json', 'tell the files as JSON', false)
    .addHelpText('after', help)
    .addCommand(revokeCommand(terminal))
    .action(async (nodes: readonly Named[] = [], options: CertsOptions) => {
      const files = await made(nodes, options);
      terminal.out(options.json ? JSON.stringify({ files }) : files.map((file) => `made ${file}`).join('\n'));
    });
}

/** Reads one more `NODE=HOST,HOST`. @throws InvalidArgumentError */
function namedIn(text: string, earlier: readonly Named[] = []): readonly Named[] {
  const [name = '', hosts = '', ...rest] = text.split('=');
  const id = nodeIdIn(name);
  if (['ca', 'crl', 'revoke'].includes(id) || id.endsWith('.key')) {
    throw new InvalidArgumentError(
      `The files or the name of a node '${id}' would take the place of others; choose another id.`,
    );
  }
  const listed = hosts === '' ? [] : hosts.split(',');
  const wrong = listed.find((host) => isIP(host) === 0 && !isHostName(host));
  if (wrong !== undefined || rest.length > 0) {
    throw new InvalidArgumentError('Expected NODE=HOST,HOST with names and addresses, like n1=10.0.0.1,n1.internal.');
  }
  return [...earlier, { id, hosts: [...new Set([...listed, ...ownHosts])] }];
}

const isHostName = (host: string): boolean =>
  /^(?=.{1,253}$)(\*\.)?[a-z\d]([a-z\d-]*[a-z\d])?(\.[a-z\d]([a-z\d-]*[a-z\d])?)*$/i.test(host);

/** Makes what is missing. @returns the files that were written. @throws FileError */
async function made(nodes: readonly Named[], { directory, cluster, days }: CertsOptions): Promise<readonly string[]> {
  // Its encoder is of no use to other commands.
  const { issueAuthority, issueNode } = await import('./certs/issue.ts');
  const from = timeOfDay();
  const filesOf = (name: string) => ({
    cert: join(directory, `${name}.pem`),
    key: join(directory, `${name}.key.pem`),
  });
  const files = filesOf('ca');
  const written: string[] = [];
  try {
    const known = knownAuthority(files);
    const authority = known ?? issueAuthority(`Quorate authority of ${cluster}`, { from, days: authorityDays });
    // The key first: a certificate without one would serve nobody, and keep its place.
    if (known === undefined)
      for (const it of ['key', 'cert'] as const) {
        if (!createFile(files[it], authority[it])) throw new Error(`'${files[it]}' was made meanwhile`);
        written.push(files[it]);
      }
    for (const { id, hosts } of nodes) {
      const at = filesOf(id);
      const issued = issueNode(authority, { id, uri: nodeUri(cluster, id), hosts }, { from, days });
      for (const it of ['key', 'cert'] as const) {
        replaceFile(at[it], issued[it]);
        written.push(at[it]);
      }
    }
  } catch (cause) {
    throw new FileError(
      `cannot make certificates in '${directory}': ${messageOf(cause)}; name another --directory, or mend it`,
      { cause },
    );
  }
  return written;
}

/** The authority of an earlier call. @throws what the system says of one that is there in part */
function knownAuthority(files: Issued): Issued | undefined {
  if (!existsSync(files.cert) && !existsSync(files.key)) return undefined;
  return { cert: readFileSync(files.cert, 'utf8'), key: readFileSync(files.key, 'utf8') };
}
