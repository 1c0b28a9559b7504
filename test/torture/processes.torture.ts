import { onTestFinished, test } from 'vitest';
import { modeIn } from '../../src/cli/durability.ts';
import { logProtocolIn } from '../../src/cli/options.ts';
import type { Replication } from '../../src/services/store/log/protocol-names.ts';
import { modes } from '../../statecharts/replication/modes.ts';
import { startCluster } from '../fixtures/processes.ts';
import { seconds, torture } from './rounds.ts';

const protocol = logProtocolIn(process.env.TORTURE_PROTOCOL ?? 'raft');
/** Small, so that a store that loses more is found out. */
const maxLoss = 3;

/** How the store replicates: by each mode that there is, unless one is named. */
function replications(): readonly Replication[] {
  if (protocol !== 'primary-backup') return [{ protocol }];
  const named = process.env.TORTURE_MODE;
  const wanted = named === undefined ? modes : [modeIn(named)];
  return wanted.map((mode) => ({ protocol, mode, ...(mode === 'async' ? { maxLoss } : {}) }));
}

const cases = replications().map((replication) => ({
  replication,
  what: [replication.protocol, replication.mode].filter((it) => it !== undefined).join(', '),
}));

test.each(cases)(
  `three processes that replicate by $what, under kill -9 and SIGSTOP for ${seconds} s, lose no more than they may`,
  async ({ replication, what }) => {
    const cluster = await startCluster(3, replication);
    onTestFinished(() => cluster.close());
    await torture({ cluster, what, maxLoss: replication.maxLoss });
  },
);
