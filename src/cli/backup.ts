/** `quorate backup`: the state of a store that runs, in a file. */

import { createWriteStream, existsSync, linkSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { Writable } from 'node:stream';
import { Command } from 'commander';
import type { HostPort } from '../bus/tcp.ts';
import { type Clock, pause } from '../environment/clock.ts';
import { systemEnvironment } from '../environment/environment.ts';
import { messageOf } from '../environment/message.ts';
import { privateFileMode } from '../environment/private-files.ts';
import { checkBackup } from '../services/backup/format.ts';
import { isOk, requestHttp, textOfAnswer, whyOf } from '../services/http/request.ts';
import { FileError } from './errors.ts';
import {
  type AskedNode,
  authorizationOf,
  type Credentials,
  credentialsOf,
  NodeRequestError,
  problemIn,
  withAccess,
} from './node-request.ts';
import { nodeOption, textOf } from './options.ts';
import type { Terminal } from './terminal.ts';

const help = `
The store goes on meanwhile. The backup holds all that was acknowledged before it was asked for: keys with their versions
and what is known of their history, leases, and the results that are kept for repeated requests. It holds neither
agreements (quorate agree) nor secrets. The file is checked as it is written, and there only when it is whole.

Examples:
  $ quorate backup store.backup
  $ quorate backup --node 10.0.0.2:4701 --secret-file /etc/quorate/secret store.backup

quorate restore makes a new cluster of it.

Exit codes: 0 done, 1 there is no backup (the line says why), 2 wrong options.`;

interface BackupOptions extends AskedNode {
  readonly json: boolean;
}

/** Makes the command. */
export function backupCommand(terminal: Terminal): Command {
  return withAccess(new Command('backup'))
    .summary('copy the state of a running store into a file')
    .description('Copies the state of a running store into a new file.')
    .argument('<file>', 'the file, which is not there yet')
    .addOption(nodeOption('where a node serves HTTP; one that does not lead has more time'))
    .option('--json', 'tell the result as JSON', false)
    .addHelpText('after', help)
    .action(async (file: string, options: BackupOptions) => {
      const { head, sizeBytes } = await backUp(file, options);
      terminal.out(
        options.json
          ? JSON.stringify({ file, sizeBytes, ...head })
          : `${file} holds revision ${head.revision} of cluster ${head.cluster}, in ${sizeBytes} bytes.`,
      );
    });
}

/** @throws FileError, NodeRequestError; the errors of a backup that does not read */
async function backUp(file: string, options: BackupOptions) {
  const problem = (cause: unknown): FileError =>
    new FileError(`cannot write a backup to '${file}': ${messageOf(cause)}; name another file`, { cause });
  if (existsSync(file)) throw problem('it is there already');
  const body = await bodyOf(options, systemEnvironment().clock);
  const partial = `${file}.${process.pid}.partial`;
  const sink = createWriteStream(partial, { flags: 'wx', mode: privateFileMode, flush: true });
  let sizeBytes = 0;
  async function* kept(): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      await written(sink, chunk);
      sizeBytes += chunk.length;
      yield chunk;
    }
  }
  try {
    const head = await checkBackup(kept());
    await ended(sink);
    // Unlike a rename, it takes the place of no other file.
    linkSync(partial, file);
    return { head, sizeBytes };
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) throw problem(error);
    throw error;
  } finally {
    sink.destroy();
    rmSync(partial, { force: true });
  }
}

/** Waits while the disk has more than it takes. */
const written = (sink: Writable, chunk: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => sink.write(chunk, (error) => (error ? reject(error) : resolve())));
const ended = (sink: Writable): Promise<void> =>
  new Promise((resolve, reject) => {
    sink.once('error', reject);
    sink.once('close', () => resolve());
    sink.end();
  });

/** A node that writes its state down is asked again, so often and so long, in milliseconds. */
const askAgainMs = 1_000;
const busyMs = 60_000;

/** What the node sends, as it comes. */
async function bodyOf(options: BackupOptions, clock: Clock): Promise<AsyncIterable<Uint8Array>> {
  const untilMs = clock.nowMs() + busyMs;
  for (;;) {
    try {
      return await begun(options);
    } catch (error) {
      const isBusy = error instanceof NodeRequestError && error.code === 'BACKUP_BUSY';
      if (!isBusy || clock.nowMs() > untilMs) throw error;
      await pause(clock, askAgainMs);
    }
  }
}

/** A node that says nothing for so long, in milliseconds, makes no backup: longer than it takes to begin one. */
const idleMs = 60_000;

/** @throws NodeRequestError */
async function begun(options: BackupOptions): Promise<AsyncIterable<Uint8Array>> {
  const { node, ...access } = options;
  const answer = await asked(node, credentialsOf(access));
  if (!isOk(answer)) {
    const { code, message, whatToDo } = problemIn(options, { isOk: false, text: await textOfAnswer(answer) });
    throw new NodeRequestError(code, `${message}; ${whatToDo}`);
  }
  return received(answer, node);
}

async function asked(node: HostPort, credentials: Credentials): Promise<IncomingMessage> {
  try {
    const { ca, crl } = credentials;
    const headers = authorizationOf(credentials);
    return await requestHttp({ at: node, path: '/backup', headers, ca, crl, idleMs });
  } catch (cause) {
    throw unreachable(node, cause);
  }
}

async function* received(answer: IncomingMessage, node: HostPort): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of answer) yield chunk;
  } catch (cause) {
    throw unreachable(node, cause);
  }
}

const unreachable = (node: HostPort, cause: unknown): NodeRequestError =>
  new NodeRequestError(
    'NODE_UNREACHABLE',
    `expected a backup of the node at ${textOf(node)}, but the connection has ended (${whyOf(cause)}); name a node that runs with --node HOST:HTTPPORT, or try again`,
  );
