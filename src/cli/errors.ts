/** How commands end when they cannot do what was asked: what is said, and the exit code. */

import { QuorateError } from '../../statecharts/actor.ts';
import type { Terminal } from './terminal.ts';

/** What a command ends with, for scripts. */
export const exitCodes = { done: 0, failed: 1, usage: 2, unknown: 3 } as const;

/** The command was called in a way that makes no sense: it ends with exit code 2. */
export abstract class UsageError extends QuorateError {}

/** Nodes that cannot form a cluster as they were named. */
export class ClusterOptionsError extends UsageError {
  readonly code = 'CLUSTER_OPTIONS';
}

/** A system to be checked that cannot be, as it was described. */
export class CheckOptionsError extends UsageError {
  readonly code = 'CHECK_OPTIONS';
}

/** A simulation that cannot be, as it was described. */
export class SimulationOptionsError extends UsageError {
  readonly code = 'SIMULATION_OPTIONS';
}

/** A comparison that cannot be, as it was described. */
export class ComparisonOptionsError extends UsageError {
  readonly code = 'COMPARISON_OPTIONS';
}

/** A live comparison was told to stop before its end; what it had started is ended. */
export class ComparisonStoppedError extends QuorateError {
  readonly code = 'COMPARISON_STOPPED';
}

/** A node of a live comparison did not run, or its cluster found no leader in time. */
export class LiveClusterError extends QuorateError {
  readonly code = 'LIVE_CLUSTER';
}

/** There is no broken twin of that name. */
export class UnknownTwinError extends UsageError {
  readonly code = 'UNKNOWN_TWIN';
}

/** There is no statechart of that name, or a module does not export just one. */
export class UnknownChartError extends UsageError {
  readonly code = 'UNKNOWN_CHART';
}

/** A file that was named cannot be read, or written. */
export class FileError extends UsageError {
  readonly code = 'FILE';
}

/** What was given for a token is none. */
export class TokenError extends UsageError {
  readonly code = 'TOKEN';
}

/** A private key that others than its owner can read. */
export class KeyExposedError extends UsageError {
  readonly code = 'KEY_EXPOSED';
}

/** The journal of a node holds no decision register of the key that was named. */
export class RegisterMissingError extends UsageError {
  readonly code = 'REGISTER_MISSING';
}

/** No majority of the nodes of a decision register answers, so that nothing can be decided. */
export class RegisterUnreachableError extends QuorateError {
  readonly code = 'REGISTER_UNREACHABLE';
}

/** No majority of a transaction manager's acceptors is connected, so that nothing can be decided. */
export class AcceptorsUnreachableError extends QuorateError {
  readonly code = 'ACCEPTORS_UNREACHABLE';
}

/** The data directory holds something else than what was to be started. */
export class DataDirectoryError extends QuorateError {
  readonly code = 'DATA_DIRECTORY';
}

/** Some ports that nodes are to listen on are taken. */
export class PortsTakenError extends QuorateError {
  readonly code = 'PORTS_TAKEN';
}

/** So many nodes cannot run that the rest is no majority. */
export class MajorityLostError extends QuorateError {
  readonly code = 'MAJORITY_LOST';
}

/** A page that was to be served is not. */
export class PageUnservedError extends QuorateError {
  readonly code = 'PAGE_UNSERVED';
}

/** Says what went wrong: one line for what is foreseen, the stack for what is not. @returns the exit code */
export function tell(error: unknown, { err, errColours }: Terminal): number {
  if (error instanceof QuorateError) {
    err(`${errColours.red(error.code)}: ${error.message}`);
    return error instanceof UsageError ? exitCodes.usage : exitCodes.failed;
  }
  err(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return exitCodes.failed;
}
