/** `quorate rolling-restart`: restarts the nodes of a store one by one, while it serves. */

import { spawn } from 'node:child_process';
import { isIP } from 'node:net';
import { Command } from 'commander';
import type { HostPort } from '../bus/tcp.ts';
import { type Clock, systemClock } from '../environment/clock.ts';
import { messageOf } from '../environment/message.ts';
import { ClusterOptionsError, FileError } from './errors.ts';
import { type Access, type AskedNode, NodeRequestError, problemIn, requestNode, withAccess } from './node-request.ts';
import { integerIn, textOf } from './options.ts';
import {
  type Restarted,
  type RollingParts,
  RollingRestartError,
  restartAll,
  type Target,
} from './rolling-restart/rolling.ts';
import { askNode } from './status/nodes.ts';
import { collected, defaultNodes } from './status.ts';
import type { Terminal } from './terminal.ts';

const help = `
All nodes must be named, and be well, before each restart: one that is not ends it, and the nodes after it are left alone.
The node that leads comes last, and lets another one lead first. The next one is taken when the last one serves again and
has applied all that was committed.

What stands after -- restarts a node, run here without a shell; {id}, {host}, {port} (of HTTP) and {pid} stand for those of
the node. Without it the process is told to stop (SIGTERM), and what watches over it must start it again: so for the nodes
of quorate up, on this machine alone.

Examples:
  $ quorate rolling-restart                                        # the nodes of quorate up
  $ quorate rolling-restart --node 10.0.0.1:4701 --node 10.0.0.2:4701 --node 10.0.0.3:4701 \\
      --secret-file /etc/quorate/secret -- ssh root@{host} systemctl restart quorate

Exit codes: 0 all were restarted, 1 one was not (the line says which, and why), 2 wrong options.`;

interface RollingOptions extends Access {
  readonly node?: readonly HostPort[];
  readonly patienceS: number;
  readonly allowOutage: boolean;
  readonly json: boolean;
}

/** Makes the command. */
export function rollingRestartCommand(terminal: Terminal): Command {
  return withAccess(new Command('rolling-restart'))
    .summary('restart the nodes of a store one by one, while it serves')
    .description('Restarts the nodes of a store one by one, while it serves.')
    .argument('[command...]', 'what restarts a node (default: SIGTERM to its process)')
    .option(
      '--node <host:port>',
      'where a node serves HTTP; repeat it for each (default: those of quorate up)',
      collected,
    )
    .option('--patience-s <seconds>', 'how long nodes may take to be well, before and after', integerIn(1, 86_400), 60)
    .option('--allow-outage', 'restart less than three nodes, too, which cannot serve meanwhile', false)
    .option('--json', 'tell the result as JSON', false)
    .addHelpText('after', help)
    .action(async (command: readonly string[], options: RollingOptions) => {
      const { node = defaultNodes, json } = options;
      requireEnough(node, options);
      const tell = (it: Restarted): void =>
        terminal.out(`${it.id} is back after ${it.tookMs} ms${it.led ? ', and led before' : ''}.`);
      const restarted = await restartAll(
        rollingParts({ ...options, node, command, clock: systemClock(), restarted: json ? () => undefined : tell }),
      );
      terminal.out(json ? JSON.stringify({ restarted }) : `All ${restarted.length} nodes were restarted.`);
    });
}

/** @throws ClusterOptionsError */
function requireEnough(nodes: readonly HostPort[], { allowOutage }: RollingOptions): void {
  if (nodes.length >= 3 || allowOutage) return;
  throw new ClusterOptionsError(
    `expected three nodes or more, as fewer have no majority while one is away, got ${nodes.length}; name all of them with --node, or say --allow-outage`,
  );
}

export interface RollingSettings extends Access {
  readonly node: readonly HostPort[];
  readonly patienceS: number;
  readonly command: readonly string[];
  readonly clock: Clock;
  restarted(node: Restarted): void;
}

/** Asks over HTTP, and restarts by the command, or by a signal. */
export function rollingParts({ node, patienceS, command, clock, restarted, ...access }: RollingSettings): RollingParts {
  const at = (text: string): AskedNode => {
    const found = node.find((it) => textOf(it) === text);
    if (found === undefined) throw new RollingRestartError(`expected one of the nodes that were named, got ${text}`);
    return { node: found, ...access };
  };
  return {
    clock,
    ask: () => Promise.all(node.map((it) => askNode(it, access))),
    async isReady(text) {
      try {
        return (await requestNode(at(text), { method: 'GET', path: '/readyz', timeoutMs: 5_000 })).isOk;
      } catch (error) {
        // It may have ended since it was asked how it stands.
        if (error instanceof NodeRequestError) return false;
        throw error;
      }
    },
    async handOver(text) {
      const asked = at(text);
      const answer = await requestNode(asked, { method: 'POST', path: '/members/leader', json: {} });
      if (answer.isOk) return;
      const { code, message } = problemIn(asked, answer);
      throw new NodeRequestError(code, message);
    },
    async restart(target) {
      const { host, port } = at(target.at).node;
      if (command.length === 0) signalled(target, host);
      else await run(command, { id: target.id, host, port: String(port), pid: String(target.pid ?? '') });
    },
    restarted,
    patienceMs: patienceS * 1_000,
  };
}

/** @throws RollingRestartError */
function signalled({ id, pid }: Target, host: string): void {
  const isHere = host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
  if (!isHere || pid === undefined) {
    throw new RollingRestartError(
      `expected a command that restarts ${id}, as it is not known to run on this machine; say it after --`,
    );
  }
  try {
    process.kill(pid, 'SIGTERM');
  } catch (cause) {
    throw new RollingRestartError(
      `cannot signal process ${pid} of ${id}: ${messageOf(cause)}; say after -- what restarts it`,
      { cause },
    );
  }
}

/** Runs a command to its end. What it writes goes to the standard error. @throws FileError, RollingRestartError */
function run(words: readonly string[], values: Readonly<Record<string, string>>): Promise<void> {
  const [program = '', ...args] = words.map((word) =>
    word.replace(/\{(id|host|port|pid)\}/g, (_, name) => values[name] ?? ''),
  );
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 2, 2] });
    child.once('error', (cause) =>
      reject(new FileError(`cannot run '${program}': ${messageOf(cause)}; name a program after --`, { cause })),
    );
    child.once('exit', (code, signal) => {
      if (code === 0) resolve();
      else
        reject(
          new RollingRestartError(`'${[program, ...args].join(' ')}' ended with ${signal ?? `exit code ${code}`}`),
        );
    });
  });
}
