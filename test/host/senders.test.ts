import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { setup } from 'xstate';
import type { Happened } from '../../src/host/inspection.ts';
import {
  type Address,
  type Delivered,
  defineActor,
  deliver,
  type EffectOf,
  message,
  rulesOf,
  type Tagged,
} from '../../statecharts/actor.ts';
import { messages as raftMessages } from '../../statecharts/raft/messages.ts';
import { raftServer } from '../../statecharts/raft.ts';
import { coordinatorMessages, participantMessages } from '../../statecharts/two-phase-commit/messages.ts';
import { coordinator, participant } from '../../statecharts/two-phase-commit.ts';
import { bench, outputsOf } from './bench.ts';

const types = ['fromPeer', 'fromClerk', 'fromItsClerk', 'fromNode', 'fromMember'] as const;
type Said = { readonly type: (typeof types)[number] };
const { bind } = rulesOf<object, Delivered<Said>, EffectOf<{ output: Tagged }>>();
const chart = setup({
  types: { context: {} as object, events: {} as Delivered<Said>, input: {} as object },
  ...bind({ tell: (_context, { type }: Said) => ({ effects: [deliver({ type })] }) }),
}).createMachine({
  id: 'listener',
  context: {},
  on: {
    fromPeer: { actions: { type: 'tell', params: message } },
    fromClerk: { actions: { type: 'tell', params: message } },
    fromItsClerk: { actions: { type: 'tell', params: message } },
    fromNode: { actions: { type: 'tell', params: message } },
    fromMember: { actions: { type: 'tell', params: message } },
  },
});
const nothing = v.object({});
const listener = defineActor({
  name: 'test.listener',
  chart,
  messages: { fromPeer: nothing, fromClerk: nothing, fromItsClerk: nothing, fromNode: nothing, fromMember: nothing },
  senders: {
    fromPeer: 'peer',
    fromClerk: { actor: 'test.clerk' },
    fromItsClerk: { actor: 'test.clerk', key: 'same' },
    fromNode: ['node'],
    fromMember: 'member',
  },
  input: () => ({}),
  bornOfMessage: () => ({}),
});
const here: Address = 'n1/test.listener/a';

/** A listener on `n1`, and what it has heard. */
function listening() {
  const lab = bench();
  const { node: n1 } = lab.node('n1', { definitions: [listener] });
  const heard = outputsOf(n1.start(listener, { key: 'a', input: {} }));
  const refused: Happened[] = [];
  n1.inspection.subscribe((event) => void (event.type === 'refused' && refused.push(event)));
  lab.settle();
  return { ...lab, n1, heard, refused };
}

