import { describe, expect, test } from 'vitest';
import type { LogProtocolName } from '../../src/services/store/log/protocol-names.ts';
import { commandTraceId, type Tracing, type TracingOptions, traceNode } from '../../src/tracing.ts';
import { type Cluster, type ClusterOptions, createCluster } from '../services/store/cluster.ts';
import { createRecorder, originMs, type SeenSpan } from './recorder.ts';

type Choices = Partial<Pick<TracingOptions, 'share' | 'maxOpen' | 'maxAgeMs'>>;

function createTraced(choices: Choices = {}, options: ClusterOptions = {}) {
  const cluster = createCluster(options);
  cluster.elect();
  const recorder = createRecorder();
  const trace = (id: string): Tracing => {
    const { node, store } = cluster.member(id);
    return traceNode({ node, stores: [store], tracer: recorder.tracer, clock: cluster.clock, originMs, ...choices });
  };
  const tracings = new Map(cluster.members().map(({ id }) => [id, trace(id)]));
  return { cluster, recorder, tracings };
}

const put = (cluster: Cluster, key = 'a') =>
  cluster.value(cluster.leader().keys.put(key, new TextEncoder().encode('1')));

/** The latest command, as its leader tells it, and everything in its trace. */
function latestOf(spans: readonly SeenSpan[]) {
  const command = spans.filter(({ name }) => name === 'command').at(-1);
  if (command === undefined) throw new Error('no command was traced');
  const parts = spans.filter(({ parent }) => parent === command.id);
  return { command, parts, whole: spans.filter(({ trace }) => trace === command.trace) };
}

const part = (parts: readonly SeenSpan[], name: string): SeenSpan => {
  const [found] = parts.filter((span) => span.name === name);
  if (found === undefined) throw new Error(`no '${name}' among ${parts.map((it) => it.name).join(', ')}`);
  return found;
};

describe('the trace of a command', () => {
  test('tells of the bus, the journal, the commit and the application where it was taken', async () => {
    const { cluster, recorder } = createTraced({}, { flushDelayMs: 5 });
    await put(cluster);
    const { command, parts } = latestOf(recorder.spans());

    expect(parts.map(({ name }) => name).sort()).toEqual(
      expect.arrayContaining(['apply', expect.stringMatching(/^bus n/), 'journal flush']),
    );
    expect(command.events).toEqual(['committed']);
    const flush = part(parts, 'journal flush');
    expect(flush.fromMs).toBe(command.fromMs);
    expect(flush.untilMs - flush.fromMs).toBe(5);
    expect(flush.attributes).not.toHaveProperty(['quorate.awaited']);
    const apply = part(parts, 'apply');
    expect(apply.untilMs).toBe(command.untilMs);
    for (const { fromMs, untilMs } of parts) {
      expect(fromMs).toBeGreaterThanOrEqual(command.fromMs);
      expect(untilMs).toBeLessThanOrEqual(command.untilMs);
    }
  });

  test.each<LogProtocolName>(['raft', 'paxos', 'primary-backup'])(
    'is one for all nodes, by a name that they know already (%s)',
    async (protocol) => {
      const { cluster, recorder, tracings } = createTraced({}, { protocol });
      await put(cluster);
      await cluster.until(() => [...tracings.values()].every((tracing) => tracing.status().open === 0));
      const { command, whole } = latestOf(recorder.spans());

      const [index, token] = [command.attributes['quorate.index'], command.attributes['quorate.token']];
      expect(command.trace).toBe(commandTraceId({ key: 'kv', index: Number(index), token: String(token) }));
      const replicas = whole.filter(({ name }) => name === 'replicate');
      expect(replicas.map(({ attributes }) => attributes['quorate.node']).sort()).toEqual(
        ['n1', 'n2', 'n3'].filter((id) => id !== command.attributes['quorate.node']),
      );
      for (const replica of replicas) {
        expect(replica.parent).toBe(command.parent);
        expect(replica.error).toBeUndefined();
        expect(replica.fromMs).toBeGreaterThanOrEqual(command.fromMs);
        const flushes = whole.filter(({ name, parent }) => name === 'journal flush' && parent === replica.id);
        expect(flushes.map(({ attributes }) => attributes['quorate.awaited'])).toEqual([undefined]);
      }
    },
  );

  test('says of which follower it was not waited for', async () => {
    const { cluster, recorder } = createTraced();
    const slow = cluster.follower().id;
    cluster.isolate(slow);
    await put(cluster);
    const { command, parts } = latestOf(recorder.spans());
    expect(command.error).toBeUndefined();
    expect(part(parts, `bus ${slow}`).attributes).toMatchObject({ 'quorate.awaited': false });
  });

  test('ends as unfinished when another entry took its place', async () => {
    const { cluster, recorder } = createTraced();
    const leader = cluster.leader();
    cluster.isolate(leader.id);
    const lost = leader.keys.put('lost', new Uint8Array(1)).catch(() => undefined);
    await cluster.until(() =>
      cluster.members().some(({ id, store }) => id !== leader.id && store.status().role === 'leader'),
    );
    const next = cluster.members().find(({ id, store }) => id !== leader.id && store.status().role === 'leader');
    if (next === undefined) throw new Error('nobody leads');
    for (let nth = 0; nth < 3; nth += 1) await cluster.value(next.keys.put(`kept-${nth}`, new Uint8Array(1)));
    cluster.heal();
    await cluster.until(() => recorder.spans().some(({ error }) => error === 'another entry took its place'));
    await cluster.settled(lost);
  });
});

