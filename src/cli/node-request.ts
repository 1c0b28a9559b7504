/** Requests of commands to a node that serves HTTP, and how its refusals are told. */

import * as v from 'valibot';
import { QuorateError } from '../../statecharts/actor.ts';
import { type ClientSecret, type HostPort, readSecretFile } from '../bus/tcp.ts';
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
  readonly body?: string;
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

/** Longer than nodes take to answer, in milliseconds. */
const patienceMs = 40_000;

/**
 * Asks a node.
 *
 * @param whatIsUnknown what to add where no answer leaves something unknown
 * @throws NodeRequestError when none answers
 */
export async function requestNode(
  { node, secretFile }: AskedNode,
  { method, path, body }: NodeRequest,
  whatIsUnknown = '',
): Promise<NodeAnswer> {
  const secret: ClientSecret | undefined = secretFile === undefined ? undefined : readSecretFile(secretFile).client();
  try {
    const response = await fetch(`http://${textOf(node)}${path}`, {
      method,
      signal: AbortSignal.timeout(patienceMs),
      ...(secret === undefined ? {} : { headers: { authorization: `Bearer ${secret.httpToken()}` } }),
      ...(body === undefined ? {} : { body }),
    });
    return { isOk: response.ok, text: await response.text() };
  } catch (cause) {
    const why = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
    throw new NodeRequestError(
      'NODE_UNREACHABLE',
      `expected an answer of a node at ${textOf(node)}, got none (${why}); name one that runs with --node HOST:HTTPPORT${whatIsUnknown}`,
    );
  }
}

const problemSchema = v.object({
  code: v.string(),
  message: v.string(),
  whatToDo: v.string(),
  outcome: v.picklist(['did-not-happen', 'unknown']),
});
export type NodeProblem = v.InferOutput<typeof problemSchema>;

/** What JSON a text holds; undefined when it is none. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What an answer says is wrong. @throws NodeRequestError when no node of ours has said it */
export function problemIn({ node }: AskedNode, { text }: NodeAnswer): NodeProblem {
  const problem = v.safeParse(problemSchema, jsonIn(text));
  if (problem.success) return problem.output;
  throw new NodeRequestError('NOT_A_NODE', `what answers at ${textOf(node)} is no node of a cluster like this`);
}
