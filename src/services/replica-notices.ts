/** What replicas of primary-backup report, as notices to an operator. */

import type { Observable } from 'rxjs';
import { keptNotices } from './kept-notices.ts';
import type { ReplicaReport } from './store/log/primary-backup/report.ts';

/** Something that an operator should know, and that the node survives. */
export interface NodeNotice {
  readonly code: 'DEGRADED' | 'TOO_FEW_IN_SYNC' | 'IN_SYNC' | 'DISCARDED' | 'LOST';
  readonly message: string;
}

/** Makes the notices of one node. */
export function createReplicaNotices(): { report(report: ReplicaReport): void; notices: Observable<NodeNotice> } {
  const notices = keptNotices<NodeNotice>();
  let isDegraded = false;
  return {
    report(report) {
      if (report.type === 'discarded') {
        if (report.acknowledged > 0) notices.next({ code: 'LOST', message: lostText(report) });
        if (report.acknowledged <= report.to - report.from) {
          notices.next({ code: 'DISCARDED', message: discardedText(report) });
        }
        return;
      }
      const wasDegraded = isDegraded;
      isDegraded = report.missing.length > 0;
      if (!report.isEnough) notices.next({ code: 'TOO_FEW_IN_SYNC', message: tooFewText(report) });
      else if (isDegraded) notices.next({ code: 'DEGRADED', message: degradedText(report) });
      else if (wasDegraded) notices.next({ code: 'IN_SYNC', message: 'all replicas hold what is acknowledged again' });
    },
    notices: notices.asObservable(),
  };
}

const degradedText = ({ nodes, missing }: Extract<ReplicaReport, { type: 'in-sync' }>): string =>
  `writes are acknowledged without ${missing.join(', ')}, held by ${nodes.join(', ')} alone; see whether what is missing runs and is reached`;

const tooFewText = ({ nodes, missing }: Extract<ReplicaReport, { type: 'in-sync' }>): string =>
  `nothing is acknowledged, as ${nodes.join(', ')} alone would hold it, and the store asks for more; start ${missing.join(', ')}, or see why they are not reached`;

const lostText = ({ acknowledged, from }: Extract<ReplicaReport, { type: 'discarded' }>): string =>
  `${acknowledged} acknowledged entries are lost, ${from} to ${from + acknowledged - 1}: this node had acknowledged them by itself, as asynchronous writes are, and no later primary has them`;

const discardedText = ({ acknowledged, from, to }: Extract<ReplicaReport, { type: 'discarded' }>): string =>
  `entries ${from + acknowledged} to ${to} are gone from the log of this node: they were made in an epoch that is over, no later primary has them, and none of them was acknowledged`;
