/**
 * A server of one's own, steered through a command: for each operation it is run once, reads the request as JSON on its
 * standard input, and prints the answer as JSON. What it may print, and what it must see to, is in `script/protocol.ts`.
 *
 * The term of each request is a fencing token. The server keeps the highest one that it was claimed with, durably, and
 * refuses lower ones; an answer says which one that is, so that a script which forgets about it is found out.
 */

import type { ServerOperation, ServerStatus } from '../../../statecharts/failover/servers.ts';
import { type Environment, systemEnvironment } from '../../environment/environment.ts';
import { ResourceClosedError, ResourceUnreachableError } from '../errors.ts';
import { runCommand } from './command.ts';
import { ServerRefusedError } from './errors.ts';
import { answerIn, probeIn, type ScriptRequest } from './script/protocol.ts';
import type { ManagedServer, ProbeResult } from './server.ts';

export type { ScriptRequest } from './script/protocol.ts';

export interface ScriptServerOptions {
  readonly group: string;
  /** Which of the servers it is. */
  readonly server: string;
  /** Who reaches it. */
  readonly manager: string;
  /** All of the group, each where managers, clients and the other servers reach it. */
  readonly servers: Readonly<Record<string, { readonly host: string; readonly port: number }>>;
  /** The command and its arguments; no shell comes between. */
  readonly command: readonly string[];
  readonly environment?: Environment;
}

/** Makes a server that a command steers. */
export function scriptServer(options: ScriptServerOptions): ManagedServer {
  if (options.servers[options.server] === undefined) {
    throw new RangeError(`expected one of ${Object.keys(options.servers).join(', ')}, not '${options.server}'`);
  }
  return new ScriptServer(options);
}

class ScriptServer implements ManagedServer {
  readonly #options: ScriptServerOptions;
  readonly #environment: Environment;
  /** Of the last claim; undefined when it is not known any more whether something asked under it is yet to happen. */
  #term: number | undefined;
  #isClosed = false;

  constructor(options: ScriptServerOptions) {
    this.#options = options;
    this.#environment = options.environment ?? systemEnvironment();
  }

  async probe(timeoutMs: number): Promise<ProbeResult> {
    if (this.#isClosed) return 'silent';
    try {
      return probeIn(await this.#run({ type: 'probe' }, timeoutMs));
    } catch {
      return 'silent';
    }
  }

  async operate(operation: ServerOperation, timeoutMs: number): Promise<ServerStatus> {
    const { server } = this.#options;
    if (this.#isClosed) throw new ResourceClosedError(`'${server}' was closed; reach it anew`);
    const term = 'term' in operation ? operation.term : undefined;
    if (term !== undefined && operation.type !== 'claim' && this.#term !== term) {
      throw this.#refusal('CLAIM_LOST', `no claim of term ${term} is in force; claim it anew`);
    }
    try {
      const answer = answerIn(await this.#run(operation, timeoutMs), server);
      if ('refused' in answer) throw this.#refusal(answer.refused, answer.message);
      const { term: known, ...status } = answer;
      if (term !== undefined && known !== term) throw this.#mismatch(term, known);
      if (operation.type === 'claim') this.#term = term;
      return status;
    } catch (error) {
      if (term !== undefined && !(error instanceof ServerRefusedError)) this.#term = undefined;
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  async #run(operation: ServerOperation | { readonly type: 'probe' }, timeoutMs: number): Promise<string> {
    const { group, server, manager, servers, command } = this.#options;
    const { host = '', port = 0 } = servers[server] ?? {};
    const request: ScriptRequest = { ...operation, group, server, manager, servers };
    const { exitCode, stdout, stderr } = await runCommand([...command, operation.type], {
      clock: this.#environment.clock,
      timeoutMs,
      input: `${JSON.stringify(request)}\n`,
      variables: { QUORATE_GROUP: group, QUORATE_SERVER: server, QUORATE_HOST: host, QUORATE_PORT: String(port) },
    });
    if (exitCode === 0) return stdout;
    throw new ResourceUnreachableError(
      `'${command.join(' ')} ${operation.type}' ended with ${exitCode ?? 'a signal'} for '${server}': ${stderr.trim()}`,
    );
  }

  #mismatch(term: number, known: number): ServerRefusedError {
    return known > term
      ? this.#refusal('CLAIM_LOST', `it is claimed by term ${known}, later than ${term}`)
      : this.#refusal('NOT_POSSIBLE', `it answers that it is claimed by term ${known}, not ${term}: it must keep each`);
  }

  #refusal(code: 'CLAIM_LOST' | 'NOT_POSSIBLE', why: string): ServerRefusedError {
    return new ServerRefusedError(code, `'${this.#options.server}' refuses: ${why}`);
  }
}
