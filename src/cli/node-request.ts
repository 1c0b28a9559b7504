/** Requests of commands to a node that serves HTTP, the options that they take for it, and how its refusals are told. */

import { type Command, Option } from 'commander';
import * as v from 'valibot';
import { QuorateError } from '../../statecharts/actor.ts';
import { type HostPort, isHttpToken, readSecretFile } from '../bus/tcp.ts';
import { isOk, requestHttp, textOfAnswer, whyOf } from '../services/http/request.ts';
import { readFileNamed } from './config/files.ts';
import { TokenError } from './errors.ts';
import { trustFilesIn } from './node/tls-files.ts';
import { textOf } from './options.ts';

/** What lets a command ask nodes. */
export interface Access {
  readonly secretFile?: string;
  /** A token, in place of the secret. */
  readonly token?: string;
  /** The file of the authority, where nodes speak TLS. */
  readonly ca?: string;
  /** The file of its list of revoked certificates. */
  readonly crl?: string;
}

/** Which node is asked, and what lets the command ask. */
export interface AskedNode extends Access {
  readonly node: HostPort;
}

/** Where commands look for a token that no file was named for. */
const tokenVariable = 'QUORATE_TOKEN';

/** Gives a command the options of `Access`. */
export const withAccess = (command: Command): Command =>
  command
    .option('--secret-file <file>', 'the secret of the cluster; needed where the node is on another machine')
    .addOption(
      new Option(
        '--token-file <file>',
        `a token of the cluster (quorate secret token), in place of its secret; without either, ${tokenVariable} is looked at for the token itself (no option takes it, as all users of a machine can read the options of its processes)`,
      ).conflicts('secretFile'),
    )
    .hook('preAction', (_, called) => {
      const token = tokenGiven(called.opts<WhereTokensAre>());
      if (token !== undefined) called.setOptionValue('token', token);
    })
    .option('--ca <file>', "the authority of the nodes' certificates (PEM), where they speak TLS: HTTPS is asked then")
    .option('--crl <file>', "the authority's list of revoked certificates (PEM)");

interface WhereTokensAre {
  readonly secretFile?: string;
  readonly tokenFile?: string;
}

/** Read once, as a pipe can be. @throws FileError, TokenError */
function tokenGiven({ secretFile, tokenFile }: WhereTokensAre): string | undefined {
  if (tokenFile !== undefined) return tokenIn(readFileNamed(tokenFile, 'a token'), `'${tokenFile}'`);
  const given = process.env[tokenVariable]?.trim() ?? '';
  return secretFile !== undefined || given === '' ? undefined : tokenIn(given, tokenVariable);
}

/** What is none is not sent: it may be a secret, taken by mistake, and nothing need hide what is sent. @throws TokenError */
function tokenIn(text: string, source: string): string {
  const token = text.trim();
  if (isHttpToken(token)) return token;
  throw new TokenError(
    `expected a token in ${source}, got ${token === '' ? 'nothing' : 'something else'}; put there what this prints: quorate secret token NAME --secret-file FILE`,
  );
}

/** What `Access` stands for: the token to send, the authority and its list, as texts. */
export interface Credentials {
  readonly token?: string;
  readonly ca?: string;
  readonly crl?: string;
}

/** @throws ClusterOptionsError for a list without its authority; FileError, or what a secret says that cannot be read */
export function credentialsOf({ secretFile, token, ...trust }: Access): Credentials {
  const { ca, crl } = trustFilesIn(trust) ?? {};
  return {
    ...(token === undefined ? {} : { token }),
    ...(secretFile === undefined ? {} : { token: readSecretFile(secretFile).client().httpToken() }),
    ...(ca === undefined ? {} : { ca: readFileNamed(ca, 'the authority of certificates') }),
    ...(crl === undefined ? {} : { crl: readFileNamed(crl, 'the list of revoked certificates') }),
  };
}

/** The header that shows a token. */
export const authorizationOf = ({ token }: Credentials): Readonly<Record<string, string>> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };

/** A request, as HTTP has it. */
export interface NodeRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
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
  { node, ...access }: AskedNode,
  request: NodeRequest,
  whatIsUnknown = '',
): Promise<NodeAnswer> {
  const credentials = credentialsOf(access);
  const unreachable = (why: string): NodeRequestError =>
    new NodeRequestError(
      'NODE_UNREACHABLE',
      `expected an answer of a node at ${textOf(node)}, got none (${why}); name one that runs with --node HOST:HTTPPORT${credentials.ca === undefined ? ', and its authority with --ca if it speaks TLS' : ''}${whatIsUnknown}`,
    );
  return await answerTo(request, node, credentials, unreachable);
}

/**
 * The answer to a request.
 *
 * @param unreachable what to throw when none comes
 */
export async function answerTo(
  { method, path, json, body = json && JSON.stringify(json), timeoutMs = 40_000 }: NodeRequest,
  to: HostPort,
  credentials: Credentials,
  unreachable: (why: string) => NodeRequestError,
): Promise<NodeAnswer> {
  try {
    const answer = await requestHttp({
      at: to,
      path,
      method,
      signal: AbortSignal.timeout(timeoutMs),
      headers: { ...authorizationOf(credentials), ...(json && { 'content-type': 'application/json' }) },
      body,
      ca: credentials.ca,
      crl: credentials.crl,
    });
    return { isOk: isOk(answer), text: await textOfAnswer(answer) };
  } catch (cause) {
    throw unreachable(whyOf(cause));
  }
}

/**
 * What JSON an answer holds; undefined when it holds none. Its texts go to terminals, so that control characters in them, which
 * could say anything there, are spelt out: who answers need not be a node.
 */
export function jsonTold(text: string): unknown {
  try {
    return JSON.parse(text, (_, value: unknown) =>
      typeof value === 'string' ? value.replaceAll(/\p{Cc}/gu, spelt) : value,
    );
  } catch {
    return undefined;
  }
}

const spelt = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

const problemSchema = v.object({
  code: v.string(),
  message: v.string(),
  whatToDo: v.string(),
  outcome: v.picklist(['did-not-happen', 'unknown']),
});
export type NodeProblem = v.InferOutput<typeof problemSchema>;

/** What to do about a token, by commands that take one: nodes say what any that speak HTTP can do. */
const remedies: ReadonlyMap<string, string> = new Map([
  [
    'TOKEN_REQUIRED',
    `name a token that the nodes list with --token-file, or put it into ${tokenVariable}; or name their secret with --secret-file`,
  ],
  [
    'FORBIDDEN',
    `name another token with --token-file, or put it into ${tokenVariable}; or have an operator list more for this one`,
  ],
]);

/** What an answer to a command `withAccess` says is wrong. @throws NodeRequestError when no node of ours has said it */
export function problemIn({ node }: AskedNode, answer: NodeAnswer): NodeProblem {
  const problem = problemTold(node, answer);
  return { ...problem, whatToDo: remedies.get(problem.code) ?? problem.whatToDo };
}

/** What an answer says is wrong. @throws NodeRequestError when no node of ours has said it */
export function problemTold(node: HostPort, { text }: NodeAnswer): NodeProblem {
  const problem = v.safeParse(problemSchema, jsonTold(text));
  if (problem.success) return problem.output;
  throw new NodeRequestError('NOT_A_NODE', `what answers at ${textOf(node)} is no node of a cluster like this`);
}
