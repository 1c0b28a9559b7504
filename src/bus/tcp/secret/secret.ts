/**
 * The secret of a cluster, and what is derived from it (HKDF, RFC 5869) for each use, so that none opens more than it is
 * for: a key by which nodes prove themselves to each other, and a secret for clients, which in turn yields the key by which
 * they prove themselves over TCP and a token for HTTP. Nothing leads back from what is derived.
 *
 * The material lies behind functions, so that a secret that is logged or encoded by mistake shows nothing.
 */

import { hkdfSync, randomBytes } from 'node:crypto';
import { SecretEmptyError, SecretKindError, SecretTooShortError } from './errors.ts';

/** What opens sessions between the nodes of a cluster. */
export interface ClusterSecret {
  readonly kind: 'cluster';
  /** The text that a secret file holds. */
  text(): string;
  /** The key by which nodes prove themselves to each other, 32 bytes. */
  peerKey(): Uint8Array;
  /** What a client is given: it opens services, and never a session of a node. */
  client(): ClientSecret;
  /**
   * The token of a name, which HTTP requests carry in place of that of clients, and which does what an operator lists for the
   * name: `quorate-token-NAME.` and 43 further characters.
   *
   * @throws RangeError for what is no name of a token (`isTokenName`)
   */
  token(name: string): string;
}

/** The token of a name as a client over TCP has it: it is proven, and never said. */
export interface ClientToken {
  readonly kind: 'token';
  readonly name: string;
  /** The key by which its bearer and nodes prove themselves to each other over TCP, 32 bytes. */
  key(): Uint8Array;
}

/** What opens the services of a cluster to clients. */
export interface ClientSecret {
  readonly kind: 'client';
  /** The text that a client is given: `quorate-client-` and 43 further characters. */
  text(): string;
  /** The key by which clients and nodes prove themselves to each other over TCP, 32 bytes. */
  key(): Uint8Array;
  /** What HTTP requests carry as `Authorization: Bearer TOKEN`. It does not open TCP, as it crosses the network itself. */
  httpToken(): string;
}

const keyBytes = 32;
const leastBytes = 32;
const clusterPrefix = 'quorate-cluster-';
const clientPrefix = 'quorate-client-';
const tokenPrefix = 'quorate-http-';
const namedPrefix = 'quorate-token-';

/** Whether a token may have this name. */
export const isTokenName = (name: string): boolean => /^[\w-]{1,64}$/.test(name);

/** The name that a token says it has; undefined for one that has none. */
export const nameOfToken = (token: string): string | undefined =>
  /^quorate-token-(?<name>[\w-]{1,64})\./.exec(token)?.groups?.name;

/** Whether a text has the form of what HTTP requests carry: the token of a name, or that of all clients. */
export const isHttpToken = (text: string): boolean => /^quorate-(http-|token-[\w-]{1,64}\.)[\w-]{43}$/.test(text);

/** Makes a new secret of 256 random bits. They come from the system's generator alone: a seed could be repeated. */
export const createClusterSecret = (): ClusterSecret =>
  clusterSecretOf(`${clusterPrefix}${randomBytes(keyBytes).toString('base64url')}`);

/**
 * The secret that a text stands for: one that was made by `createClusterSecret`, or any other text of at least 32 bytes
 * that cannot be guessed. White space around it does not count.
 *
 * @param source where it stands, for errors
 * @throws SecretEmptyError, SecretTooShortError; SecretKindError for what is a client's
 */
export function clusterSecretOf(text: string, source = 'the given text'): ClusterSecret {
  const trimmed = text.trim();
  if ([clientPrefix, tokenPrefix, namedPrefix].some((prefix) => trimmed.startsWith(prefix))) {
    throw new SecretKindError(
      `expected the secret of a cluster in ${source}, got that of clients, which opens no session of a node; give what all nodes share`,
    );
  }
  const material = Buffer.from(trimmed, 'utf8');
  if (material.length === 0) {
    throw new SecretEmptyError(
      `expected a secret of at least ${leastBytes} bytes in ${source}, got nothing; ${howToMake}`,
    );
  }
  if (material.length < leastBytes) {
    throw new SecretTooShortError(
      `expected a secret of at least ${leastBytes} bytes in ${source}, got ${material.length}, which could be guessed; ${howToMake}`,
    );
  }
  const peerKey = derive(material, 'peer');
  const client = clientSecretFrom(derive(material, 'clients'));
  const token = (name: string): string => {
    if (!isTokenName(name)) throw new RangeError(`expected 1 to 64 letters, digits, '-' or '_', got '${name}'`);
    return `${namedPrefix}${name}.${Buffer.from(derive(material, `token ${name}`)).toString('base64url')}`;
  };
  return Object.freeze({ kind: 'cluster', text: () => trimmed, peerKey: () => peerKey, client: () => client, token });
}

/**
 * The clients' secret that a text stands for.
 *
 * @param source where it stands, for errors
 * @throws SecretEmptyError; SecretKindError for what was not derived for clients
 */
export function clientSecretOf(text: string, source = 'the given text'): ClientSecret {
  const trimmed = text.trim();
  if (trimmed === '') {
    throw new SecretEmptyError(`expected the secret of clients in ${source}, got nothing; ${howToDerive}`);
  }
  const material = Buffer.from(trimmed.slice(clientPrefix.length), 'base64url');
  if (trimmed === `${clientPrefix}${material.toString('base64url')}` && material.length === keyBytes) {
    return clientSecretFrom(material);
  }
  const got = trimmed.startsWith(clusterPrefix) ? "the cluster's, which clients must not have" : 'something else';
  throw new SecretKindError(
    `expected the secret of clients (${clientPrefix}...) in ${source}, got ${got}; ${howToDerive}`,
  );
}

/**
 * The token that a text stands for: one that `quorate secret token NAME` has printed.
 *
 * @throws SecretEmptyError; SecretKindError for what is no token of a name
 */
export function clientTokenOf(text: string, source = 'the given text'): ClientToken {
  const trimmed = text.trim();
  if (trimmed === '') throw new SecretEmptyError(`expected a token in ${source}, got nothing; ${howToName}`);
  const name = nameOfToken(trimmed);
  if (name === undefined) {
    throw new SecretKindError(
      `expected the token of a name (${namedPrefix}NAME...) in ${source}, got something else; ${howToName}`,
    );
  }
  const key = derive(Buffer.from(trimmed, 'utf8'), 'bearer');
  return Object.freeze({ kind: 'token', name, key: () => key });
}

function clientSecretFrom(material: Uint8Array): ClientSecret {
  const text = `${clientPrefix}${Buffer.from(material).toString('base64url')}`;
  const key = derive(material, 'client');
  const token = `${tokenPrefix}${Buffer.from(derive(material, 'http')).toString('base64url')}`;
  return Object.freeze({ kind: 'client', text: () => text, key: () => key, httpToken: () => token });
}

const derive = (material: Uint8Array, use: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', material, 'quorate cluster secret', use, keyBytes));

const howToMake = 'make one with: quorate secret new --secret-file FILE';
const howToName = 'make it with: quorate secret token NAME --secret-file FILE';
const howToDerive = 'derive it with: quorate secret client --secret-file FILE';
