/**
 * TLS below the bus: a server that hands on connections once they are secure, and the way to dial one. TLS 1.3 alone, which
 * every Node that this package runs on speaks, and which has neither renegotiation nor a cipher to choose wrongly. The names
 * of hosts say nothing here: the handshake compares the certificate with the node that the other side says it is.
 */

import { X509Certificate } from 'node:crypto';
import { connect as connectPlain, createServer as createPlainServer, type Server, type Socket } from 'node:net';
import {
  connect,
  createSecureContext,
  createServer,
  type SecureContextOptions,
  TLSSocket,
  type Server as TlsServer,
} from 'node:tls';
import { RevocationsChangedError, TlsHandshakeError, TlsIdentityError } from '../errors.ts';
import type { Core } from './core.ts';
import { createAdmission } from './guests/admission.ts';
import { placeOf } from './guests/remote.ts';
import { type HostPort, textOf } from './options.ts';
import { isNamed, nodeUri } from './security.ts';

/** By whose word the other side is believed. */
export interface TlsTrust {
  /** Certificates of the cluster's own authority, PEM. Certificates that public authorities sign count for nothing. */
  readonly ca: string;
  /**
   * Lists of revoked certificates, PEM: with it, one of each authority in `ca` and of each between it and a certificate, none of
   * which has expired, or nothing that the authority has signed is believed.
   */
  readonly crl?: string;
}

/** What a node shows, and by whose word it believes others. */
export interface TlsIdentity extends TlsTrust {
  /** The node's certificate, PEM, with those between it and the authority. It names the node by URI or DNS name. */
  readonly cert: string;
  /** Its private key, PEM. */
  readonly key: string;
}

const minVersion = 'TLSv1.3' as const;

/** @throws TlsIdentityError when these make no secure context, or the certificate is not that of the node */
export function checkIdentity(identity: TlsIdentity, cluster: string, node: string): void {
  checkTrust(identity);
  const names = new X509Certificate(identity.cert).subjectAltName;
  if (isNamed(names, cluster, node)) return;
  throw new TlsIdentityError(
    `expected a certificate that names node ${node}, got one for ${names ?? 'nobody'}; give it the URI ${nodeUri(cluster, node)} or the DNS name ${node} as a subject alternative name`,
  );
}

/** @throws TlsIdentityError when these make no secure context */
export function checkTrust(trust: TlsTrust): void {
  tlsOptionsOf(trust);
  readable(() => new X509Certificate(trust.ca));
}

/** What Node's TLS is told. @throws TlsIdentityError when these make no secure context */
export function tlsOptionsOf<Given extends Partial<TlsIdentity>>(
  given: Given,
): Given & { readonly minVersion: 'TLSv1.3' } {
  const options = { ...given, minVersion } as const;
  readable(() => createSecureContext({ ...contextOf(given), minVersion }));
  return options;
}

/** What Node takes for a context; it reads one list of each text. */
export function contextOf({ crl, ...given }: Partial<TlsIdentity>): SecureContextOptions {
  if (crl === undefined) return given;
  const lists = crl.split(/(?=^-----BEGIN )/m).filter((it) => it.startsWith('-----BEGIN '));
  // No list at all would be taken for none that is wanted.
  return { ...given, crl: lists.length === 0 ? [crl] : lists };
}

function readable(read: () => unknown): void {
  try {
    read();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `expected the certificate, its private key, the authority's certificate and its list of revoked ones as PEM, got: ${why}; read them from the files that belong together`;
    throw new TlsIdentityError(message, { cause });
  }
}

/** Begins a connection. */
export type Dial = (address: HostPort) => Socket;

/** Makes connections secure when there is a trust to judge the other side by. */
function dialWith(trust: TlsTrust | undefined): Dial {
  return ({ host, port }) => {
    if (trust === undefined) return connectPlain({ host, port, noDelay: true });
    return connect({ ...contextOf(trust), host, port, minVersion, checkServerIdentity: () => undefined }).setNoDelay(
      true,
    );
  };
}

