/** What failure detection refuses by name. */

import { QuorateError } from '../actor/errors.ts';

/** A setting of a detector that makes no sense. */
export class DetectorConfigError extends QuorateError {
  readonly code = 'DETECTOR_CONFIG';
}

/** Why a quality cannot be had. */
export type QualityFault =
  /** A bound that is wanted is no duration. */
  | 'no-such-quality'
  /** What was measured cannot be: a probability beyond 1, a negative variance. */
  | 'no-such-network'
  /** Heartbeats are lost or late beyond the detection time too surely for any sending rate. */
  | 'unreachable'
  /** It would take more heartbeats than are allowed. */
  | 'too-many-heartbeats';

/** A quality of detection that cannot be had over a network with the loss and delays that were measured. */
export class DetectorQualityError extends QuorateError {
  readonly code = 'DETECTOR_QUALITY';
  readonly reason: QualityFault;

  constructor(reason: QualityFault, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** A group of servers that cannot be as it is configured. */
export class FailoverConfigError extends QuorateError {
  readonly code = 'FAILOVER_CONFIG';
}
