/** `quorate certs revoke`: puts the certificate of a node on the authority's list of those that count no more. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { timeOfDay } from '../../environment/calendar.ts';
import { messageOf } from '../../environment/message.ts';
import { replaceFile } from '../../environment/new-file.ts';
import { FileError } from '../errors.ts';
import { nodeIdIn } from '../options.ts';
import type { Terminal } from '../terminal.ts';

const help = `
Writes crl.pem, or adds to it. Copy it to each machine, where nodes were started with --crl: they read it again every 10 s, end
what is open between them, and refuse whoever shows a certificate on it. Revoke before a new certificate takes NODE.pem's place.

  $ quorate certs revoke n3
  $ quorate node --id n1 --ca certs/ca.pem --cert certs/n1.pem --key certs/n1.key.pem --crl certs/crl.pem ...

Exit codes: 0 done, 2 wrong options, or files that cannot be used or written (the line says why).`;

interface Options {
  readonly directory: string;
  readonly json: boolean;
}

/** Makes the command. */
export function revokeCommand(terminal: Terminal): Command {
  return new Command('revoke')
    .description('Revokes the certificate of a node that is in NODE.pem.')
    .argument('<node>', 'whose certificate', nodeIdIn)
    .option('--directory <dir>', 'where the files are', 'certs')
    .option('--json', 'tell the files as JSON', false)
    .addHelpText('after', help)
    .action(async (node: string, options: Options) => {
      const file = await revoked(node, options);
      terminal.out(options.json ? JSON.stringify({ files: [file] }) : `made ${file}`);
    });
}

/** @returns the file of the list @throws FileError */
async function revoked(node: string, { directory }: Options): Promise<string> {
  // Its encoder is of no use to other commands.
  const { issueRevocations } = await import('./issue.ts');
  const read = (name: string): string => readFileSync(join(directory, name), 'utf8');
  const list = join(directory, 'crl.pem');
  try {
    const authority = { cert: read('ca.pem'), key: read('ca.key.pem') };
    const earlier = existsSync(list) ? read('crl.pem') : undefined;
    replaceFile(list, issueRevocations(authority, read(`${node}.pem`), earlier, timeOfDay()));
  } catch (cause) {
    throw new FileError(
      `cannot revoke the certificate of '${node}' in '${directory}': ${messageOf(cause)}; name another --directory, or mend it`,
      { cause },
    );
  }
  return list;
}
