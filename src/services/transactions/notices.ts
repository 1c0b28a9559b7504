/** What a manager tells without being asked: hazards, and resources of which something new is known. */

import { type Observable, Subject } from 'rxjs';
import type { ManagerNotice } from './contract.ts';
import type { ResourceReport } from './recovery.ts';

export interface Notices {
  readonly stream: Observable<ManagerNotice>;
  hazard(found: Extract<ManagerNotice, { type: 'hazard' }>): void;
  /** Tells of a resource if it stands otherwise than before. */
  resource(report: ResourceReport): void;
  close(): void;
}

/** Makes the notices of one manager. */
export function createNotices(): Notices {
  const notices = new Subject<ManagerNotice>();
  const standing = new Map<string, string>();
  return {
    stream: notices.asObservable(),
    hazard: (found) => notices.next(found),
    resource(report) {
      const now = `${report.state} ${report.problem ?? ''} ${report.orphans.length}`;
      const before = standing.get(report.resource) ?? 'ready  0';
      standing.set(report.resource, now);
      if (now !== before) notices.next({ type: 'resource', report });
    },
    close: () => notices.complete(),
  };
}