/** Connections and those to come, judged by a trust that can be replaced. */
export interface Trusting {
  readonly dial: Dial;
  /** Adds one that came in. @returns the same socket */
  add<Any extends Socket>(socket: Any): Any;
  /**
   * Judges connections from now on by another trust. Where its list of revoked certificates is another one, those whose other side
   * has shown a certificate end, so that both sides connect anew, and show what they have.
   *
   * @returns whether the list is another one
   */
  replace(trust: TlsTrust): boolean;
}

/** @param trust undefined without TLS */
export function createTrusting(trust: TlsTrust | undefined): Trusting {
  let dial = dialWith(trust);
  let { crl } = trust ?? {};
  const open = new Set<TLSSocket>();
  const add: Trusting['add'] = (socket) => {
    if (socket instanceof TLSSocket) {
      open.add(socket);
      socket.once('close', () => open.delete(socket));
    }
    return socket;
  };
  return {
    dial: (address) => add(dial(address)),
    add,
    replace(changed) {
      dial = dialWith(changed);
      if (changed.crl === crl) return false;
      crl = changed.crl;
      for (const socket of open) {
        // Clients have none to be revoked.
        if (!socket.connecting && socket.getPeerX509Certificate() === undefined) continue;
        socket.destroy(
          new RevocationsChangedError(
            'expected both sides to show again that their certificates count, as the list of revoked ones has changed',
          ),
        );
      }
      return true;
    },
  };
}

/** A server of either kind, and what replaces the identity that its next connections are shown. */
export interface Listener {
  readonly server: Server;
  setIdentity(identity: TlsIdentity): void;
  /** Closes what is not secure yet. */
  abandon(): void;
}

/** @param core known before the server listens; what cannot be made secure is reported there */
export function createListener(
  identity: TlsIdentity | undefined,
  handshakeTimeoutMs: number,
  core: () => Core,
  accept: (socket: Socket) => void,
): Listener {
  if (identity === undefined) {
    const server = createPlainServer({ noDelay: true }, accept);
    return { server, setIdentity: () => undefined, abandon: () => undefined };
  }
  // Clients need no certificate, so that one which does not count is a matter for the handshake, which tells its owner.
  const asked = { requestCert: true, rejectUnauthorized: false, minVersion } as const;
  const server = createServer(
    { ...asked, ...contextOf(identity), noDelay: true, handshakeTimeout: handshakeTimeoutMs },
    accept,
  );
  const abandon = boundHandshakes(server, core);
  return { server, setIdentity: (changed) => server.setSecureContext({ ...contextOf(changed), minVersion }), abandon };
}

/** Strangers that connect and do not get on with TLS are bounded, and give way, like those in the bus's own handshake. */
function boundHandshakes(server: TlsServer, core: () => Core): () => void {
  const report = (why: string, remote: string): void =>
    core().notice(
      new TlsHandshakeError(`expected ${remote} to speak TLS 1.3, got: ${why}; set both sides up alike`),
      remote,
    );
  let admission: ReturnType<typeof createAdmission<Socket>> | undefined;
  const pending = new Map<string, Socket>();
  const done = (remote: string): void => {
    const socket = pending.get(remote);
    if (socket === undefined) return;
    pending.delete(remote);
    admission?.closed(socket);
  };
  server.on('connection', (socket: Socket) => {
    const remote = remoteOf(socket);
    admission ??= createAdmission<Socket>(core().mine.node, core().limits, (it) => {
      report('more handshakes than handshakeLimit allows', remoteOf(it));
      it.destroy();
    });
    pending.set(remote, socket);
    socket.once('close', () => done(remote));
    admission.arrived(socket, placeOf(socket.remoteAddress));
  });
  server.on('secureConnection', (socket) => done(remoteOf(socket)));
  server.on('tlsClientError', (error, socket) => {
    report(error.message, remoteOf(socket));
    socket.destroy();
  });
  return () => {
    for (const socket of pending.values()) socket.destroy();
  };
}

const remoteOf = (socket: Socket): string =>
  textOf({ host: socket.remoteAddress ?? 'unknown', port: socket.remotePort ?? 0 });
