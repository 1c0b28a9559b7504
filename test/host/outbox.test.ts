import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emptyOutbox, flushed, type Outbox, offer, type Released } from '../../src/host/outbox.ts';
import { deliver, deliverAhead, type Effect, persist, send, sendAhead } from '../../statecharts/actor.ts';

const say = (text: string) => send('n2/a/', { type: text });
const sayAhead = (text: string) => sendAhead('n2/a/', { type: text });
const write = (text: string) => persist({ type: text });

describe('the outbox', () => {
  test('releases at once what no record holds back', () => {
    const offered = offer(emptyOutbox, [say('a'), deliver({ type: 'b' })]);
    expect(offered.released).toEqual([say('a'), deliver({ type: 'b' })]);
    expect(offered.records).toEqual([]);
  });

  test('holds what follows a record until it is durable', () => {
    const offered = offer(emptyOutbox, [say('a'), write('r'), say('b')]);
    expect(offered.released).toEqual([say('a')]);
    expect(offered.records).toEqual([write('r')]);
    expect(flushed(offered.outbox, 1).released).toEqual([say('b')]);
  });

  test('holds what a later step emits while an earlier record is not durable', () => {
    const first = offer(emptyOutbox, [write('r')]);
    const second = offer(first.outbox, [say('a')]);
    expect(second.released).toEqual([]);
    expect(flushed(second.outbox, 1).released).toEqual([say('a')]);
  });

  test('releases before the second record what waits only for the first', () => {
    const first = offer(emptyOutbox, [write('r')]);
    const second = offer(first.outbox, [say('a'), write('s'), say('b')]);
    const durable = flushed(second.outbox, 1);
    expect(durable.released).toEqual([say('a')]);
    expect(flushed(durable.outbox, 2).released).toEqual([say('b')]);
  });

  test('writes all records of one step as one batch', () => {
    const offered = offer(emptyOutbox, [write('r'), say('a'), write('s'), say('b')]);
    expect(offered.records).toEqual([write('r'), write('s')]);
    expect(offered.outbox.lastBatch).toBe(1);
    expect(flushed(offered.outbox, 1).released).toEqual([say('a'), say('b')]);
  });

  test('goes on with what is durable when an earlier flush is told late', () => {
    const first = offer(emptyOutbox, [write('r')]);
    const second = offer(first.outbox, [write('s')]);
    const late = flushed(flushed(second.outbox, 2).outbox, 1);
    expect(offer(late.outbox, [say('a')]).released).toEqual([say('a')]);
  });

  test('lets pass what was marked ahead', () => {
    const offered = offer(emptyOutbox, [write('r'), sayAhead('a'), say('b'), deliverAhead({ type: 'c' })]);
    expect(offered.released).toEqual([sayAhead('a'), deliverAhead({ type: 'c' })]);
  });

  test('never reorders, loses or repeats what was not marked ahead, whatever the steps and flushes', () => {
    const effect = fc.oneof(fc.constant('persist' as const), fc.constant('send' as const));
    const action = fc.oneof(fc.array(effect, { maxLength: 5 }), fc.constant('flush' as const));
    fc.assert(
      fc.property(fc.array(action, { maxLength: 30 }), (actions) => {
        let outbox: Outbox = emptyOutbox;
        let count = 0;
        let writtenBefore = 0;
        const batchOf: number[] = [];
        const needed: number[] = [];
        const out: Released[] = [];
        const take = (released: readonly Released[]): void => {
          for (const it of released) {
            expect(needed[out.length]).toBeLessThanOrEqual(outbox.durableBatch);
            out.push(it);
          }
        };
        for (const each of actions) {
          if (each === 'flush') {
            if (outbox.durableBatch === outbox.lastBatch) continue;
            const next = flushed(outbox, outbox.durableBatch + 1);
            outbox = next.outbox;
            take(next.released);
            continue;
          }
          let batch = outbox.lastBatch;
          const effects = each.map((kind): Effect => {
            if (kind === 'persist') {
              batch = outbox.lastBatch + 1;
              writtenBefore += 1;
              batchOf.push(batch);
              return write(`r${writtenBefore}`);
            }
            needed.push(batch);
            count += 1;
            return say(`m${count}`);
          });
          const next = offer(outbox, effects);
          outbox = next.outbox;
          take(next.released);
        }
        const rest = flushed(outbox, outbox.lastBatch);
        outbox = rest.outbox;
        take(rest.released);
        expect(out).toEqual(Array.from({ length: count }, (_, index) => say(`m${index + 1}`)));
      }),
    );
  });
});
