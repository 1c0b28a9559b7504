/** Why a backup cannot be made, a file is not restored, or nothing is recovered. */

import { QuorateError } from '../../../statecharts/actor.ts';

/** The file, or what a node sent, is no backup of a store. */
export class BackupForeignError extends QuorateError {
  readonly code = 'BACKUP_FOREIGN';
}

/** A later release has written the backup. */
export class BackupVersionError extends QuorateError {
  readonly code = 'BACKUP_VERSION';
}

/** The bytes of the backup are not those that were written. */
export class BackupDamagedError extends QuorateError {
  readonly code = 'BACKUP_DAMAGED';
}

/** The backup ends before its end. */
export class BackupTruncatedError extends QuorateError {
  readonly code = 'BACKUP_TRUNCATED';
}

/** A cluster could not be made of a backup. */
export class RestoreError extends QuorateError {
  readonly code = 'RESTORE';
}

/** A cluster could not be made of what one node has left. */
export class RecoveryError extends QuorateError {
  readonly code = 'RECOVERY';
}

/** What a recovery may lose was not accepted. */
export class LossNotAcceptedError extends QuorateError {
  readonly code = 'LOSS_NOT_ACCEPTED';
}