describe('a message', () => {
  test.each<[string, Address, readonly string[]]>([
    ['the peer of the same name and key', 'n2/test.listener/a', ['fromPeer', 'fromMember']],
    ['a peer of another key', 'n2/test.listener/b', ['fromMember']],
    ['another actor of a member', 'n2/test.clerk/a', ['fromClerk', 'fromItsClerk', 'fromMember']],
    ['another actor of another key', 'n2/test.clerk/b', ['fromClerk', 'fromMember']],
    ['another actor of a longer key', 'n2/test.clerk/a/a', ['fromClerk', 'fromMember']],
    ['one whose name only begins alike', 'n2/test.clerks/a', ['fromMember']],
  ])('of %s is taken where the definition says so, and refused otherwise', (_what, from, taken) => {
    const { network, settle, heard, n1, refused } = listening();
    const bus = network.join('n2');
    for (const type of types) bus.send({ from, to: here, message: { type } });
    settle();
    expect(heard.map(({ type }) => type)).toEqual(taken);
    expect(n1.refused.stranger).toBe(types.length - taken.length);
    expect(refused).toHaveLength(types.length - taken.length);
    expect(refused[0]).toMatchObject({ kind: 'stranger', from, to: here });
  });

  test("of the own node's services is taken where the definition says so", () => {
    const { n1, settle, heard } = listening();
    const service = n1.open('service', '', {});
    for (const type of types) service.send(here, { type });
    settle();
    expect(heard.map(({ type }) => type)).toEqual(['fromNode', 'fromMember']);
  });

  test('of a client reaches no actor, whatever address it gives, and gives birth to none', () => {
    const { network, settle, heard, n1, refused } = listening();
    const client = network.join('client-1', { kind: 'client' });
    const losses: unknown[] = [];
    client.losses.subscribe((loss) => losses.push(loss));
    for (const from of ['client-1/x/', 'n2/test.listener/a', 'n1/test.listener/a'] as const) {
      for (const type of types) client.send({ from, to: here, message: { type } });
      client.send({ from, to: 'n1/test.listener/new', message: { type: 'fromMember' } });
    }
    settle();
    expect(heard).toEqual([]);
    expect(n1.actors()).toEqual([here]);
    expect(n1.refused.stranger).toBe(18);
    expect(refused).toHaveLength(18);
    // It learns no more than that nobody is there for it.
    expect(losses).toContainEqual({ node: 'n1', address: here, reason: 'absent', count: types.length });
  });

  test('that came over the bus is not of this node, though its address says so', () => {
    const { network, settle, heard, n1 } = listening();
    network.join('n2').send({ from: 'n1/service/', to: here, message: { type: 'fromNode' } });
    network.join('n3').send({ from: here, to: here, message: { type: 'fromPeer' } });
    settle();
    expect(heard).toEqual([]);
    expect(n1.refused.stranger).toBe(2);
  });
});

describe('a service', () => {
  const asked = { ask: nothing, tell: nothing };
  const open = (senders?: Parameters<ReturnType<typeof listening>['n1']['open']>[3]) => {
    const lab = listening();
    const received: string[] = [];
    lab.n1.open('service', '', asked, senders).received.subscribe((it) => received.push(it.message.type));
    const say = (bus: ReturnType<typeof lab.network.join>, from: Address) => {
      bus.send({ from, to: 'n1/service/', message: { type: 'ask' } });
      bus.send({ from, to: 'n1/service/', message: { type: 'tell' } });
      lab.settle();
    };
    return { ...lab, received, say };
  };

  test('takes no clients, unless it says so', () => {
    const { network, received, say, n1 } = open();
    say(network.join('client-1', { kind: 'client' }), 'client-1/asker/');
    expect(received).toEqual([]);
    expect(n1.refused.stranger).toBe(2);
    say(network.join('n2'), 'n2/asker/');
    expect(received).toEqual(['ask', 'tell']);
  });

  test('that takes clients takes from them what it says, and no more', () => {
    const { network, received, say } = open({ senders: { ask: ['member', 'client'], tell: 'peer' } });
    say(network.join('client-1', { kind: 'client' }), 'client-1/service/');
    expect(received).toEqual(['ask']);
    say(network.join('n2'), 'n2/service/');
    expect(received).toEqual(['ask', 'ask', 'tell']);
  });
});

describe('protocol messages', () => {
  test.each([
    [raftServer, Object.keys(raftMessages), 'raft.server', 'kv'],
    [participant, Object.keys(participantMessages), '2pc.participant', 'tx/orders'],
    [coordinator, Object.keys(coordinatorMessages), '2pc.coordinator', 'tx'],
  ] as const)('of every type are refused from clients and from services', (definition, all, name, key) => {
    expect(definition.name).toBe(name);
    const to: Address = `n1/${name}/${key}`;
    for (const type of all) {
      for (const from of [to, `n2/${name}/${key}`, 'client-1/raft.server/kv', 'n2/2pc.coordinator/tx'] as const) {
        expect(definition.admits({ from, to, origin: 'client' }, type)).toBe(false);
        expect(definition.admits({ from, to, origin: 'bearer' }, type)).toBe(false);
      }
      expect(definition.admits({ from: 'n2/store/kv', to, origin: 'member' }, type)).toBe(false);
      expect(definition.admits({ from: 'n1/store/kv', to, origin: 'node' }, type)).toBe(false);
    }
  });
});
