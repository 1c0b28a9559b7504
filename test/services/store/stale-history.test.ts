/** Stale reads within a bound, at all nodes and through crashes and partitions: judged as one history. */

import { expect, test } from 'vitest';
import { integerBelow, pick, seededRandomness } from '../../../src/environment/random.ts';
import { checkHistory, createHistoryRecorder, modelNamed, readHistory } from '../../../src/history.ts';
import { NotHappenedError } from '../../../src/services/store/errors.ts';
import { logProtocolNames } from '../../../src/services/store/log/protocol-names.ts';
import { type Cluster, createCluster } from './cluster.ts';

const bytes = (value: number): Uint8Array => new TextEncoder().encode(`${value}`);
const numberOf = (value: Uint8Array | undefined): number | null =>
  value === undefined ? null : Number(new TextDecoder().decode(value));
const deadlineMs = 1_000;
/** No less, so that a node asks the leader seldom, and is behind when it is cut off. */
const bounds = [100, 300];
const pauseOf = ({ clock }: Cluster, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.setTimeout(resolve, ms));

test.each(logProtocolNames)('over %s, no stale read is older than its bound, whatever fails', async (protocol) => {
  const cluster = createCluster({ protocol, flushDelayMs: 3 });
  cluster.elect();
  const random = seededRandomness(1).stream('calls');
  const recorder = createHistoryRecorder({ clock: cluster.clock });
  let [calls, values, older, running] = [0, 0, 0, 4];
  let isOver = false;
  const act = async (
    asked: { readonly f: string; readonly value?: number; readonly maxStalenessMs?: number },
    run: () => Promise<number | null>,
  ): Promise<number | null | undefined> => {
    calls += 1;
    const call = recorder.invoke(calls, { key: 'x', ...asked });
    try {
      const result = await run();
      call.ok(result);
      return result;
    } catch (error) {
      if (error instanceof NotHappenedError) call.fail(error.code);
      else call.info(String(error));
      return undefined;
    }
  };
  const write = async (): Promise<void> => {
    const client = cluster.client();
    while (!isOver) {
      await pauseOf(cluster, 1 + integerBelow(random, 20));
      values += 1;
      const value = values;
      await act({ f: 'put', value }, () => client.put('x', bytes(value), { deadlineMs }).then(() => null));
    }
    running -= 1;
  };
  const read = async (): Promise<void> => {
    while (!isOver) {
      await pauseOf(cluster, 1 + integerBelow(random, 20));
      const maxStalenessMs = pick(random, bounds) ?? 100;
      const { keys } = pick(random, cluster.members()) ?? cluster.member('n1');
      const before = values;
      const found = await act({ f: 'get', maxStalenessMs }, async () =>
        numberOf((await keys.get('x', { consistency: 'stale', maxStalenessMs, deadlineMs }))?.value),
      );
      if (typeof found === 'number' && found < before - 1) older += 1;
    }
    running -= 1;
  };
  const faults = async (): Promise<void> => {
    for (const id of ['n1', 'n2', 'n3']) {
      await pauseOf(cluster, 100);
      cluster.isolate(id);
      await pauseOf(cluster, 400);
      cluster.heal();
      await pauseOf(cluster, 100);
      cluster.crash(id);
      await pauseOf(cluster, 100);
      cluster.restart(id);
    }
    isOver = true;
  };
  for (const run of [write, read, read, read]) void run();
  void faults();
  await cluster.until(() => running === 0, 600_000);
  const model = modelNamed('kv');
  const history = readHistory(recorder.lines(), model);
  const { verdict } = checkHistory(history, model, { clock: cluster.clock, stepLimit: 5_000_000 });
  expect(verdict).toBe('linearizable');
  const answered = history.operations.filter(({ f, outcome }) => f === 'get' && outcome === 'ok');
  expect(answered.length).toBeGreaterThan(50);
  // Otherwise no read would have been stale, and nothing shown.
  if (protocol !== 'primary-backup') expect(older).toBeGreaterThan(0);
});
