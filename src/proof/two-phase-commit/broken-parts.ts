/** What a broken twin of two-phase commit has in place of true parts. */

import type { AcceptorRules, CoordinatorRules, ParticipantRules } from '../../../statecharts/two-phase-commit.ts';
import type { Mistakes } from '../../simulator/database.ts';

/** Whatever is left out is as it should be. */
export interface BrokenParts {
  /** What has taken the place of true rules. */
  readonly coordinator?: Partial<CoordinatorRules>;
  readonly participant?: Partial<ParticipantRules>;
  readonly acceptor?: Partial<AcceptorRules>;
  readonly database?: Mistakes;
  /** A register that lets every owner decide. */
  readonly fencesNobody?: boolean;
}
