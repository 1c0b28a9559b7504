/** The client over TCP. */

import { isIPv6 } from 'node:net';
import {
  type ClientSecret,
  type ClientToken,
  clientSecretOf,
  clientTokenOf,
  createTcpClient,
  type TcpClient,
  type TcpClientOptions,
  type TlsTrust,
} from '../../bus/tcp.ts';
import { type Client, createStoreClient, type StoreClientOptions } from './client.ts';
import { MalformedRequestError } from './errors.ts';

export interface ConnectOptions extends StoreClientOptions {
  /** Refuse nodes of other clusters; by default any cluster will do. */
  readonly cluster?: string;
  /**
   * What nodes on other machines ask for: what `quorate secret client` prints. Given, the nodes must prove to hold theirs.
   */
  readonly secret?: ClientSecret | string;
  /**
   * The token by which this client comes in place of the secret of all clients: what `quorate secret token NAME` prints. The
   * nodes must prove to know it, and let it do what an operator lists for the name; whatever else fails with ForbiddenError.
   */
  readonly token?: ClientToken | string;
  /** Connects by TLS, with nodes alone that show a certificate of this authority which names them. */
  readonly tls?: TlsTrust;
  /** How long the first connection may take, in milliseconds. Default 5,000. */
  readonly connectMs?: number;
  /** Of the transport. */
  readonly tcp?: Pick<TcpClientOptions, 'limits' | 'timing'>;
}

/** A client of a store over TCP. */
export interface TcpStoreClient extends Client, Pick<TcpClient, 'setTls'> {}

/**
 * Connects to a cluster. One address is enough to reach it, but the more are given, the less depends on that one node.
 *
 * @param addresses where nodes listen for each other, as `host:port` or `[ipv6]:port`
 * @throws MalformedRequestError for an address that is none; UnavailableError when no node answers in time;
 * BusOptionsError for options that make no sense, TlsIdentityError for an authority that is none; SecretEmptyError, SecretKindError for a secret or token that is none of clients
 *
 * @example
 * const client = await connect(['127.0.0.1:4801', '127.0.0.1:4802', '127.0.0.1:4803']);
 * await client.put('greeting', new TextEncoder().encode('hello'));
 * await client.close();
 */
export async function connect(addresses: readonly string[], options: ConnectOptions = {}): Promise<TcpStoreClient> {
  const { cluster, secret, token, tls, connectMs = 5_000, tcp, ...rest } = options;
  const bus = createTcpClient({
    addresses: addresses.map(hostPortIn),
    ...(cluster === undefined ? {} : { cluster }),
    ...(secret === undefined ? {} : { secret: typeof secret === 'string' ? clientSecretOf(secret) : secret }),
    ...(token === undefined ? {} : { token: typeof token === 'string' ? clientTokenOf(token) : token }),
    ...(tls === undefined ? {} : { tls }),
    ...(rest.environment === undefined ? {} : { environment: rest.environment }),
    ...tcp,
  });
  const client = createStoreClient(bus, rest);
  try {
    await client.connected(connectMs);
    // A copy would have what was under way now, for ever.
    return Object.assign(client, { setTls: bus.setTls });
  } catch (error) {
    await client.close();
    throw error;
  }
}

function hostPortIn(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  const bracketed = /^\[(?<ipv6>.*)\]$/.exec(address.slice(0, Math.max(colon, 0)))?.groups?.ipv6;
  const host = bracketed ?? address.slice(0, Math.max(colon, 0));
  const port = Number(address.slice(colon + 1));
  const isHost = bracketed === undefined ? /^[^\s:[\]]+$/.test(host) : isIPv6(host);
  if (colon > 0 && isHost && /^\d+$/.test(address.slice(colon + 1)) && port >= 1 && port <= 65_535) {
    return { host, port };
  }
  throw new MalformedRequestError(`expected an address like 127.0.0.1:4801 or [::1]:4801, got '${address}'`);
}
