import { describe, expect, test } from 'vitest';
import { type Address, addressOf } from '../../../statecharts/actor.ts';
import { probe } from '../../../statecharts/failover/probe.ts';

const self = addressOf('m1', 'failover.probe', 'orders.r1');
const detector = addressOf('m1', 'fault-detector', 'orders.r1');
const begin = { resource: 'orders.r1', timeoutMs: 500, question: 0, asking: [], waiting: [] };
const ping = (sequence: number, from: Address = detector) =>
  ({ type: 'ping', watch: 1, sequence, relayedFor: null, from, atMs: 0 }) as const;
const performed = (id: string, value: string) =>
  ({ type: 'performed', id, result: { type: 'done', value }, from: self, atMs: 0 }) as const;
const asks = (question: number) => ({
  type: 'perform',
  id: `probe/${question}`,
  resource: 'orders.r1',
  operation: { type: 'probe' },
  deadlineMs: 500,
});
const ack = (sequence: number) => ({
  type: 'send',
  to: detector,
  message: { type: 'ack', watch: 1, sequence, life: 1, relayedFor: null },
});

describe('a probe', () => {
  test('asks the server for a ping, and answers that once the server has', () => {
    const asked = probe.step(probe.at('idle', begin), ping(1));
    expect(asked.effects).toEqual([asks(1)]);
    const answered = probe.step(asked.state, performed('probe/1', 'answers'));
    expect(answered.effects).toEqual([ack(1)]);
    expect(answered.state.snapshot.value).toBe('idle');
  });

  test.each(['silent', 'something else'])('answers nothing for a server that was found %s', (found) => {
    const asked = probe.step(probe.at('idle', begin), ping(1));
    expect(probe.step(asked.state, performed('probe/1', found)).effects).toEqual([]);
  });

  test('tells that nothing listens there', () => {
    const asked = probe.step(probe.at('idle', begin), ping(1));
    expect(probe.step(asked.state, performed('probe/1', 'refused')).effects).toEqual([
      { type: 'send', to: detector, message: { type: 'down', watch: 1, sequence: 1, relayedFor: null } },
    ]);
  });

  test('asks anew for pings that came while it asked', () => {
    const asked = probe.step(probe.at('idle', begin), ping(1));
    const waiting = probe.step(asked.state, ping(2));
    expect(waiting.effects).toEqual([]);
    const again = probe.step(waiting.state, performed('probe/1', 'answers'));
    expect(again.effects).toEqual([ack(1), asks(2)]);
    expect(probe.step(again.state, performed('probe/2', 'answers')).effects).toEqual([ack(2)]);
  });

  test('keeps no more pings than it has room for', () => {
    let { state } = probe.step(probe.at('idle', begin), ping(1));
    for (let sequence = 2; sequence < 200; sequence += 1) ({ state } = probe.step(state, ping(sequence)));
    expect(state.snapshot.context.waiting).toHaveLength(64);
  });
});
