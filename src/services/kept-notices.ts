/** Notices to an operator that wait for a listener: one that comes once the node has started hears of its beginning, too. */

import { ReplaySubject } from 'rxjs';

/** Of more, the latest. */
const noticesKept = 100;

export const keptNotices = <Notice>(): ReplaySubject<Notice> => new ReplaySubject<Notice>(noticesKept);
