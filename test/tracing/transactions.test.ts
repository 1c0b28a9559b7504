import { describe, expect, test } from 'vitest';
import { traceNode, transactionTraceId } from '../../src/tracing.ts';
import { balance, createBank } from '../services/transactions/bank.ts';
import { createCluster } from '../services/transactions/cluster.ts';
import { createRecorder, originMs } from './recorder.ts';

async function createTracedBank() {
  const bank = await createBank({}, 5);
  await bank.ready();
  const recorder = createRecorder();
  const { node, clock } = bank.life;
  const tracing = traceNode({ node, tracer: recorder.tracer, clock, originMs });
  return { bank, recorder, tracing };
}

describe('the trace of a transaction', () => {
  test('tells of votes, decision and second phase, and of what each database was asked for', async () => {
    const { bank, recorder, tracing } = await createTracedBank();
    const { transaction } = await bank.value(
      bank.manager.transact(async ({ checking, savings }) => {
        await checking.put('balance', balance(await checking.get('balance')) - 10);
        await savings.put('balance', balance(await savings.get('balance')) + 10);
      }),
    );
    await bank.until(() => tracing.status().open === 0);

    const spans = recorder.spans();
    expect(new Set(spans.map(({ trace }) => trace))).toEqual(new Set([transactionTraceId(transaction)]));
    expect(spans.filter(({ error }) => error !== undefined)).toEqual([]);
    const [root] = recorder.named('transaction');
    expect(root?.attributes).toMatchObject({ 'quorate.outcome': 'committed', 'quorate.transaction': transaction });
    const phases = spans.filter(({ parent }) => parent === root?.id).sort((a, b) => a.fromMs - b.fromMs);
    expect(phases.map(({ name }) => name)).toEqual(['prepare', 'decision', 'commit']);
    const [prepared, decided, committed] = phases;
    expect(decided?.fromMs).toBe(prepared?.untilMs);
    expect(committed?.fromMs).toBe(decided?.untilMs);
    expect(Number(decided?.untilMs) - Number(decided?.fromMs)).toBe(5);
    for (const name of ['checking', 'savings']) {
      const [branch] = recorder.named(`branch ${name}`);
      const asked = spans.filter(({ parent }) => parent === branch?.id);
      expect(asked.map((it) => it.name)).toEqual([`prepare ${name}`, `commit ${name}`]);
      expect(asked.map(({ attributes }) => attributes['quorate.result'])).toEqual(['done', 'done']);
    }
  });

  test('says why it was aborted', async () => {
    const { bank, recorder, tracing } = await createTracedBank();
    await bank.failure(
      bank.manager.transact(async ({ checking }) => {
        await checking.put('balance', 1);
        throw new Error('changed my mind');
      }),
    );
    await bank.until(() => tracing.status().open === 0);
    const [root] = recorder.named('transaction');
    expect(root?.attributes).toMatchObject({ 'quorate.outcome': 'aborted', 'quorate.reason': 'requested' });
    expect(recorder.named('rollback checking')).toHaveLength(1);
  });

  test('says of which question to a database the answer is not known', async () => {
    const { bank, recorder, tracing } = await createTracedBank();
    await bank.failure(
      bank.manager.transact(async ({ checking, savings }) => {
        await checking.put('balance', 1);
        await savings.put('balance', 1);
        bank.outages.add('savings');
      }),
    );
    await bank.until(() => recorder.named('prepare savings').length > 0);
    const [asked] = recorder.named('prepare savings');
    expect(asked?.attributes).toMatchObject({ 'quorate.result': 'unknown' });
    expect(asked?.error).toBe('connection refused');
    tracing.close();
  });

  test('goes on over other nodes, whose acceptors decide', async () => {
    const cluster = await createCluster('acceptors');
    const recorder = createRecorder();
    for (const id of ['n1', 'n2', 'n3']) {
      const { node, clock } = cluster.member(id);
      traceNode({ node, tracer: recorder.tracer, clock, originMs });
    }
    const { transaction } = await cluster.value(cluster.transfer('n1'));
    await cluster.until(() => recorder.named('acceptor').length >= 2 && recorder.named('transaction').length === 1);
    const acceptors = recorder.named('acceptor');
    expect(new Set(acceptors.map(({ attributes }) => attributes['quorate.node'])).size).toBeGreaterThanOrEqual(2);
    expect(new Set(recorder.spans().map(({ trace }) => trace))).toEqual(new Set([transactionTraceId(transaction)]));
    const [root] = recorder.named('transaction');
    expect(root?.events).toContain('received phase-2b');
    for (const name of ['checking', 'savings']) {
      expect(recorder.named(`branch ${name}`)[0]?.events).toContain('sent phase-2a');
    }
  });
});
