/** What is done with namespaces, and how the log has it. */

import { isNatural } from '../codec.ts';
import { KeyLimitError, MalformedRequestError } from '../errors.ts';
import { isNamespaceName, namespaceNameLimit, type Quota } from './namespaces.ts';

/** `namespace` makes one, or gives it another quota; its end leaves its keys as they are. */
export type NamespaceCommand =
  | { readonly type: 'namespace'; readonly name: string; readonly quota: Quota }
  | { readonly type: 'end-namespace'; readonly name: string };

/** What stands behind the kind of the command. @throws KeyLimitError, MalformedRequestError */
export function fieldsOfNamespace(command: NamespaceCommand): readonly unknown[] {
  const { name } = command;
  if (!isNamespaceName(name)) {
    throw new KeyLimitError(
      `expected the name of a namespace, 1 to ${namespaceNameLimit} characters without a slash, got '${name}'`,
    );
  }
  if (command.type === 'end-namespace') return [name];
  const { keys = null, bytes = null } = command.quota;
  if (isPartOfQuota(keys) && isPartOfQuota(bytes)) return [name, keys, bytes];
  throw new MalformedRequestError(
    `expected a quota of whole numbers of 0 or more, got ${JSON.stringify(command.quota)}`,
  );
}

/** The command of some fields. */
export function namespaceCommandIn(
  type: NamespaceCommand['type'],
  name: unknown,
  keys?: unknown,
  bytes?: unknown,
): NamespaceCommand | 'malformed' {
  if (typeof name !== 'string' || !isNamespaceName(name)) return 'malformed';
  if (type === 'end-namespace') return { type, name };
  return isPartOfQuota(keys) && isPartOfQuota(bytes) ? { type, name, quota: quotaOf(keys, bytes) } : 'malformed';
}

/** A number of a quota as it is written down and sent: null where it bounds nothing. */
export const isPartOfQuota = (value: unknown): value is number | null => value === null || isNatural(value);

/** The quota of two numbers. */
export const quotaOf = (keys: number | null, bytes: number | null): Quota => ({
  ...(keys === null ? {} : { keys }),
  ...(bytes === null ? {} : { bytes }),
});
