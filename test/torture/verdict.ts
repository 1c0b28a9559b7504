/** What must hold when the nodes have come to rest: nothing acknowledged is lost, or there twice, on any node. */

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../src/environment/clock.ts';
import {
  type CheckResult,
  checkHistory,
  type History,
  type HistoryRecorder,
  keyValue,
  readHistory,
  renderPicture,
  renderReport,
} from '../../src/history.ts';
import type { Versioned } from '../../src/services/store/key-value/commands.ts';
import type { ClusterNode, NodeStatus, ProcessCluster } from '../fixtures/processes.ts';
import { until } from '../fixtures/until.ts';
import type { Created } from './workload.ts';

/** Waits until all nodes have applied the same entries, and nothing is under way. */
export function atRest({ nodes }: ProcessCluster): Promise<readonly NodeStatus[]> {
  return until(
    'all nodes to have applied the same entries',
    async () => {
      const statuses = await Promise.all(nodes.map((node) => node.status()));
      const [{ leader, lastIndex } = { leader: null, lastIndex: -1 }] = statuses;
      const same = statuses.every(
        (it) => it.leader === leader && it.appliedIndex === lastIndex && it.lastIndex === lastIndex,
      );
      return same && leader !== null ? statuses : undefined;
    },
    120_000,
  );
}

/** What one node holds under `keys`, read from it alone. */
async function contentsOf(
  cluster: ProcessCluster,
  node: ClusterNode,
  keys: readonly string[],
): Promise<Map<string, Versioned>> {
  const client = await cluster.connect([node]);
  try {
    const contents = new Map<string, Versioned>();
    const batch = 1_000;
    for (let from = 0; from < keys.length; from += batch) {
      await Promise.all(
        keys.slice(from, from + batch).map(async (key) => {
          const found = await client.get(key, { consistency: 'stale', deadlineMs: 60_000 });
          if (found !== undefined) contents.set(key, found);
        }),
      );
    }
    const from = client.nodes().join();
    if (from !== node.id) throw new Error(`expected to read from ${node.id}, got ${from}`);
    return contents;
  } finally {
    await client.close();
  }
}

/** What each node holds, by its id. */
export type Contents = ReadonlyMap<string, ReadonlyMap<string, Versioned>>;

/** What every node holds under the keys that were written. */
export async function contentsOfAll(
  cluster: ProcessCluster,
  { acknowledged, unknown, refused }: Created,
  sharedKeys: readonly string[],
): Promise<Contents> {
  const keys = [...sharedKeys, ...acknowledged.keys(), ...unknown, ...refused];
  return new Map(
    await Promise.all(cluster.nodes.map(async (node) => [node.id, await contentsOf(cluster, node, keys)] as const)),
  );
}

/**
 * @param mayLose whether what was acknowledged may be missing
 * @returns what is wrong, in words; nothing when all is well
 */
export function differences(
  contents: Contents,
  { acknowledged, refused }: Created,
  mayLose: boolean,
): readonly string[] {
  const wrong: string[] = [];
  const [reference = new Map<string, Versioned>()] = contents.values();
  for (const [id, found] of contents) {
    for (const [key, version] of acknowledged) {
      const actual = found.get(key)?.version;
      if (actual === undefined) {
        if (!mayLose) wrong.push(`${id}: ${key} was acknowledged, and is not there`);
      }
      // Whoever applies a request twice gives the key a later version than the one that was acknowledged.
      else if (actual !== version) wrong.push(`${id}: ${key} has version ${actual}, acknowledged was ${version}`);
      else if (new TextDecoder().decode(found.get(key)?.value) !== key) wrong.push(`${id}: ${key} has another value`);
    }
    for (const key of refused) if (found.has(key)) wrong.push(`${id}: ${key} was refused, and is there`);
    for (const key of new Set([...reference.keys(), ...found.keys()])) {
      const [one, other] = [reference.get(key), found.get(key)];
      const isSame =
        one?.version === other?.version && Buffer.from(one?.value ?? []).equals(other?.value ?? Buffer.alloc(0));
      if (!isSame) wrong.push(`${id}: ${key} differs from what the first node has`);
    }
  }
  return wrong;
}

/** Judges the history. @param view what of it is judged */
export function judge(
  recorder: HistoryRecorder,
  clock: Clock,
  view: (history: History) => History = (history) => history,
): { result: CheckResult; report: string } {
  const model = keyValue();
  const history = view(readHistory(recorder.lines(), model));
  const result = checkHistory(history, model, { clock, budgetMs: 600_000 });
  return { result, report: renderReport(history, result, model) };
}

/** Keeps a history, and a picture of it, where it can be looked at. @returns the directory */
export function keep(recorder: HistoryRecorder, clock: Clock): string {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-torture-'));
  const lines = recorder.lines();
  writeFileSync(join(directory, 'history.jsonl'), `${lines.join('\n')}\n`);
  const model = keyValue();
  const history = readHistory(lines, model);
  const picture = renderPicture(history, checkHistory(history, model, { clock, budgetMs: 30_000 }), model);
  if (picture !== undefined) writeFileSync(join(directory, 'history.svg'), picture);
  return directory;
}

/** The longest time in which no call was answered, and when it began, in milliseconds. */
export function longestSilence(recorder: HistoryRecorder): { readonly ms: number; readonly fromMs: number } {
  const { operations, begin } = readHistory(recorder.lines(), keyValue());
  const answeredMs = operations
    .flatMap(({ outcome, completedAt }) => (outcome === 'ok' && completedAt !== undefined ? [completedAt.timeMs] : []))
    .sort((left, right) => left - right);
  let longest = { ms: 0, fromMs: 0 };
  let lastMs = begin.timeMs;
  for (const atMs of answeredMs) {
    if (atMs - lastMs > longest.ms) longest = { ms: atMs - lastMs, fromMs: lastMs - begin.timeMs };
    lastMs = atMs;
  }
  return longest;
}