describe('tracing', () => {
  test('takes the same share of the commands on all nodes', async () => {
    const { cluster, recorder, tracings } = createTraced({ share: 0.5 });
    for (let nth = 0; nth < 40; nth += 1) await put(cluster, `k${nth}`);
    await cluster.until(() => [...tracings.values()].every((tracing) => tracing.status().open === 0));
    const traces = recorder.named('command').map(({ trace }) => trace);
    expect(traces.length).toBeGreaterThan(5);
    expect(traces.length).toBeLessThan(35);
    const replicated = new Set(recorder.named('replicate').map(({ trace }) => trace));
    expect([...replicated].sort()).toEqual([...new Set(traces)].sort());
  });

  test('tells nothing at a share of 0', async () => {
    const { cluster, recorder } = createTraced({ share: 0 });
    await put(cluster);
    expect(recorder.spans()).toEqual([]);
  });

  test('follows no more than it may, and counts what it leaves out', async () => {
    const { cluster, tracings } = createTraced({ maxOpen: 1 });
    // The first write has the store begin a session, which is an entry too.
    await put(cluster);
    const { id, keys } = cluster.leader();
    await cluster.until(() => tracings.get(id)?.status().open === 0);
    const { skipped = 0 } = tracings.get(id)?.status() ?? {};
    for (const other of cluster.members()) if (other.id !== id) cluster.cut(id, other.id);
    void keys.put('a', new Uint8Array(1)).catch(() => undefined);
    await cluster.until(() => tracings.get(id)?.status().open === 1);
    void keys.put('b', new Uint8Array(1)).catch(() => undefined);
    await cluster.until(() => tracings.get(id)?.status().skipped === skipped + 1);
    expect(tracings.get(id)?.status().open).toBe(1);
  });

  test('gives up what is too old', async () => {
    const { cluster, recorder, tracings } = createTraced({ maxAgeMs: 1 }, { flushDelayMs: 5 });
    await put(cluster, 'a');
    await put(cluster, 'b');
    expect(recorder.spans().some(({ error }) => error === 'it was not over after 1 ms')).toBe(true);
    expect([...tracings.values()].some((tracing) => tracing.status().unfinished > 0)).toBe(true);
  });

  test('ends what is open when it is closed, and hears nothing more', async () => {
    const { cluster, recorder, tracings } = createTraced();
    const { id, keys } = cluster.leader();
    const answer = keys.put('a', new Uint8Array(1));
    await cluster.until(() => tracings.get(id)?.status().open === 1);
    for (const tracing of tracings.values()) tracing.close();
    expect(latestOf(recorder.spans()).command.attributes).toMatchObject({ 'quorate.unfinished': true });
    const told = recorder.spans().length;
    await cluster.value(answer);
    await put(cluster, 'b');
    expect(recorder.spans()).toHaveLength(told);
  });

  test.each([{ share: 2 }, { share: Number.NaN }, { maxOpen: 0 }, { maxAgeMs: 0 }])('refuses %j', (choices) => {
    expect(() => createTraced(choices)).toThrow(expect.objectContaining({ code: 'TRACING_OPTIONS' }));
  });
});
