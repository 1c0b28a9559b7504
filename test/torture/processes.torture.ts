import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, test } from 'vitest';
import { modeIn } from '../../src/cli/durability.ts';
import { logProtocolIn } from '../../src/cli/options.ts';
import type { Replication } from '../../src/services/store/log/protocol-names.ts';
import { modes } from '../../statecharts/replication/modes.ts';
import { unpackEarlier } from '../fixtures/earlier.ts';
import { startCluster } from '../fixtures/processes.ts';
import { change, changeKinds, noChanges } from './changes.ts';
import { clock, seconds, type TortureOptions, torture } from './rounds.ts';

const nodeCount = 3;
/** Places for those that join, or move: where none is left, the other changes go on. */
const spareCount = 16;
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

/** Where members may change, they do, and one begins with an earlier release. */
async function startTortured(
  replication: Replication,
): Promise<Pick<TortureOptions, 'cluster' | 'disturb' | 'missing'>> {
  if (replication.protocol === 'primary-backup') {
    const cluster = await startCluster(nodeCount, replication);
    onTestFinished(() => cluster.close());
    return { cluster };
  }
  const directory = mkdtempSync(join(tmpdir(), 'quorate-earlier-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const earlier = new Set(['n1']);
  const cluster = await startCluster(nodeCount, replication, {
    spares: spareCount,
    programs: { n1: unpackEarlier(directory) },
  });
  onTestFinished(() => cluster.close());
  const counts = noChanges();
  onTestFinished(() => console.log(`torture: changes ${JSON.stringify(counts)}`));
  return {
    cluster,
    disturb: (parts, isOver) => change({ cluster, clock, earlier }, parts, isOver, counts),
    missing: () => changeKinds.filter((kind) => counts[kind] === 0),
  };
}

test.each(cases)(
  `three processes that replicate by $what, under kill -9, SIGSTOP and changes of members for ${seconds} s, lose no more than they may`,
  async ({ replication, what }) => {
    await torture({ ...(await startTortured(replication)), what, maxLoss: replication.maxLoss });
  },
);
