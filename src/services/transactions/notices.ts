/** What a manager tells without being asked: hazards, and resources of which something new is known. */

import { merge, type Observable, ReplaySubject, Subject } from 'rxjs';
import type { Hazard } from './actors.ts';
import type { ManagerNotice } from './contract.ts';
import type { ResourceReport } from './recovery.ts';

/** Recovery finds hazards before anybody can listen: so many of the latest are told to each new listener. */
const hazardsKept = 100;

export interface Notices {
  readonly stream: Observable<ManagerNotice>;
  hazard(found: Hazard): void;
  /** Tells of a resource if it stands otherwise than before. */
  resource(report: ResourceReport): void;
  close(): void;
}

/** Makes the notices of one manager. */
export function createNotices(): Notices {
  const hazards = new ReplaySubject<Hazard>(hazardsKept);
  const notices = new Subject<ManagerNotice>();
  const standing = new Map<string, string>();
  return {
    stream: merge(hazards, notices),
    hazard: (found) => hazards.next(found),
    resource(report) {
      const now = `${report.state} ${report.problem ?? ''} ${report.orphans.length}`;
      const before = standing.get(report.resource) ?? 'ready  0';
      standing.set(report.resource, now);
      if (now !== before) notices.next({ type: 'resource', report });
    },
    close() {
      hazards.complete();
      notices.complete();
    },
  };
}
