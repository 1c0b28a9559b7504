/** Public post-mortems that can be replayed: the one list that is edited when there is another. */

import { shortPartition, wakingPrimary, wrongServer } from './incidents/failover.ts';
import type { Incident } from './incidents/incident.ts';
import { clockJump, fullDisk, partialSwitch, retryStorm } from './incidents/store.ts';
import { repeatedCharges } from './incidents/transactions.ts';

export const incidents: readonly Incident[] = [
  partialSwitch,
  wakingPrimary,
  shortPartition,
  wrongServer,
  fullDisk,
  clockJump,
  retryStorm,
  repeatedCharges,
];
