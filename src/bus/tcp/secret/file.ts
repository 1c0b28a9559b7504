/** Secrets in files: read only when no other user of the machine can, and made so that none ever could. */

import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { QuorateError } from '../../../../statecharts/actor.ts';
import { createFile } from '../../../environment/new-file.ts';
import { SecretExposedError, SecretFileError, SecretMissingError } from './errors.ts';
import {
  type ClientSecret,
  type ClusterSecret,
  clientSecretOf,
  clusterSecretOf,
  createClusterSecret,
} from './secret.ts';

const longestBytes = 4_096;
/** What group and others may do; Windows has no such bits and shows what they do not mean. */
const othersBits = process.platform === 'win32' ? 0 : 0o077;

/**
 * Reads the secret of a cluster.
 *
 * @throws SecretMissingError, SecretExposedError (a mode wider than 0600, on POSIX), SecretEmptyError,
 *   SecretTooShortError, SecretKindError, SecretFileError
 */
export const readSecretFile = (path: string): ClusterSecret => read(path, clusterSecretOf);

/** Reads the secret of clients. @throws as `readSecretFile` does */
export const readClientSecretFile = (path: string): ClientSecret => read(path, clientSecretOf);

/**
 * Makes a new secret in a new file with mode 0600. Its directory is made when it is missing. Of several processes that make
 * the same file at once, one succeeds.
 *
 * @throws SecretFileError when there is a file already, or none can be written
 */
export function createSecretFile(path: string): ClusterSecret {
  const secret = made(path);
  if (secret === undefined) throw new SecretFileError(`expected no file at '${path}' yet, and there is one; keep it`);
  return secret;
}

/**
 * Reads the secret of a cluster, which is made first when there is no such file. Processes that do so at once all get the
 * secret that is in the file.
 *
 * @throws as its two halves do
 */
export function openSecretFile(path: string): ClusterSecret {
  try {
    return readSecretFile(path);
  } catch (error) {
    if (!(error instanceof SecretMissingError)) throw error;
  }
  return made(path) ?? readSecretFile(path);
}

/** A new secret, in the file; undefined if there is a file already. */
function made(path: string): ClusterSecret | undefined {
  const secret = createClusterSecret();
  try {
    return createFile(path, `${secret.text()}\n`) ? secret : undefined;
  } catch (cause) {
    throw new SecretFileError(`cannot keep a secret at '${path}': ${textOf(cause)}; name another file`, { cause });
  }
}

function read<Secret>(path: string, secretOf: (text: string, source: string) => Secret): Secret {
  try {
    return secretOf(textIn(path), `'${path}'`);
  } catch (cause) {
    if (cause instanceof QuorateError) throw cause;
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') {
      throw new SecretMissingError(
        `expected a secret at '${path}', and there is no such file; copy it there from another node, or make one with: quorate secret new --secret-file ${path}`,
        { cause },
      );
    }
    throw new SecretFileError(`cannot read the secret at '${path}': ${textOf(cause)}`, { cause });
  }
}

/** What was looked at is what is read: the file is opened once. */
function textIn(path: string): string {
  const file = openSync(path, 'r');
  try {
    const { mode, size } = fstatSync(file);
    if ((mode & othersBits) !== 0) {
      throw new SecretExposedError(
        `expected '${path}' to be readable by its owner alone, got mode ${(mode & 0o777).toString(8).padStart(4, '0')}; run chmod 600 on it, and make a new secret if others may have read this one`,
      );
    }
    if (size > longestBytes) {
      throw new SecretFileError(`expected a secret of at most ${longestBytes} bytes, got ${size} in '${path}'`);
    }
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

const textOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
