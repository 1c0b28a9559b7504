/** The methods that are compared, in the order in which they are shown. */

import type { Method } from './contract.ts';
import { UnknownMethodError } from './errors.ts';
import { failoverMethods } from './methods/failover.ts';
import { none, storeMethods } from './methods/stores.ts';
import { transactionMethods } from './methods/transactions.ts';

export const methods: readonly Method[] = [...transactionMethods, ...storeMethods, ...failoverMethods, none];

/** Reads the name of a method. @throws UnknownMethodError */
export function methodNamed(name: string): Method {
  const known = methods.find((it) => it.name === name);
  if (known !== undefined) return known;
  throw new UnknownMethodError(
    `expected a method (${methods.map((it) => it.name).join(', ')}), got '${name}'; name one or more of them, separated by commas`,
  );
}
