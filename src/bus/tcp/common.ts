/** What all ends of a bus may be told, nodes and clients, and what they take when they are not. */

import { type Environment, systemEnvironment } from '../../environment/environment.ts';
import { BusOptionsError } from '../errors.ts';
import { limitsOf, type TcpLimits, type TcpTiming, timingOf } from './options.ts';

/** A range of protocol versions, both ends included. Two sides talk when their ranges have one in common. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

/** What this release speaks. */
export const protocolVersions: VersionRange = { min: 2, max: 2 };

export interface CommonOptions {
  readonly versions?: VersionRange;
  /** Time, randomness and ids; the system's by default. */
  readonly environment?: Environment;
  readonly limits?: Partial<TcpLimits>;
  readonly timing?: Partial<TcpTiming>;
}

export function commonOf({ environment = systemEnvironment(), limits, timing }: CommonOptions) {
  return { environment, limits: limitsOf(limits), timing: timingOf(timing) };
}

export function versionsOf({ versions = protocolVersions }: CommonOptions): VersionRange {
  const { min, max } = versions;
  if (Number.isSafeInteger(min) && Number.isSafeInteger(max) && min >= 1 && min <= max) return { min, max };
  throw new BusOptionsError(`expected a range of versions from 1 on, got ${min} to ${max}`);
}
