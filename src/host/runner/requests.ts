/** An application's requests are checked before an actor takes a step for them. */

import type { Tagged } from '../../../statecharts/actor.ts';
import type { RefusedKind } from '../inspection.ts';
import type { Runner, RunnerHost } from './contract.ts';

/** @returns the request as its definition reads it; undefined when it was refused, which is reported and counted */
export function acceptRequest(
  host: RunnerHost,
  { address, definition }: Pick<Runner, 'address' | 'definition'>,
  request: Tagged,
): Tagged | undefined {
  const refuse = (kind: RefusedKind, error: unknown): void =>
    host.refuse({ to: address, from: address, message: request }, kind, String(error));
  const overload = host.overload();
  if (overload !== undefined) {
    refuse('overload', overload);
    return undefined;
  }
  try {
    return definition.parseRequest(request);
  } catch (error) {
    refuse('malformed', error);
    return undefined;
  }
}
