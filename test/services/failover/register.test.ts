import { describe, expect, test } from 'vitest';
import { systemEnvironment } from '../../../src/environment/environment.ts';
import { type GroupRegister, startGroupRegister } from '../../../src/services/failover/register.ts';
import { raft } from '../../../src/services/store/log/raft.ts';
import {
  type Change,
  changeOf,
  foundingStanding,
  managerMessages,
  managerName,
  type RegisterAnswer,
  type RegisterMessage,
  registerAddress,
  type Standing,
} from '../../../statecharts/failover.ts';
import { createCluster } from '../agreement/cluster.ts';

const ids = ['m1', 'm2', 'm3'];
const group = 'orders';
const founding = foundingStanding({ mode: 'durable' });

/** Registers on three nodes, and what each has told the manager on its node, which a test plays. */
function startRegisters() {
  const { clock, cut, node } = createCluster(1, ids);
  const members = ids.map((id) => {
    const said: RegisterAnswer[] = [];
    const { stands: _, fails: __, ...answers } = managerMessages;
    const manager = node(id).open(managerName, group, answers, { senders: 'member' });
    manager.received.subscribe(({ message }) => said.push(message));
    const ask = (message: RegisterMessage): void => manager.send(registerAddress(id, group), message);
    const environment = { ...systemEnvironment(), clock };
    const register = startGroupRegister({
      node: node(id),
      group,
      log: raft({ voters: ids })({ node: node(id), key: group, environment }),
      founding,
      ended: (error) => {
        throw error;
      },
    });
    return {
      id,
      register,
      said,
      enquire: (asked: number) => ask({ type: 'enquire', asked }),
      record: (change: Change) => ask({ type: 'record', change }),
    };
  });
  const leader = () => members.find(({ register }) => register.isLeader);
  const run = (condition: () => boolean): void => clock.runUntil(condition, 60_000);
  run(() => leader() !== undefined && members.every(({ register }) => register.leader !== undefined));
  const led = leader();
  const other = members.find((it) => it !== led);
  if (led === undefined || other === undefined) throw new Error('expected a leader and another one');
  return { members, led, other, run, cut, clock };
}

const takeOffice = (standing: Standing, node: string): Change => ({
  ...changeOf(standing, { type: 'takeOffice', node }),
  term: standing.term + 1,
});
const termsOf = (members: readonly { readonly register: GroupRegister }[]) =>
  members.map(({ register }) => register.current.standing.term);

describe('the register of a group', () => {
  test('tells one manager that it leads, and another one once that is away', () => {
    const { members, led, run, cut } = startRegisters();
    expect(members.filter(({ said }) => said.some(({ type }) => type === 'leads'))).toEqual([led]);
    for (const { id } of members) if (id !== led.id) cut(led.id, id);
    run(() => members.some((it) => it !== led && it.said.at(-1)?.type === 'leads'));
    run(() => led.said.at(-1)?.type === 'follows');
  });

  test('lets another node lead as one resigns, and says when that is over', () => {
    const { members, led, run, clock } = startRegisters();
    led.record(takeOffice(founding, led.id));
    run(() => led.register.current.standing.term === 1);
    let isOver = false;
    const fromMs = clock.nowMs();
    led.register.resign(() => {
      isOver = true;
    });
    run(() => isOver);
    const next = members.find(({ register }) => register.isLeader);
    expect(next?.id).not.toBe(led.id);
    expect(led.register.leader).toBe(next?.id);
    // Without waiting for anybody to miss the one that led.
    expect(clock.nowMs() - fromMs).toBeLessThan(100);
  });

  test('says so, too, where none can lead in the place of one that resigns', () => {
    const { members, led, other, run, cut } = startRegisters();
    for (const { id } of members) if (id !== led.id) cut(led.id, id);
    let isOver = false;
    led.register.resign(() => {
      isOver = true;
    });
    run(() => isOver);
    // One that does not lead has nothing to give.
    let isOverToo = false;
    other.register.resign(() => {
      isOverToo = true;
    });
    run(() => isOverToo);
  });

  test('answers a question by what was recorded before, whichever node is asked', () => {
    const { led, other, run } = startRegisters();
    led.record(takeOffice(founding, led.id));
    run(() => led.register.current.standing.term === 1);
    other.enquire(7);
    const answerOf = () => other.said.find((it) => it.type === 'recorded' && it.asked === 7);
    run(() => answerOf() !== undefined);
    expect(answerOf()).toMatchObject({ standing: { term: 1, manager: led.id, revision: 1 } });
  });

  test('records what a manager asks of a node that does not lead, and tells the managers of all', () => {
    const { members, other, run } = startRegisters();
    other.record(takeOffice(founding, other.id));
    run(() => termsOf(members).every((term) => term === 1));
    for (const { said } of members) {
      expect(said.at(-1)).toMatchObject({ type: 'recorded', asked: null, standing: { manager: other.id } });
    }
  });

  test('tells how it stands, and keeps no story, of what it refused', () => {
    const { led, run, members } = startRegisters();
    led.record(takeOffice(founding, led.id));
    run(() => termsOf(members).every((term) => term === 1));
    const before = led.said.length;
    led.record(takeOffice(founding, 'm9'));
    run(() => led.said.length > before);
    expect(led.said.at(-1)).toMatchObject({ type: 'recorded', standing: { manager: led.id, revision: 1 } });
    expect(led.register.current.journal).toEqual([
      expect.objectContaining({ revision: 1, change: 'takeOffice', manager: led.id, phase: 'founding' }),
    ]);
  });

  test('answers nothing where a majority is away', () => {
    const { members, led, clock, cut } = startRegisters();
    for (const { id } of members) if (id !== led.id) cut(led.id, id);
    led.enquire(1);
    led.record(takeOffice(founding, led.id));
    clock.advance(20_000);
    expect(led.said.filter(({ type }) => type === 'recorded')).toEqual([]);
  });
});
