/** Failures of the file system, as those of a disk. */

import { messageOf } from '../../environment/message.ts';
import { DiskError } from '../disk.ts';

/** A file system writes less than it was asked to when it runs out of room. */
export const shortWrite = (written: number, bytes: number): DiskError =>
  new DiskError('full', `expected to write ${bytes} bytes, only ${written} were written`);

const fullCodes = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** @param what was tried, as a verb and its object */
export function diskError(what: string, error: unknown): DiskError {
  if (error instanceof DiskError) return error;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  return new DiskError(fullCodes.has(code) ? 'full' : 'failed', `could not ${what}: ${messageOf(error)}`, {
    cause: error,
  });
}

/** Runs `body`. @throws DiskError for whatever it throws */
export function naming<T>(what: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw diskError(what, error);
  }
}
