/** The certificate of a node, its key, and the authority of its cluster, in files. */

import { X509Certificate } from 'node:crypto';
import type { Command } from 'commander';
import type { TlsIdentity, TlsTrust } from '../../bus/tcp.ts';
import { timeOfDay } from '../../environment/calendar.ts';
import type { Clock } from '../../environment/clock.ts';
import { ClusterOptionsError, KeyExposedError } from '../errors.ts';
import { type Found, follow, textIn } from './followed.ts';
import type { Notice } from './reporting.ts';

/** Where it stands by whose word others are believed. */
export interface TrustFiles {
  readonly ca: string;
  /** Of revoked certificates; left out, none is. */
  readonly crl?: string;
}

/** Where they are. */
export interface TlsFiles extends TrustFiles {
  readonly cert: string;
  readonly key: string;
}

/** What the options of `withTls` say. */
export interface TlsChoice extends Partial<TlsFiles> {
  readonly insecure?: true;
}

/** Gives a command the options of `TlsChoice`. @param who shows the certificate: `this node` */
export const withTls = (command: Command, who: string): Command =>
  command
    .option('--ca <file>', 'the authority of the certificates of all nodes (PEM)')
    .option('--cert <file>', `the certificate of ${who}, which names it (PEM)`)
    .option('--key <file>', 'the private key of the certificate (PEM)')
    .option('--crl <file>', "the authority's list of revoked certificates (PEM)")
    .option('--insecure', 'listen on other addresses than loopback without TLS: all that reach them can read along');

/** @returns undefined where none is named @throws ClusterOptionsError where some are missing */
export function tlsFilesIn({ ca, cert, key, crl }: Partial<TlsFiles>): TlsFiles | undefined {
  if (ca !== undefined && cert !== undefined && key !== undefined) {
    return { ca, cert, key, ...(crl === undefined ? {} : { crl }) };
  }
  if (ca === undefined && cert === undefined && key === undefined && crl === undefined) return undefined;
  const missing = Object.entries({ ca, cert, key }).flatMap(([name, file]) =>
    file === undefined ? [`--${name}`] : [],
  );
  throw new ClusterOptionsError(
    `expected --ca, --cert and --key together, got none for ${missing.join(' and ')}; quorate certs makes all three files`,
  );
}

/** @returns undefined where none is named @throws ClusterOptionsError for a list without its authority */
export function trustFilesIn({ ca, crl }: Partial<TrustFiles>): TrustFiles | undefined {
  if (ca !== undefined) return { ca, ...(crl === undefined ? {} : { crl }) };
  if (crl === undefined) return undefined;
  throw new ClusterOptionsError('expected --ca beside --crl, got none; name the authority whose list it is');
}

/** @throws FileError */
export async function readTrust({ ca, crl }: TrustFiles): Promise<TlsTrust> {
  return {
    ca: await textIn(ca, 'the authority of certificates'),
    ...(crl === undefined ? {} : { crl: await textIn(crl, 'the list of revoked certificates') }),
  };
}

/** @throws FileError; KeyExposedError when others can read the key */
export async function readTls({ cert, key, ...trust }: TlsFiles): Promise<TlsIdentity> {
  return {
    ...(await readTrust(trust)),
    cert: await textIn(cert, 'the certificate'),
    key: await textIn(key, 'the private key', (found) => checkKeyFile(key, found)),
  };
}

/** What secures the connections of a command. */
export interface Security {
  /** What is shown and believed, and where that was read; undefined without TLS. */
  readonly secured: { readonly files: TlsFiles; readonly tls: TlsIdentity } | undefined;
  /** Whether it may listen for other machines without TLS. */
  readonly insecure: boolean;
}

/** @throws ClusterOptionsError where some files are missing; FileError; KeyExposedError */
export async function securityOf(choice: TlsChoice): Promise<Security> {
  const files = tlsFilesIn(choice);
  return { secured: files && { files, tls: await readTls(files) }, insecure: choice.insecure === true };
}

/** Windows has no such bits, and shows what they do not mean. */
const hasModes = process.platform !== 'win32';

/**
 * A key is for its owner. Where root owns it, a group may read it as well, as secrets are mounted in containers: the rule that
 * PostgreSQL has for its keys.
 *
 * @throws KeyExposedError
 */
export function checkKeyFile(path: string, { mode, uid }: Found): void {
  const forbidden = uid === 0 ? 0o037 : 0o077;
  if (!hasModes || (mode & forbidden) === 0) return;
  throw new KeyExposedError(
    `expected '${path}' to be readable by its owner alone, or by a group where root owns it, got mode ${(mode & 0o777).toString(8).padStart(4, '0')}; run chmod 600 on it, and make a new key if others may have read this one`,
  );
}

const dayMs = 24 * 60 * 60_000;
/** A certificate that is good for less is told, in milliseconds. */
const soonMs = 14 * dayMs;

/** What to tell of a certificate that expires soon, or has; undefined while there is time. */
export function expiryOf({ cert }: TlsIdentity, now: Date): string | undefined {
  const { validTo } = new X509Certificate(cert);
  const leftMs = Date.parse(validTo) - now.getTime();
  if (leftMs >= soonMs) return undefined;
  const when = leftMs > 0 ? `expires in ${Math.floor(leftMs / dayMs)} days` : 'has expired';
  return `the certificate ${when} (${validTo}), and no node connects without one that is good; replace the files of --cert and --key, which are read again`;
}

interface FollowedFiles<Files, Held> {
  readonly files: Files;
  /** What was read at the start. */
  readonly first: Held;
  readonly node: { setTls(held: Held): void };
  readonly clock: Clock;
  readonly notice: Notice;
}
export type TlsFollowed = FollowedFiles<TlsFiles, TlsIdentity>;
export type TrustFollowed = FollowedFiles<TrustFiles, TlsTrust>;

/** Lets what asks nodes take up what changes in the files. @returns ends it */
export function followTrust({ files, first, node, clock, notice }: TrustFollowed): () => void {
  return follow({
    clock,
    first,
    read: () => readTrust(files),
    changed(trust) {
      node.setTls(trust);
      notice('TRUST_RENEWED', `nodes are judged by what is in ${Object.values(files).join(', ')} now`);
    },
    failed: ({ code, message }) => notice(code, message),
  });
}

/** Lets a node take up what changes in the files, and tells when a certificate runs out. @returns ends it */
export function followTls({ files, first, node, clock, notice }: TlsFollowed): () => void {
  let current = first;
  let told: string | undefined;
  const tellExpiry = (): void => {
    const message = expiryOf(current, timeOfDay());
    if (message !== undefined && message !== told) notice('CERTIFICATE_EXPIRES', message);
    told = message;
  };
  tellExpiry();
  return follow({
    clock,
    first,
    read: async () => {
      tellExpiry();
      return await readTls(files);
    },
    changed(identity) {
      node.setTls(identity);
      current = identity;
      notice(
        'CERTIFICATE_RENEWED',
        `connections that are made from now on go by what is in ${Object.values(files).join(', ')} now`,
      );
      tellExpiry();
    },
    failed: ({ code, message }) => notice(code, message),
  });
}
