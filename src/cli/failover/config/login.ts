/** How the servers and managers of a group let others in: its file names files that have secrets, and nothing else of them. */

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { readSecretFile } from '../../../bus/tcp.ts';
import { messageOf } from '../../../environment/message.ts';
import { readText } from '../../config/files.ts';
import { FileError } from '../../errors.ts';
import type { LocatedConfig } from './read.ts';
import type { RedisGroupConfig } from './schema.ts';

type Locate = LocatedConfig['locate'];

export interface Login {
  readonly username?: string;
  readonly password?: string;
}

/** @throws FileError when the password cannot be read */
export function loginOf(
  { username, passwordFile }: { readonly username?: string | undefined; readonly passwordFile?: string | undefined },
  locate: Locate,
): Login {
  return {
    ...(username !== undefined && { username }),
    ...(passwordFile !== undefined && { password: lineIn(locate(passwordFile), 'a password') }),
  };
}

/** How Redis servers are reached. @throws FileError when a file cannot be read */
export function redisLoginOf({ tls, ...login }: NonNullable<RedisGroupConfig['login']>, locate: Locate) {
  return { ...loginOf(login, locate), ...(tls && { tls: tlsOf(tls, locate) }) };
}

type TlsConfig = NonNullable<NonNullable<RedisGroupConfig['login']>['tls']>;

/** What is no certificate, or no key of it, would show itself only with the first connection, and to a client. */
function tlsOf({ caFile, certFile, keyFile, serverName }: TlsConfig, locate: Locate): ConnectionOptions {
  return {
    ...(caFile !== undefined && { ca: certificatesIn(locate(caFile)) }),
    ...(certFile !== undefined && keyFile !== undefined && ownCertificate(locate(certFile), locate(keyFile))),
    ...(serverName !== undefined && { servername: serverName }),
  };
}

/** A list without certificates would be taken for none at all: then all that this machine believes were believed. */
function certificatesIn(file: string): string {
  const text = textIn(file, 'certificates');
  const blocks = text.split(/(?=^-----BEGIN )/m).filter((it) => /^-----BEGIN [A-Z0-9 ]*CERTIFICATE-----/.test(it));
  if (blocks.length === 0) throw new FileError(`expected certificates in '${file}', as PEM, and there are none`);
  for (const [at, block] of blocks.entries()) {
    try {
      new X509Certificate(block);
    } catch (cause) {
      const which = `number ${at + 1} of ${blocks.length}`;
      throw new FileError(`expected certificates in '${file}', as PEM, got ${which}: ${messageOf(cause)}`, { cause });
    }
  }
  return text;
}

function ownCertificate(certFile: string, keyFile: string): { readonly cert: string; readonly key: string } {
  const own = { cert: certificatesIn(certFile), key: textIn(keyFile, 'a key') };
  const refuse = (why: string, cause?: unknown): FileError =>
    new FileError(`expected the key of the certificate in '${certFile}' in '${keyFile}', as PEM: ${why}`, { cause });
  let isItsKey: boolean;
  try {
    isItsKey = new X509Certificate(own.cert).checkPrivateKey(createPrivateKey(own.key));
  } catch (cause) {
    throw refuse(messageOf(cause), cause);
  }
  if (!isItsKey) throw refuse('it is that of another one');
  return own;
}

/**
 * What managers of other machines let a proxy ask by; undefined where no file has it, and they must be on this machine.
 *
 * @throws FileError, and as `readSecretFile`
 */
export function proxyTokenOf({ config, locate }: LocatedConfig): string | undefined {
  const { proxy, secretFile } = config;
  if (proxy?.tokenFile !== undefined) return tokenIn(locate(proxy.tokenFile));
  // The managers' own secret is on their machines, and need not be on those of proxies.
  if (secretFile === undefined || !existsSync(locate(secretFile))) return undefined;
  return readSecretFile(locate(secretFile)).client().httpToken();
}

function tokenIn(file: string): string {
  const what = 'what quorate secret http prints';
  const token = lineIn(file, what);
  // A header carries nothing else; the managers would never hear of it.
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new FileError(`expected ${what} in '${file}', and there are other characters`);
}

function lineIn(file: string, what: string): string {
  const line = textIn(file, what).trimEnd();
  if (line === '') throw new FileError(`expected ${what} in '${file}', and there is nothing`);
  if (!/\p{Cc}/u.test(line)) return line;
  throw new FileError(`expected ${what} in '${file}' on one line, and there are several, or control characters`);
}

function textIn(file: string, what: string): string {
  try {
    return readText(file);
  } catch (cause) {
    throw new FileError(`expected ${what} in '${file}': ${messageOf(cause)}`, { cause });
  }
}
