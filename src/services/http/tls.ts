/** TLS below an HTTP interface. Clients show no certificate: they have tokens. */

import type { RequestListener, Server } from 'node:http';
import { createServer, type Server as SecureServer } from 'node:https';
import { TlsIdentityError } from '../../bus/errors.ts';
import { type TlsIdentity, tlsOptionsOf } from '../../bus/tcp.ts';

/** What an interface shows; whose word it takes for clients is no matter. */
export type HttpIdentity = Pick<TlsIdentity, 'cert' | 'key'>;

/** Servers that show one identity, which can be replaced. */
export interface SecureServers {
  create(listener: RequestListener): Server;
  /** Shows another one to those that connect from now on. @throws TlsIdentityError when it is none; the former one stays */
  setIdentity(identity: HttpIdentity): void;
}

/** What connects and does not get on with TLS is cut off, in milliseconds. */
const handshakeTimeoutMs = 5_000;

/** @throws TlsIdentityError when certificate and key are unusable */
export function createSecureServers(identity: HttpIdentity): SecureServers {
  const servers: SecureServer[] = [];
  let options = optionsOf(identity);
  return {
    create(listener) {
      const server = createServer(
        { ...options, handshakeTimeout: handshakeTimeoutMs, requireHostHeader: false },
        listener,
      );
      servers.push(server);
      return server;
    },
    setIdentity(changed) {
      options = optionsOf(changed);
      for (const server of servers) server.setSecureContext(options);
    },
  };
}

/** Without the authority, as no client's certificate is asked for. */
const optionsOf = ({ cert, key }: HttpIdentity) => tlsOptionsOf({ cert, key });

/** Where an interface is. The library takes every server that it did not make for a plain one. */
export const urlOf = (listening: string, secure: SecureServers | undefined): string =>
  secure === undefined ? listening : listening.replace(/^http:/, 'https:');

/** @throws TlsIdentityError when the identity is unusable, or when the interface at `url` speaks no TLS */
export function replaceIdentity(secure: SecureServers | undefined, identity: HttpIdentity, url: string): void {
  if (secure === undefined) {
    throw new TlsIdentityError(`expected ${url} to speak TLS, got no certificate to replace; start it with one`);
  }
  secure.setIdentity(identity);
}

/** What shows an identity that can be replaced. */
interface Showing {
  setTls(identity: TlsIdentity): void;
}

/** Replaces the identity of a node's bus and of its interface, as far as it has them: that of both, or of neither. */
export const replacingBoth =
  (bus: Showing | undefined, http: Showing | undefined) =>
  (identity: TlsIdentity): void => {
    // The bus asks more of it, and so comes first.
    bus?.setTls(identity);
    http?.setTls(identity);
  };
