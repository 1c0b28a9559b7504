/** The decision register, and nodes that take over from each other through it. */

import { describe, expect, test } from 'vitest';
import { encodeRegisterCommand, type RegisterCommand } from '../../../src/services/transactions/register/messages.ts';
import { createDecisionRegisterMachine } from '../../../src/services/transactions.ts';
import { addressOf } from '../../../statecharts/actor.ts';
import { partsOf, restore } from '../store/parts.ts';
import { createCluster } from './cluster.ts';

const owner = (node: string) => addressOf(node, '2pc.coordinator', 'x');

/** A register machine by itself, one command at a time. */
const machineOf = (...limits: number[]) => {
  const machine = createDecisionRegisterMachine(...limits);
  let index = 0;
  const apply = (command: RegisterCommand) => {
    index += 1;
    return machine.apply(encodeRegisterCommand(command), { index, revision: index, timeMs: 0 });
  };
  const register = (transaction: string, node = 'n1', idempotencyKey: string | null = null, epoch = 1) =>
    apply({ type: 'register-transaction', transaction, epoch, owner: owner(node), branches: [], idempotencyKey });
  const claim = (transaction: string, node: string, epoch: number) =>
    apply({ type: 'claim-transaction', transaction, epoch, owner: owner(node) });
  const decide = (transaction: string, outcome: 'committed' | 'aborted', epoch = 1) =>
    apply({ type: 'decide-transaction', transaction, epoch, outcome, branches: [] });
  const end = (transaction: string, epoch = 1) => apply({ type: 'end-transaction', transaction, epoch });
  const read = (transaction: string) => machine.query?.({ type: 'read-decision', transaction });
  return { machine, register, claim, decide, end, read };
};

describe('a decision register', () => {
  test('decides once: who comes later learns what is decided', () => {
    const { register, decide } = machineOf();
    register('t');
    expect(decide('t', 'committed')).toMatchObject({ value: { outcome: 'committed' } });
    expect(decide('t', 'aborted')).toMatchObject({ value: { outcome: 'committed' } });
  });

  test('fences the old owner by a higher epoch', () => {
    const { register, claim, decide, end } = machineOf();
    register('t');
    expect(claim('t', 'n2', 2)).toMatchObject({ type: 'done', value: { outcome: 'undecided' } });
    expect(decide('t', 'committed')).toMatchObject({ type: 'refused' });
    expect(decide('t', 'committed', 3)).toMatchObject({ type: 'refused' });
    expect(claim('t', 'n3', 2)).toMatchObject({ type: 'refused' });
    expect(claim('t', 'n2', 2)).toMatchObject({ type: 'done' });
    expect(decide('t', 'aborted', 2)).toMatchObject({ value: { outcome: 'aborted' } });
    expect(end('t')).toMatchObject({ type: 'refused' });
    expect(end('t', 2)).toMatchObject({ type: 'done' });
  });

  test('takes a registration that is repeated for what it is, and one of another epoch or owner for none', () => {
    const { register, decide } = machineOf();
    expect(register('t')).toMatchObject({ type: 'done', value: { outcome: 'undecided' } });
    expect(register('t')).toMatchObject({ type: 'done', value: { outcome: 'undecided' } });
    expect(register('t', 'n1', null, 2)).toMatchObject({ type: 'refused' });
    expect(register('t', 'n2')).toMatchObject({ type: 'refused' });
    decide('t', 'committed');
    expect(register('t')).toMatchObject({ type: 'refused' });
  });

  test('writes absence: what was claimed or aborted before it was registered never commits', () => {
    const { register, claim, decide } = machineOf();
    expect(claim('t', 'n2', 2)).toMatchObject({ value: { outcome: 'aborted' } });
    expect(register('t')).toMatchObject({ type: 'refused' });
    expect(decide('u', 'committed')).toMatchObject({ type: 'refused' });
    expect(decide('u', 'aborted')).toMatchObject({ value: { outcome: 'aborted' } });
    expect(register('u')).toMatchObject({ type: 'refused' });
  });

  test('gives an idempotency key to one transaction that is not aborted', () => {
    const { register, decide } = machineOf();
    expect(register('t', 'n1', 'k')).toMatchObject({ type: 'done' });
    expect(register('u', 'n2', 'k')).toMatchObject({ type: 'refused' });
    decide('t', 'aborted');
    expect(register('v', 'n2', 'k')).toMatchObject({ type: 'done' });
  });

  test('forgets the oldest ended transactions, and remembers that it may have', () => {
    const { register, decide, end, read, claim } = machineOf(1);
    const ids = ['r.origin.1.1', 'r.origin.1.2', 'r.origin.1.3'];
    for (const id of ids) {
      register(id);
      decide(id, 'committed');
      end(id);
    }
    expect(read('r.origin.1.2')).toMatchObject({ outcome: 'absent', mayBeForgotten: true });
    expect(read('r.origin.1.3')).toMatchObject({ outcome: 'committed' });
    expect(read('r.origin.1.4')).toMatchObject({ outcome: 'absent', mayBeForgotten: false });
    // Nothing is written about what may have been forgotten.
    expect(claim('r.origin.1.2', 'n2', 2)).toMatchObject({ type: 'refused' });
    expect(decide('r.origin.1.2', 'aborted')).toMatchObject({ type: 'refused' });
    expect(decide('r.origin.1.4', 'aborted')).toMatchObject({ type: 'done', value: { outcome: 'aborted' } });
  });

  test('is the same after a snapshot, and refuses more than it can hold and what makes no sense', () => {
    const { machine, register, decide, end } = machineOf(10, 2);
    register('t', 'n1', 'k');
    register('u', 'n2');
    expect(register('v')).toMatchObject({ type: 'refused' });
    decide('u', 'aborted');
    end('u');
    const copy = createDecisionRegisterMachine(10, 2);
    restore(copy, partsOf(machine, 1_000));
    expect(partsOf(copy)).toEqual(partsOf(machine));
    expect(copy.query?.({ type: 'read-key', idempotencyKey: 'k' })).toMatchObject({ transaction: 't' });
    expect(machine.apply(new Uint8Array([1]), { index: 9, revision: 9, timeMs: 0 })).toMatchObject({ type: 'refused' });
    expect(() => machine.query?.({ type: 'what' })).toThrow(/question/);
    expect(() => restore(copy, [new Uint8Array([1])])).toThrow(/snapshot/);
  });
});

