/** What tokens may do, in a file that an operator changes while nodes run; and the file in which they note who did what. */

import type { Clock } from '../../environment/clock.ts';
import { messageOf } from '../../environment/message.ts';
import { type AuditFile, openAuditFile } from '../../services/audit-file.ts';
import { type Grant, grantsIn } from '../../services/tokens/grants.ts';
import { FileError } from '../errors.ts';
import type { Terminal } from '../terminal.ts';
import { follow, textIn } from './followed.ts';
import type { Notice } from './reporting.ts';

/** @throws FileError, GrantsError */
export const readGrants = async (path: string): Promise<readonly Grant[]> =>
  grantsIn(await textIn(path, 'what tokens may do'), `'${path}'`);

export interface GrantsFollowed {
  readonly file: string;
  /** What was read at the start. */
  readonly first: readonly Grant[];
  readonly node: { setTokens(tokens: readonly Grant[]): void };
  readonly clock: Clock;
  readonly notice: Notice;
}

/** Lets a node take up what changes in the file. @returns ends it */
export const followGrants = ({ file, first, node, clock, notice }: GrantsFollowed): (() => void) =>
  follow({
    clock,
    first,
    read: () => readGrants(file),
    changed(tokens) {
      node.setTokens(tokens);
      notice('TOKENS_CHANGED', `tokens may do now what is in ${file}`);
    },
    failed: ({ code, message }) => notice(code, message),
  });

/** @throws FileError */
export async function openAudit(path: string, node: string, terminal: Terminal): Promise<AuditFile> {
  try {
    return await openAuditFile({
      path,
      node,
      onLost: (lines, why) => terminal.err(`AUDIT_LOST: ${lines} entries of '${path}' are lost: ${messageOf(why)}`),
    });
  } catch (cause) {
    throw new FileError(`cannot keep an audit log in '${path}': ${messageOf(cause)}; name another file`, { cause });
  }
}
