import { expect, test } from 'vitest';
import { heartbeat } from '../../../statecharts/failover.ts';
import { self, sent, watched } from './parts.ts';

test('each life has a number beyond those before it, durable before anything is answered', () => {
  const first = heartbeat.start({ lives: 0 }, { self: watched, input: {} });
  expect(first.effects).toEqual([{ type: 'persist', record: { type: 'life', number: 1 }, checkpoint: true }]);
  const record = { type: 'life', number: 4 } as const;
  expect(heartbeat.recover([record])).toEqual({ lives: 4 });
});

test('a ping is answered at once, with the number of the life and what tells the ping from others (SWIM §3.1)', () => {
  const { effects, rules } = heartbeat.step(heartbeat.at('beating', { life: 5 }), {
    type: 'ping',
    watch: 2,
    sequence: 7,
    relayedFor: 'n3',
    from: self,
  });
  expect(effects).toEqual([sent(self, { type: 'ack', watch: 2, sequence: 7, life: 5, relayedFor: 'n3' })]);
  expect(rules).toEqual(['SWIM §3.1: ack']);
});