const crossings = (effects: readonly { readonly type: string; readonly operation?: { readonly type: string } }[]) =>
  effects.flatMap((it) => it.operation?.type ?? []);

describe('transactions that are decided in a register', () => {
  test('commit, end there, and are known to every node', async () => {
    const cluster = await createCluster('register');
    const { transaction } = await cluster.value(cluster.transfer('n1', { idempotencyKey: 'k' }));
    await cluster.until(() => cluster.manager('n1').list().length === 0);
    expect(cluster.balances()).toEqual({ checking: -10, savings: 10 });
    expect(await cluster.value(cluster.manager('n2').outcome(transaction))).toMatchObject({ outcome: 'committed' });
    // Under the same key, another node learns that it has happened.
    expect(await cluster.value(cluster.transfer('n2', { idempotencyKey: 'k' }))).toEqual({
      outcome: 'committed',
      transaction,
      isRepeated: true,
    });
    expect(cluster.balances()).toEqual({ checking: -10, savings: 10 });
  });

  // Before it is registered, nothing is prepared, and the databases end its sessions by themselves.
  test.each(['register-transaction', 'prepare', 'decide-transaction', 'commit', 'end-transaction'])(
    'are finished by another node when the coordinator pauses as it asks for %s, and the old one is fenced',
    async (moment) => {
      const cluster = await createCluster('register');
      const old = cluster.member('n1');
      let isReached = false;
      let transaction = '';
      old.node.inspection.subscribe((event) => {
        if (event.type !== 'step' || isReached) return;
        const [, name, id] = event.actor.split('/');
        if (name === '2pc.coordinator') transaction = id ?? '';
        isReached = crossings(event.effects).includes(moment);
      });
      const result = cluster.transfer('n1');
      result.catch(() => undefined);
      await cluster.until(() => isReached);
      old.clock.pause();
      await cluster.until(() => true);
      const survivor = cluster.manager('n2');
      // The survivors elect a leader first, if the paused node led.
      let report: Awaited<ReturnType<typeof survivor.takeOver>> | undefined;
      for (let attempt = 0; report === undefined && attempt < 20; attempt += 1) {
        const tried = await cluster.settled(survivor.takeOver('n1'));
        if (tried.status === 'fulfilled') report = tried.value;
      }
      expect(report?.unfenced).toEqual([]);
      await cluster.until(() => survivor.list().length === 0);
      const { checking, savings } = cluster.balances();
      expect(checking + savings).toBe(0);
      const decided = await cluster.value(survivor.outcome(transaction));
      if (savings === 10) expect(decided.outcome).toBe('committed');

      // The old owner wakes up. Whatever it does now, it does not change what was decided.
      old.clock.resume();
      await cluster.until(() => cluster.manager('n1').list().length === 0);
      const settled = await cluster.settled(result);
      const outcome = await cluster.value(cluster.manager('n1').outcome(transaction));
      const after = cluster.balances();
      expect(after.checking + after.savings).toBe(0);
      expect(outcome.outcome).toBe(after.savings === 10 ? 'committed' : 'aborted');
      if (decided.outcome === 'committed' || decided.outcome === 'aborted')
        expect(outcome).toMatchObject({ outcome: decided.outcome });
      if (settled.status === 'fulfilled') expect(after.savings).toBe(10);
      else if (settled.reason.code === 'TRANSACTION_ABORTED') expect(after.savings).toBe(0);
      for (const store of [cluster.checking, cluster.savings]) {
        expect(await cluster.value(store.prepared('n1', { timeoutMs: 1_000 }))).toEqual([]);
      }
    },
  );

  test('are taken over from a node that never comes back', async () => {
    const cluster = await createCluster('register');
    const old = cluster.member('n1');
    let isReached = false;
    old.node.inspection.subscribe((event) => {
      if (event.type === 'step') isReached ||= crossings(event.effects).includes('decide-transaction');
    });
    cluster.transfer('n1').catch(() => undefined);
    await cluster.until(() => isReached);
    old.clock.kill();
    const survivor = cluster.manager('n3');
    let claimed: readonly string[] | undefined;
    for (let attempt = 0; claimed === undefined && attempt < 20; attempt += 1) {
      const tried = await cluster.settled(survivor.takeOver('n1'));
      if (tried.status === 'fulfilled') claimed = tried.value.claimed;
    }
    expect(claimed).toHaveLength(1);
    await cluster.until(() => survivor.list().length === 0);
    const { checking, savings } = cluster.balances();
    expect(checking + savings).toBe(0);
    // Nothing is locked: the next transfer gets through.
    expect(await cluster.value(cluster.transfer('n3'))).toMatchObject({ outcome: 'committed' });
  });
});
