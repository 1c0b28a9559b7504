/** Requests of commands to a node that serves HTTP, and how its refusals are told. */

import * as v from 'valibot';
import { QuorateError } from '../../statecharts/actor.ts';
import { type ClientSecret, type HostPort, readSecretFile } from '../bus/tcp.ts';
import { jsonIn } from '../services/http/json.ts';
import { textOf } from './options.ts';

/** Which node is asked, and what lets the command ask. */
export interface AskedNode {
  readonly node: HostPort;
  readonly secretFile?: string;
}

/** A request, as HTTP has it. */
export interface NodeRequest {
  readonly method: 'GET' | 'PUT' | 'POST';
  readonly path: string;
  /** Text to send as it is; or something to send as JSON. */
  readonly body?: string;
  readonly json?: object | undefined;
  /** How long an answer may take, in milliseconds. Default 40,000: longer than nodes take. */
  readonly timeoutMs?: number;
}

/** What a node has answered. */
export interface NodeAnswer {
  readonly isOk: boolean;
  readonly text: string;
}

/** What came of a request in place of an answer to it. */
export class NodeRequestError extends QuorateError {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Asks a node.
 *
 * @param whatIsUnknown what to add where no answer leaves something unknown
 * @throws NodeRequestError when none answers
 */
export async function requestNode(
  { node, secretFile }: AskedNode,
  request: NodeRequest,
  whatIsUnknown = '',
): Promise<NodeAnswer> {
  const secret = secretFile === undefined ? undefined : readSecretFile(secretFile).client();
  const unreachable = (why: string): NodeRequestError =>
    new NodeRequestError(
      'NODE_UNREACHABLE',
      `expected an answer of a node at ${textOf(node)}, got none (${why}); name one that runs with --node HOST:HTTPPORT${whatIsUnknown}`,
    );
  return await answerTo(request, node, secret, unreachable);
}

/**
 * The answer to a request.
 *
 * @param unreachable what to throw when none comes
 */
export async function answerTo(
  { method, path, json, body = json && JSON.stringify(json), timeoutMs = 40_000 }: NodeRequest,
  to: HostPort,
  secret: ClientSecret | undefined,
  unreachable: (why: string) => NodeRequestError,
): Promise<NodeAnswer> {
  try {
    const response = await fetch(`http://${textOf(to)}${path}`, {
      method,
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        ...(secret && { authorization: `Bearer ${secret.httpToken()}` }),
        ...(json && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body }),
    });
    return { isOk: response.ok, text: await response.text() };
  } catch (cause) {
    throw unreachable(cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause));
  }
}

const problemSchema = v.object({
  code: v.string(),
  message: v.string(),
  whatToDo: v.string(),
  outcome: v.picklist(['did-not-happen', 'unknown']),
});
export type NodeProblem = v.InferOutput<typeof problemSchema>;

/** What an answer says is wrong. @throws NodeRequestError when no node of ours has said it */
export function problemIn({ node }: AskedNode, { text }: NodeAnswer): NodeProblem {
  const problem = v.safeParse(problemSchema, jsonIn(text));
  if (problem.success) return problem.output;
  throw new NodeRequestError('NOT_A_NODE', `what answers at ${textOf(node)} is no node of a cluster like this`);
}
